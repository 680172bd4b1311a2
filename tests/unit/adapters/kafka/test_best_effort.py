"""What nothing waits for is sent without waiting, and lost without a fault."""

from pipeline.adapters.kafka import best_effort
from pipeline.adapters.kafka.best_effort import BestEffortPublisher
from pipeline.ports.records import Record
from pipeline.settings import KafkaSettings

NOBODY = KafkaSettings(bootstrap_servers="127.0.0.1:1")


def test_an_outage_costs_records_and_neither_time_nor_memory() -> None:
    publisher = BestEffortPublisher(NOBODY)
    for _ in range(best_effort.MOST_QUEUED + 7):
        publisher.send(Record("route.gauges", b"acme", b"{}"))
    publisher.poll()
    assert (publisher.sent, publisher.lost) == (0, 7)


def test_a_record_that_is_too_large_for_any_broker_is_lost() -> None:
    publisher = BestEffortPublisher(NOBODY)
    publisher.send(Record("route.gauges", b"acme", bytes(300 * 2**20)))
    assert publisher.lost == 1
