"""The transactional base loop: consume, decide, produce, commit in one Kafka transaction.

One producer per owned partition number n; its inputs are partition n of every input topic, its state is
partition n of the changelog. `agent.py` polls and follows the group, `ownership.py` says what may be owned
and which kept state is still true, `owned.py` runs the transactions of one n through `producer.py`, which
renews itself when `doubt.py` says so. `merge.py` orders the inputs, `changelog.py` restores the state,
`observer.py` hears of all. The decisions come from a `Decider` (ports.py).

Guarantee: read_committed consumers see each input's effects once, whatever dies. Measured by
`tests/faults/test_transactional.py` with SIGKILL, SIGSTOP and rebalances, and by `test_torn_transactions.py` there
with late copies of commits.
"""
