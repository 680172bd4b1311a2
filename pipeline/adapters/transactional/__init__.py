"""The transactional base loop: consume, decide, produce, commit in one Kafka transaction.

One producer per owned partition number n; its inputs are partition n of every input topic, its state is
partition n of the changelog. `agent.py` polls and follows the group, `owned.py` runs the transactions of one n,
`merge.py` orders its inputs, `changelog.py` restores its state. The decisions come from a `Decider` (ports.py).

Guarantee: read_committed consumers see each input's effects once, whatever dies. Measured by
`tests/faults/test_transactional.py` with SIGKILL, SIGSTOP and rebalances.
"""
