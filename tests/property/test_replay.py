"""A recorded run is decided again from any moment of it, byte for byte, also when policies change meanwhile."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from pipeline.codec import encode
from pipeline.loop.live_edge import LiveEdge
from pipeline.loop.rerun import Replay, ReplayDiffers
from pipeline.loop.spec import Transaction
from pipeline.ports.decider import policy_digest
from pipeline.ports.records import InputRecord
from schemas.policy.policy import Policy
from schemas.policy.queues import Queue
from tests.builders import START_MS, policy, record, scored, signed_in
from tests.property.route_play import POLICIES as PLAYED
from tests.property.route_play import STEPS, Desk, Step, new_router, play

POLICIES = [
    PLAYED["acme"],
    policy(oldest_every=2, version=2),
    policy(version=3, queues=(Queue(name="care", team="social"), Queue(name="fans", team="social"))),
    policy(version=4, sign_out_release="all"),
    policy(version=5, offers_per_hour=1),
]

CONTENTS = {policy_digest(encode(given)): encode(given) for given in POLICIES}


@dataclass
class Recording:
    """Everything that topics hold of a run."""

    records: list[InputRecord] = field(default_factory=list)
    transactions: list[Transaction] = field(default_factory=list)

    def state_before(self, number: int) -> dict[bytes, bytes]:
        """Returns the compacted changelog before a transaction."""
        changelog: dict[bytes, bytes] = {}
        for transaction in self.transactions[:number]:
            for key, value in transaction.decisions.changes.items():
                if value is None:
                    changelog.pop(key, None)
                else:
                    changelog[key] = value
        return changelog

    def replay_from(self, number: int) -> None:
        """Decides everything from that transaction on again."""
        router = new_router()
        for key, value in self.state_before(number).items():
            router.restore(key, value)
        replay = Replay(router, CONTENTS.__getitem__, "")
        for transaction in self.transactions[number:]:
            decisions = replay.play(transaction.journal, self.records)
            assert list(decisions.outputs) == list(transaction.decisions.outputs)
            assert dict(decisions.changes) == dict(transaction.decisions.changes)


def recorded(steps: list[Step], chance: random.Random) -> Recording:
    """Plays the steps again under other policies, at an edge that is left and reached, some of it aborted."""
    desk, recording = Desk(), Recording()
    desk.driver.edge = LiveEdge()

    def transact(records: list[InputRecord], clock_ms: int) -> None:
        while (transaction := desk.decide(records, clock_ms)) is not None:
            records = []
            if chance.random() > 0.8:
                desk.abort(transaction, clock_ms)
                continue
            desk.commit(transaction, clock_ms)
            recording.transactions.append(transaction)

    transact([], START_MS)
    for played in play(steps):
        if chance.random() < 0.3:
            given: Policy = chance.choice(POLICIES)
            desk.driver.publish({"acme": encode(given)} if chance.random() < 0.9 else {})
        recording.records += played.records
        transact(list(played.records), played.clock_ms)
    return recording


@settings(max_examples=40, deadline=None)
@given(STEPS, st.randoms(use_true_random=False))
def test_a_replay_from_any_of_twenty_moments_equals_the_run_byte_for_byte(
    steps: list[Step], chance: random.Random
) -> None:
    recording = recorded(steps, chance)
    for number in sorted({chance.randrange(len(recording.transactions)) for _ in range(20)}):
        recording.replay_from(number)


class PartlyRead(Desk):
    """A desk whose inputs may hold more than was read of them."""

    unread = 0

    def _end_offsets(self, topics: Sequence[str]) -> Mapping[str, int]:
        return {topic: end + self.unread for topic, end in super()._end_offsets(topics).items()}


def test_a_policy_that_comes_as_the_loop_falls_behind_is_taken_again_byte_for_byte() -> None:
    desk, recording = PartlyRead(), Recording()
    desk.driver.edge = LiveEdge()
    recording.records.append(record(scored(), append_ms=START_MS))

    def transact(given: Policy, records: list[InputRecord], clock_ms: int) -> bool:
        desk.driver.publish({"acme": encode(given)})
        transaction = desk.decide(records, clock_ms)
        assert transaction is not None
        assert transaction.journal.policies
        desk.commit(transaction, clock_ms)
        recording.transactions.append(transaction)
        return transaction.live

    assert transact(POLICIES[0], [], START_MS)
    desk.unread = 1
    assert not transact(POLICIES[1], recording.records, START_MS + 60_000)
    recording.replay_from(0)


def test_a_replay_may_begin_after_a_policy_that_has_made_an_offer_possible() -> None:
    desk, recording = Desk(policies={"acme": POLICIES[-1]}), Recording()
    recording.records = [
        record(signed_in(capacity=9)),
        *(record(scored(f"p{number}", f"a{number}"), number, append_ms=START_MS) for number in range(3)),
    ]

    def transact(records: list[InputRecord]) -> None:
        while (transaction := desk.decide(records, START_MS)) is not None:
            desk.commit(transaction, START_MS)
            recording.transactions.append(transaction)
            records = []

    transact([])
    transact(recording.records[:3])
    desk.driver.publish({"acme": encode(POLICIES[1])})
    transact([])
    transact(recording.records[3:])
    assert [t.journal.policies != () for t in recording.transactions] == [True, False, True, False]
    recording.replay_from(3)


def a_day() -> Recording:
    steps = [Step("sign_in", 1, 0, 0, True), Step("post", 0, 1, 10, True), Step("accept", 0, 0, 10, True)]
    return recorded(steps, random.Random(4))


def test_a_replay_that_lacks_records_or_has_another_configuration_says_so() -> None:
    recording = a_day()
    entry = next(t.journal for t in recording.transactions if t.records)
    with pytest.raises(ReplayDiffers, match=r"needs 1 records of reps\.events, and 0 are given"):
        Replay(new_router(), CONTENTS.__getitem__, "").play(entry, [])
    with pytest.raises(ReplayDiffers, match="another configuration"):
        Replay(new_router(), CONTENTS.__getitem__, "clock event").play(entry, recording.records)


def test_a_replay_that_decides_otherwise_is_noticed() -> None:
    recording = a_day()
    recording.records = [
        replace(record, value=(record.value or b"").replace(b"r1", b"r2")) for record in recording.records
    ]
    with pytest.raises(ReplayDiffers, match="is decided differently now"):
        recording.replay_from(0)
