"""The router as a `Decider`: refused records, aborted transactions, restores leave no trace."""

import pytest
from msgspec.structs import replace

from pipeline.clock import to_ms
from pipeline.codec import encode
from pipeline.errors import Permanent
from pipeline.ports.decider import Decider, Decisions, PolicyAwaited, PolicyMark, policy_digest
from pipeline.ports.records import InputRecord
from pipeline.route.cases import briefs
from pipeline.route.router import Router
from schemas.cases.case import Assignment
from schemas.cases.steps import RouteSignal
from schemas.people.rep import AnyRepEvent
from schemas.posts.scored import ScoredPost
from schemas.topics import CASES
from tests.builders import START_MS, accept, at, beat, policy, record, reject, resolve, scored, signed_in
from tests.routers import ALL, live_router
from tests.unit.route.desk_of_one import Answer, Desk


def test_the_router_is_a_decider() -> None:
    decider: Decider = Router(1, "processing")
    assert decider.next_timer_ms() is None


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (replace(record(scored()), value=b"{"), "invalid_json"),
        (replace(record(scored()), value=None), "empty"),
        (replace(record(scored()), key=b"other"), "wrong_key"),
        (replace(record(scored()), topic="posts.raw"), "unknown_topic"),
        (replace(record(signed_in()), value=b'{"type":"sing_in"}'), "invalid_field"),
    ],
)
def test_a_record_that_cannot_be_used_is_refused_with_a_code(bad: InputRecord, code: str) -> None:
    with pytest.raises(Permanent) as refused:
        Desk().feed_raw(bad)
    assert refused.value.code == code


def test_a_record_on_which_the_core_fails_leaves_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()
    desk.feed(signed_in())
    desk.feed_raw(record(scored("p1"), 1))
    before = desk.router.decisions()

    def fail(*_: object) -> None:
        raise KeyError("a bug")

    with monkeypatch.context() as patch:
        patch.setattr(briefs, "open_brief", fail)
        with pytest.raises(Permanent) as refused:
            desk.feed_raw(record(scored("p2", by="bob"), 2))
    assert refused.value.code == "router_failed"
    assert desk.router.decisions() == before
    assert desk.feed(scored("p2", by="bob")).types == ["queued", "offered", "queued", "offered"]


MINUTE = START_MS // 60_000


def test_an_abort_forgets_everything_since_the_commit() -> None:
    desk = Desk()
    desk.feed(signed_in())
    desk.feed_raw(record(scored("p1"), 1))
    first = desk.router.decisions()
    desk.router.abort()
    assert desk.router.decisions().outputs == []
    assert desk.router.decisions().changes == {}
    assert desk.router.next_timer_ms() == FORGETS_SIGN_IN_MS
    desk.feed_raw(record(scored("p1"), 1))
    assert desk.router.decisions() == first


def test_the_size_is_that_of_the_outputs_since_the_commit_whatever_was_refused_or_undone() -> None:
    desk = Desk()
    desk.feed(signed_in())
    assert desk.router.size_bytes() == 0
    for offset, post in enumerate((scored("p1"), scored("p2", by="bob"), scored("p3", by="cid")), 1):
        desk.feed_raw(record(post, offset))
        if offset != 2:
            assert desk.router.size_bytes() == _size_of_outputs(desk)
        with pytest.raises(Permanent):
            desk.feed_raw(replace(record(post), value=b"{"))
        assert desk.router.size_bytes() == _size_of_outputs(desk)
    desk.router.abort()
    desk.feed_raw(record(scored("p1"), 4))
    assert desk.router.size_bytes() == _size_of_outputs(desk) > 0
    desk.router.commit()
    assert desk.router.size_bytes() == 0


def _size_of_outputs(desk: Desk) -> int:
    return sum(
        len(output.value or b"") for output in desk.router.decisions().outputs if output.topic != CASES.name
    )


FORGETS_SIGN_IN_MS = START_MS + 15 * 86_400_000 + 60_001
"""Before the post only the handled sign-in waits to be forgotten."""


def test_a_record_that_was_read_ahead_is_taken_for_no_other() -> None:
    router = live_router(policy())
    first, second = (record(signed_in(rep_id), offset) for offset, rep_id in enumerate(("r1", "r2")))
    router.read_ahead([first, record(signed_in("r3"), 2)])
    router.decide(second, START_MS)
    router.decide(first, START_MS)
    assert {rep.rep_id for rep in router._state.workspaces["acme"].reps.values()} == {"r1", "r2"}


def test_records_that_are_never_decided_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.route.router.MOST_AHEAD", 10)
    router = live_router(policy(), clock="event")
    for offset in range(100):
        assert router.event_ms(record(signed_in(), offset)) == START_MS
    assert len(router._decoded) == 10
    router.decide(record(signed_in(), 0), START_MS)
    assert router.gauges()["reps_present"] == 1, "decoded again"


def test_counters_count_committed_transactions_only() -> None:
    desk = Desk()
    desk.feed_raw(record(scored("p1", action="none")))
    desk.router.abort()
    assert desk.router.counters() == {}
    desk.feed(scored("p1", action="none"))
    assert desk.router.counters() == {"refused_no_case": 1}


def test_the_changelog_has_readable_keys_and_ends_what_is_over() -> None:
    desk = Desk()
    [offer] = desk.feed(signed_in(event_id="e1"), scored("p1")).assignments
    desk.feed_raw(record(scored("p2", in_reply_to="x:p1"), 9))
    changes = desk.router.decisions().changes
    assert sorted(changes) == sorted(
        key.encode()
        for key in (
            f"brief/acme/{offer.case_id}", f"case/acme/{offer.case_id}", "post/acme/x:p2", f"handled/{MINUTE}/0"
        )
    )  # fmt: skip


def test_a_restored_router_knows_the_offer_and_its_timer() -> None:
    offer, changes = _offered_changes()
    other = Desk()
    for entity_key in sorted(changes, reverse=True):
        other.router.restore(entity_key, changes[entity_key])
    assert other.router.gauges() == {"waiting": 0, "offered": 1, "assigned": 0, "reps_present": 1}
    assert other.router.next_timer_ms() == START_MS + 120_000
    assert other.feed(accept(offer.case_id)).types == ["assigned"]


def test_a_restore_takes_older_values_and_ends_in_the_order_of_the_changelog() -> None:
    offer, changes = _offered_changes()
    other = Desk()
    for _ in range(2):
        for entity_key, value in changes.items():
            other.router.restore(entity_key, value)
    for entity_key in changes:
        other.router.restore(entity_key, None)
    assert other.router.next_timer_ms() is None
    assert other.feed(scored("p1")).events[0].case_id == offer.case_id


def test_a_restore_follows_a_case_that_went_from_one_rep_to_the_next_within_a_transaction() -> None:
    desk, other = Desk(), Desk()

    def feed(*messages: AnyRepEvent | ScoredPost) -> Answer:
        for message in messages:
            desk.feed_raw(record(message, desk.offset))
        for key, value in desk.router.decisions().changes.items():
            other.router.restore(key, value)
        return desk.commit()

    feed(signed_in("r1"), signed_in("r2"))
    [first] = feed(scored("p1")).assignments
    *_, second = feed(reject(first.case_id, first.attempt, first.rep_id)).assignments
    assert (second.state, second.rep_id == first.rep_id) == ("offered", False)
    feed(accept(second.case_id, second.attempt, second.rep_id))
    feed(resolve(second.case_id, second.attempt, second.rep_id))
    assert other.router.gauges() == desk.router.gauges()


def _offered_changes() -> tuple[Assignment, dict[bytes, bytes | None]]:
    desk = Desk()
    desk.feed_raw(record(signed_in(), 0))
    desk.feed_raw(record(scored("p1"), 1))
    changes = dict(desk.router.decisions().changes)
    [offer] = desk.commit().assignments
    return offer, changes


def test_policies_are_named_by_version_and_content() -> None:
    given = {"b": policy(workspace="b", version=4), "a": policy(workspace="a")}
    marks = live_router(*given.values()).policies()
    assert list(marks.items()) == [
        (name, PolicyMark(given[name].version, policy_digest(encode(given[name])))) for name in "ab"
    ]


def test_a_policy_is_state_that_an_abort_undoes_and_a_restart_keeps() -> None:
    router = live_router(policy())
    router.take_policy("acme", encode(policy(version=2)), START_MS)
    router.abort()
    assert router.policies()["acme"].version == 1
    router.take_policy("acme", encode(policy(version=3)), START_MS)
    changes, before = router.decisions().changes, router.policies()
    router.commit()
    other = Router(1, "processing")
    for entity_key, value in changes.items():
        other.restore(entity_key, value)
    assert other.policies() == before


def test_what_is_no_policy_leaves_the_one_before_in_force() -> None:
    router = live_router(policy())
    for content in (b"{}", encode(policy(workspace="other"))):
        with pytest.raises(Permanent):
            router.take_policy("acme", content, START_MS)
    assert router.policies()["acme"].version == 1


def test_a_post_of_a_newer_policy_is_held_back_only_while_it_may_wait() -> None:
    router = live_router(policy())
    post = record(scored("p1", policy_version=2))
    with pytest.raises(PolicyAwaited) as awaited:
        router.decide(post, START_MS, may_wait=True)
    assert (awaited.value.workspace, awaited.value.version) == ("acme", 2)
    assert not router.decisions().outputs
    router.decide(post, START_MS)
    assert Answer(router.decisions().outputs).steps == [("queued", "opened")]


def test_a_router_that_is_not_live_takes_in_and_offers_nothing_until_it_is() -> None:
    router = live_router(policy())
    router.set_live(False, START_MS, ALL)
    router.decide(record(signed_in(), 0), START_MS)
    router.decide(record(scored("p1"), 1), START_MS)
    assert Answer(router.decisions().outputs).steps == [("queued", "opened")]
    router.commit()
    assert router.set_live(True, START_MS + 5, ALL)
    [offer] = Answer(router.decisions().outputs).assignments
    assert offer.expires_at is not None
    assert to_ms(offer.expires_at) == START_MS + 5 + 120_000
    router.abort()
    router.decide(record(scored("p2", by="b"), 2), START_MS)
    assert not Answer(router.decisions().outputs).assignments, "the abort undid that it was live"


def test_a_heartbeat_and_a_signal_are_counted_and_not_remembered() -> None:
    desk = Desk()
    desk.feed(signed_in())
    first = beat(event_id="h1")
    desk.feed(first)
    signal = RouteSignal(workspace="acme", post_id="x:p1", kind="reach", step=3, at=at())
    for message in (first, first, signal, signal):
        desk.feed_raw(record(message))
        assert desk.router.decisions() == Decisions([], {})
    desk.commit()
    counters = desk.router.counters()
    assert (counters["heartbeats"], counters["signals"]) == (3, 2)
