"""A router that was down for longer than its offers stand makes no offer in the past, and no rep counts as gone.

Offers here stand for 8 s and the outage lasts 20 s. Half an hour is no worse for offers of two minutes.
"""

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from pipeline.clock import to_ms
from pipeline.settings import KafkaSettings
from schemas.policy.queues import Queue
from schemas.topics import ACTIONABLE
from tests.builders import accept, policy, presence, scored, signed_in
from tests.faults.route_lab import RouteLab, Told

pytestmark = pytest.mark.integration
OFFER_S, OUTAGE_S = 8, 20.0
REPS, CAPACITY, SEEN, POSTS = 5, 3, 6, 60
EDGE_MS = 2000


@pytest.fixture
def lab(kafka: KafkaSettings, tmp_path: Path) -> Iterator[RouteLab]:
    made = RouteLab(kafka, tmp_path)
    queues = (Queue(name="care", team="care", offer_timeout_s=OFFER_S),)
    made.apply(policy(workspace=made.workspace, queues=queues))
    yield made
    made.close()


def answer(lab: RouteLab, answered: set[tuple[str, int]]) -> None:
    """Accepts every offer that nobody has accepted yet."""
    for told in lab.offers(lab.workspace):
        offer = told.value["case_id"], told.value["attempt"]
        if offer not in answered:
            answered.add(offer)
            event = accept(offer[0], offer[1], told.value["rep_id"], event_id=f"yes-{len(answered)}")
            lab.send(event.model_copy(update={"workspace": lab.workspace}))


def expires_ms(offer: Told) -> int:
    """Returns when an offer ends."""
    return to_ms(datetime.fromisoformat(offer.value["expires_at"]))


def at_the_edge(entry: Told) -> bool:
    """Says whether a transaction made up for what was held back behind the live edge."""
    return entry.value.get("edge_limit") is not None


def test_an_outage_longer_than_an_offer_puts_no_rep_out_and_no_offer_into_the_past(
    lab: RouteLab, record_property: Callable[[str, object], None]
) -> None:
    here, answered = {"workspace": lab.workspace}, set[tuple[str, int]]()
    lab.start()
    lab.send(*(signed_in(f"r{n}", capacity=CAPACITY).model_copy(update=here) for n in range(3)))
    lab.send(*(scored(f"a{n}", f"a{n}", workspace=lab.workspace) for n in range(SEEN)))
    lab.wait(lambda: len(lab.offers(lab.workspace)) == SEEN, "the first cases are offered")
    lab.kill()
    # These offers were seen before the router died, and are accepted while nobody listens.
    answer(lab, answered)
    lab.send(*(signed_in(f"r{n}", capacity=CAPACITY).model_copy(update=here) for n in range(3, REPS)))
    began_s = time.monotonic()
    for number in range(POSTS):
        lab.send(scored(f"b{number}", f"b{number}", workspace=lab.workspace))
        rep = presence(f"r{number % REPS}", seq=2 + number)
        lab.send(rep.model_copy(update=here))
        time.sleep(max(0.0, began_s + OUTAGE_S * (number + 1) / POSTS - time.monotonic()))
    last_ms = lab.told(ACTIONABLE.name, lab.workspace)[-1].append_ms
    lab.start()
    lab.wait(lambda: len(lab.offers(lab.workspace)) >= REPS * CAPACITY, "every free place is offered a case")
    answer(lab, answered)
    lab.wait(lambda: len(lab.events(lab.workspace, "assigned")) >= REPS * CAPACITY, "every offer is accepted")

    offers = lab.offers(lab.workspace)
    assert [told.value for told in offers if expires_ms(told) <= told.append_ms] == []
    assert lab.events(lab.workspace, "timed_out", "rejected", "request_refused") == []
    after = offers[SEEN:]
    assert len(after) == REPS * CAPACITY - SEEN
    assert {told.value["candidates"]["present"] for told in after} == {REPS}
    edge_ms = next(told.append_ms for told in lab.journal() if told.append_ms > last_ms and at_the_edge(told))
    waited_ms = max(told.append_ms for told in after) - edge_ms
    record_property("ms from the live edge to the last offer", waited_ms)
    assert waited_ms <= EDGE_MS, "at the live edge no case waits beside a free rep"
