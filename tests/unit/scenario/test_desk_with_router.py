"""The simulated desk against the real router core, in event time without Kafka: the work gets done."""

import heapq
from collections import Counter
from datetime import timedelta

from pipeline.clock import to_ms
from pipeline.codec import decode
from pipeline.scenario.desk.desk import Desk, Roster
from schemas.cases.case import Assignment, CaseEvent
from schemas.people.rep import AnyRepEvent
from schemas.posts.scored import ScoredPost
from schemas.topics import ASSIGNMENTS, CASE_EVENTS
from tests.builders import START_MS, at, policy, record, scored
from tests.routers import ALL, live_router

ROSTER = Roster.model_validate(
    {
        "workspace": "acme",
        "reps": [
            {"rep_id": f"r{n}", "teams": ["care", "social"] if n % 2 else ["care"], "capacity": 2}
            for n in range(4)
        ],
    }
)


def _day(seed: int, posts: int) -> Counter[str]:
    router, desk = live_router(policy(), remember_ms=10**9, clock="event"), Desk(ROSTER, seed)
    due: list[tuple[int, int, ScoredPost | AnyRepEvent]] = []
    for n, sign_in in enumerate(desk.sign_ins(at() - timedelta(seconds=1))):
        due.append((START_MS - 1000, n, sign_in))
    due += [(START_MS + n * 60_000, 100 + n, scored(f"p{n}", f"a{n}", ms=n * 60_000)) for n in range(posts)]
    heapq.heapify(due)
    told: Counter[str] = Counter()
    serial = 10_000
    while due or router.gauges()["offered"]:
        timer = router.next_timer_ms()
        if not due or (timer is not None and timer < due[0][0]):
            assert timer is not None
            router.fire_timers(timer, ALL)
        else:
            now_ms, number, message = heapq.heappop(due)
            router.decide(record(message, number), now_ms)
        for output in router.decisions().outputs:
            if output.topic == CASE_EVENTS.name:
                told[decode(CaseEvent, output.value).type] += 1
            elif output.topic == ASSIGNMENTS.name:
                for event in desk.answer(decode(Assignment, output.value)):
                    serial += 1
                    heapq.heappush(due, (to_ms(event.occurred_at), serial, event))
        router.commit()
    return told


def test_every_case_is_answered_and_resolved_though_offers_are_rejected_and_missed() -> None:
    told = _day(seed=1, posts=200)
    assert told["queued"] == told["resolved"] == told["replied"] == 200
    assert told["rejected"] > 0
    assert told["timed_out"] > 0
    assert told["assigned"] == 200


def test_the_same_seed_gives_the_same_day() -> None:
    assert _day(seed=2, posts=50) == _day(seed=2, posts=50)
