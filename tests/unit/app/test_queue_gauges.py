"""Supervisors are told how queues stand each minute and who comes and goes, and no decision waits for it."""

import pytest

from pipeline.app.queue_gauges import QueueGauges
from pipeline.codec import decode
from pipeline.metrics import METRICS, Metrics
from pipeline.ports.records import Record
from pipeline.route.gauges.watch import MINUTE_MS
from schemas.cases.gauges import QueueGauge, RepGauge, RouteGauge
from schemas.topics import GAUGES
from tests.builders import accept, scored, signed_in, signed_out
from tests.unit.route.desk_of_one import Desk


class Sent:
    """A publisher that keeps what it is given, or loses it."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.sent = self.lost = 0
        self.loses = False

    def send(self, record: Record) -> None:
        if self.loses:
            self.lost += 1
        else:
            self.records.append(record)
            self.sent += 1

    def poll(self) -> None:
        pass

    def take(self) -> list[QueueGauge | RepGauge]:
        """Returns what was sent since the last call, read by its model."""
        records, self.records = self.records, []
        assert {(record.topic, record.key) for record in records} <= {(GAUGES.name, b"acme")}
        return [decode(RouteGauge, record.value).root for record in records]


class Board:
    """One router in a worker, and what supervisors are told."""

    def __init__(self) -> None:
        self.desk = Desk()
        self.metrics, self.publisher = Metrics(), Sent()
        self.gauges = QueueGauges(self.metrics, self.publisher)

    def look(self, *, live: bool = True) -> list[QueueGauge | RepGauge]:
        self.gauges.look({0: self.desk.router}, {0: live}, {0: self.desk.now_ms})
        return self.publisher.take()

    def look_after_a_minute(self) -> list[QueueGauge]:
        self.look()
        self.desk.after(60)
        return [gauge for gauge in self.look() if isinstance(gauge, QueueGauge)]

    def shown(self, name: str, queue: str = "care") -> float | None:
        labels = {"workspace": "acme", "queue": queue}
        return self.metrics.registry.get_sample_value(f"earshot_{name}", labels)


def test_each_queue_is_told_once_a_minute_at_the_minute() -> None:
    board = Board()
    assert board.look() == []
    board.desk.feed(scored("p1"))
    board.desk.after(59)
    told = [gauge for gauge in board.look() + board.look() if isinstance(gauge, QueueGauge)]
    board.desk.after(1)
    told += [gauge for gauge in board.look() + board.look() if isinstance(gauge, QueueGauge)]
    assert [gauge.queue for gauge in told] == ["care", "fans", "billing"]
    assert {int(gauge.at.timestamp() * 1000) % MINUTE_MS for gauge in told} == {0}
    assert (told[0].waiting, told[1].waiting) == (1, 0)


def test_a_router_behind_its_live_edge_tells_nothing_and_makes_up_for_who_came() -> None:
    board = Board()
    board.look()
    board.desk.feed(signed_in("r1"))
    board.desk.after(60)
    assert board.look(live=False) == []
    assert [type(gauge) for gauge in board.look()][:1] == [RepGauge]


def test_a_rep_is_told_at_each_change_with_when_it_was() -> None:
    board = Board()
    board.look()
    board.desk.feed(signed_in("r1", capacity=2))
    first_ms = board.desk.now_ms
    board.desk.after(5).feed(scored("p1"))
    board.desk.after(5).feed(signed_out("r1"))
    came, left = [gauge for gauge in board.look() if isinstance(gauge, RepGauge)]
    assert (came.presence, came.capacity, came.taken) == ("available", 2, 0)
    assert int(came.at.timestamp() * 1000) == first_ms
    assert left.presence == "signed_out"
    assert board.look() == []


def test_a_router_that_begins_anew_says_of_all_reps_how_they_stand() -> None:
    board = Board()
    board.desk.feed(signed_in("r1"), signed_in("r2"))
    board.desk.feed(signed_out("r2"))
    told = [gauge for gauge in board.look() if isinstance(gauge, RepGauge)]
    assert [(gauge.rep_id, gauge.presence) for gauge in told] == [("r1", "available"), ("r2", "signed_out")]


def test_metrics_say_the_same_without_an_id_of_a_rep() -> None:
    board = Board()
    board.look()
    board.desk.feed(signed_in("r1", capacity=2))
    for number in range(4):
        board.desk.feed(scored(f"p{number}", f"a{number}"))
    [care, *_] = board.look_after_a_minute()
    assert (care.waiting, care.held, care.present, care.occupancy) == (2, 2, 1, 1.0)
    shown = {name: board.shown(f"queue_{name}") for name in ("waiting", "held", "reps_present", "occupancy_ratio")}
    assert shown == {"waiting": 2.0, "held": 2.0, "reps_present": 1.0, "occupancy_ratio": 1.0}
    assert board.shown("queue_oldest_seconds") == care.oldest_s
    assert board.shown("queue_expected_wait_seconds") is None, "nothing was taken up"
    labels = {label for metric in METRICS for label in metric.labels}
    assert not any("rep" in label.split("_") for label in labels)


def test_the_expected_wait_follows_the_pace() -> None:
    board = Board()
    board.look()
    board.desk.feed(signed_in("r1", capacity=1))
    [offer] = board.desk.feed(scored("p1")).assignments
    board.desk.feed(accept(offer.case_id, 1, "r1"))
    board.desk.feed(*(scored(f"q{number}", f"b{number}") for number in range(3)))
    [care, *_] = board.look_after_a_minute()
    assert care.expected_wait_s == 180


def test_a_partition_that_moves_away_takes_its_queues_along() -> None:
    board = Board()
    board.look_after_a_minute()
    assert board.shown("queue_waiting") == 0.0
    board.gauges.look({}, {}, {})
    assert board.shown("queue_waiting") is None


def test_what_no_broker_takes_is_counted_and_nothing_waits_for_it() -> None:
    board = Board()
    board.publisher.loses = True
    board.look_after_a_minute()
    assert board.metrics.registry.get_sample_value("earshot_gauges_lost_total", {"stage": "route"}) == 3.0
    assert board.shown("queue_waiting") == 0.0


@pytest.mark.parametrize("changes", [1, 3])
def test_nothing_is_told_twice(changes: int) -> None:
    board = Board()
    board.look()
    for number in range(changes):
        board.desk.feed(signed_in(f"r{number}"))
    assert len(board.look()) == changes
    assert board.look() == []
