"""One offer that no topic takes costs one case its offer, and nobody else anything."""

import sys

import pytest

from pipeline.loop.spec import Moment, Transaction
from pipeline.ports.records import InputRecord
from schemas.people.rep import AnyRepEvent
from schemas.posts.scored import ScoredPost
from schemas.topics import ASSIGNMENTS
from tests.builders import START_MS, WORKSPACE, policy, record, scored, signed_in
from tests.property.route_play import Desk

POISON = b':p0"'


class Partition:
    """A partition number whose topic of assignments never takes the offers of one post."""

    def __init__(self) -> None:
        # No queue is full, and no rep has had too many offers: nothing but the topic refuses one.
        self.desk = Desk(policies={WORKSPACE: policy()})
        self.desk.settle(START_MS)
        self.now_ms = START_MS
        self.offset = 0
        self.offered: set[str] = set()
        self.lost: list[InputRecord] = []
        self.aborts = 0
        self.latest_ms = 0

    def send(self, *messages: ScoredPost | AnyRepEvent) -> None:
        records = []
        for message in messages:
            self.offset += 1
            records.append(record(message, self.offset, append_ms=self.now_ms))
        self.step(records)

    def step(self, records: list[InputRecord]) -> None:
        self.now_ms += 200
        transaction = self.desk.decide(records, self.now_ms)
        if transaction is None:
            return
        if self.is_refused(transaction):
            self.aborts += 1
            self.desk.driver.abort(transaction, "too large", Moment(self.now_ms, self.now_ms))
            return
        self.lost += [letter.record for letter in transaction.dead_letters]
        for output in transaction.decisions.outputs:
            if output.topic == ASSIGNMENTS.name and output.value is not None:
                self.latest_ms = max(self.latest_ms, self.now_ms - transaction.now_ms)
                self.offered |= {
                    name for name in map("p{}".format, range(1000)) if f':{name}"'.encode() in output.value
                }
        self.desk.commit(transaction, self.now_ms)

    def is_refused(self, transaction: Transaction) -> bool:
        return any(
            output.topic == ASSIGNMENTS.name and POISON in (output.value or b"")
            for output in transaction.decisions.outputs
        )


def leave_the_edge(made: Partition) -> None:
    made.desk.driver.edge.leave()
    made.desk.driver._core_is_live = False
    made.desk.router.set_live(False, START_MS, 1)
    made.desk.router.commit()


@pytest.mark.parametrize("traffic", [False, True])
@pytest.mark.parametrize("live", [False, True])
def test_an_offer_that_no_topic_takes_is_put_aside_and_all_others_are_made(traffic: bool, live: bool) -> None:
    made = Partition()
    if not live:
        leave_the_edge(made)
    posts = [scored(f"p{n}", f"a{n}", priority=90.0 - n) for n in range(5)]
    made.send(*posts)
    made.send(signed_in("r0", teams=("care",), capacity=100))
    for n in range(150):
        if traffic and n % 2:
            made.send(scored(f"p{100 + n}", f"b{n}", priority=5.0))
        else:
            made.step([])
    assert {f"p{n}" for n in range(1, 5)} <= made.offered
    assert "p0" not in made.offered
    assert made.lost == []
    assert made.aborts < 40
    assert made.desk.driver.is_live


def test_after_a_long_outage_nothing_is_offered_in_the_past_beside_an_offer_that_no_topic_takes() -> None:
    made = Partition()
    made.send(signed_in("r0", teams=("care",), capacity=100))
    leave_the_edge(made)
    ends = made.desk.driver._unread._end_offsets
    # Nobody says where the inputs end, so the posts are decided behind the edge.
    made.desk.driver._unread._end_offsets = lambda topics: dict.fromkeys(topics, sys.maxsize)
    made.send(*[scored(f"p{n}", f"a{n}", priority=50.0 + n) for n in range(5)])
    made.desk.driver._unread._end_offsets = ends
    made.now_ms += 3_600_000
    for _ in range(60):
        made.step([])
    assert made.offered == {f"p{n}" for n in range(1, 5)}
    assert made.desk.driver.is_live
    assert made.latest_ms < 2_500, "so long after the time that it bears each transaction with offers was decided"
