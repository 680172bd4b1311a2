"""How queues and reps stand goes from a router over a real broker into the real ClickHouse engine."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from pipeline.adapters.kafka.best_effort import BestEffortPublisher
from pipeline.app.queue_gauges import QueueGauges
from pipeline.clock import from_ms
from pipeline.local.endpoints import Endpoints
from pipeline.metrics import Metrics
from schemas.cases.gauges import QueueGauge, RepGauge
from schemas.dead_letter import decode_headers
from schemas.topics import GAUGES
from tests.builders import START_MS, scored, signed_in, signed_out
from tests.integration.sink_lab import SinkLab, await_value, close_lab, open_lab
from tests.unit.route.desk_of_one import Desk

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def lab(stack: Endpoints) -> Iterator[SinkLab]:
    lab = open_lab(stack)
    yield lab
    close_lab(lab)


def gauge(workspace: str, minute: int, **over: Any) -> tuple[str, QueueGauge]:
    fields: dict[str, Any] = {
        "workspace": workspace,
        "at": from_ms(START_MS) + timedelta(minutes=minute),
        "queue": "care",
        "team": "care",
        "waiting": 0,
        "present": 1,
    }
    return workspace, QueueGauge.model_validate(fields | over)


def presence(workspace: str, second: int, what: str) -> tuple[str, RepGauge]:
    at = from_ms(START_MS) + timedelta(seconds=second)
    return workspace, RepGauge.model_validate(
        {"workspace": workspace, "at": at, "rep_id": "r1", "presence": what, "teams": ["care"]}
    )


def test_what_a_router_tells_is_stored_as_it_was_told(lab: SinkLab) -> None:
    stage = lab.stage_from_here()
    desk, publisher = Desk(), BestEffortPublisher(lab.kafka)
    gauges = QueueGauges(Metrics(), publisher)

    def look() -> None:
        gauges.look({0: desk.router}, {0: True}, {0: desk.now_ms})

    look()
    desk.feed(signed_in("r1", capacity=4), scored("p1"))
    look()
    desk.after(60).feed(signed_out("r1"))
    look()
    publisher.close()
    assert (publisher.sent, publisher.lost) == (5, 0)
    with lab.sink(stage):
        await_value(3, lambda: lab.number("SELECT count() FROM queue_gauges WHERE workspace = 'acme'"))
        await_value(2, lambda: lab.number("SELECT count() FROM rep_presence WHERE workspace = 'acme'"))
    [(waiting, oldest_s, present, occupancy)] = lab.ask(
        "SELECT waiting, oldest_s, present, occupancy FROM queue_gauges "
        "WHERE (workspace, queue) = ('acme', 'care')"
    )
    assert (waiting, oldest_s, present, occupancy) == (1, 60, 0, None), "she has gone, and her case waits again"
    assert lab.ask("SELECT presence, seconds FROM presence_spans WHERE workspace = 'acme' ORDER BY since") == [
        ("available", 60.0),
        ("signed_out", None),
    ]


def test_a_minute_that_is_told_twice_counts_once_as_it_was_told_last(lab: SinkLab) -> None:
    stage = lab.stage_from_here()
    with lab.unmerged("queue_gauges"), lab.sink(stage, rows=1):
        lab.produce(GAUGES.name, [gauge("twice", 0, waiting=5), gauge("twice", 0, waiting=6, oldest_s=90)])
        lab.produce(GAUGES.name, [gauge("twice", 1, waiting=2, oldest_s=600, occupancy=0.5)])
        await_value(3, lambda: lab.physical("queue_gauges", "twice"))
        hours = "SELECT minutes, mean_waiting, most_waiting, longest_wait_s, mean_occupancy FROM queues_by_hour"
        assert lab.ask(f"{hours} WHERE workspace = 'twice'") == [(2, 4.0, 6, 600, 0.5)]


def test_spans_of_presence_end_where_the_next_begins(lab: SinkLab) -> None:
    stage = lab.stage_from_here()
    told = ((0, "available"), (30, "away"), (50, "away"), (90, "signed_out"))
    with lab.sink(stage):
        lab.produce(GAUGES.name, [presence("spans", second, what) for second, what in told])
        spans = "SELECT presence, sum(seconds) FROM presence_spans WHERE workspace = 'spans' GROUP BY 1 ORDER BY 1"
        await_value([("available", 30.0), ("away", 60.0), ("signed_out", None)], lambda: lab.ask(spans))


def test_a_gauge_of_no_known_kind_is_a_dead_letter_and_its_neighbours_are_stored(lab: SinkLab) -> None:
    stage = lab.stage_from_here()
    with lab.sink(stage):
        lab.produce(GAUGES.name, [("odd", b'{"type": "mood"}'), gauge("odd", 0)])
        await_value(1, lambda: lab.number("SELECT count() FROM queue_gauges WHERE workspace = 'odd'"))
        await_value(1, lambda: len(lab.dead_letters(GAUGES.name, b"odd")))
    [letter] = lab.dead_letters(GAUGES.name, b"odd")
    assert decode_headers(letter.headers()).code == "invalid_field"
