"""The loop of a transactional stage on Kafka: consume, decide, produce and commit in one transaction.

There is one producer for each owned partition number n. Its inputs are partition n of every input topic, and its
state is partition n of the changelog. `member.py` polls and follows the consumer group. `ownership.py` says what
may be owned and which kept state is still true, and `changelog.py` restores the state. `partition_loop.py` runs
the transactions of one n: the pure driver in `pipeline/loop/` decides them with the stage's `Decider`, and
`producer.py` writes them and renews itself when `late_requests.py` says so. `observer.py` is told about all of it.

Guarantee: read_committed consumers see each input's effects once, whatever dies. It is measured by
`tests/faults/test_transactional.py` with SIGKILL, SIGSTOP and rebalances, and by `test_torn_transactions.py` there
with late copies of commits.
"""
