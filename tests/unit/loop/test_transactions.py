"""What a transaction holds besides records: policies, slices of timers, the live edge, and what is given up."""

import sys
from collections.abc import Mapping
from unittest.mock import Mock

import pytest

from pipeline.errors import Misconfigured
from pipeline.loop.broker_time import Receipt
from pipeline.loop.driver import Driver
from pipeline.loop.live_edge import LIVE_MS, SILENT_MS
from pipeline.loop.now import AHEAD_MS, NOW_KEY
from pipeline.loop.patience import PATIENCE_MS
from pipeline.loop.policy_intake import POLICY_LIMIT
from pipeline.loop.setbacks import TRIES
from pipeline.loop.spec import Moment, StageSpec, Transaction
from pipeline.ports.decider import policy_digest
from tests.unit.loop.test_driver import Broker, Noting, at, record, said, told

T_MS = 1_800_000_000_000
MINUTE_MS, HOUR_MS = 60_000, 3_600_000


def member(core: Noting, ends: Mapping[str, int], **spec: int) -> Driver:
    """A driver that has just restored its state."""
    made = Driver(
        StageSpec("test", ("a", "b"), "state", "journal", policy_log="policies.log", **spec),  # type: ignore[arg-type]
        0, core, lambda _: None, Broker(ends),
    )  # fmt: skip
    for topic in ("a", "b"):
        made.buffers.start(topic, 0)
    made.begin(at(T_MS))
    return made


def read(made: Driver, *records: tuple[int, int], upto: int | None = None) -> None:
    """Reads (offset, append_ms) of input a; the inputs were read to their ends."""
    for offset, append_ms in records:
        made.buffers.add(record("a", offset, append_ms))
    made.buffers.reached_end("a", made.buffers.read_to("a"))
    made.buffers.reached_end("b", 0)


def done(made: Driver, now: Moment) -> Transaction:
    transaction = made.decide(now)
    assert transaction is not None
    made.commit(transaction, said(now.monotonic_ms))
    return transaction


def lively(core: Noting, **spec: int) -> Driver:
    """A driver at its live edge, with inputs that hold nothing."""
    made = member(core, {"a": 0, "b": 0}, **spec)
    read(made)
    assert done(made, told(made, T_MS)).live
    core.edges.clear()
    return made


def test_records_of_half_an_hour_ago_are_decided_without_handing_out_and_made_up_for_at_the_end() -> None:
    core = Noting()
    made = member(core, {"a": 4, "b": 0}, batch_size=2)
    old = [(n, T_MS - 30 * MINUTE_MS + n) for n in range(3)]
    read(made, *old, (3, T_MS - 100))
    first = done(made, told(made, T_MS))
    assert (first.journal.live, first.live, core.edges) == (False, False, [])
    second = done(made, told(made, T_MS + 50))
    assert (second.journal.live, second.live) == (False, True)
    assert core.edges == [(True, T_MS - 100)], "from the last record on, offers are made"


def test_silent_inputs_are_made_up_for_at_the_brokers_time_and_not_at_that_of_the_last_record() -> None:
    core = Noting(due_ms=[T_MS - MINUTE_MS])
    made = member(core, {"a": 0, "b": 0})
    made.restore(NOW_KEY, str(T_MS - 30 * MINUTE_MS).encode())
    read(made)
    asks = made.decide(at(T_MS))
    assert asks is not None
    assert (asks.records, asks.timers, asks.live) == ([], 0, False), "it asks only for the broker's time"
    made.commit(asks, said(T_MS))
    transaction = done(made, at(T_MS + 10))
    assert core.calls == [("timer", T_MS - MINUTE_MS)]
    assert core.edges == [(True, T_MS + 10)]
    assert (transaction.timers, transaction.live, transaction.now_ms) == (1, True, T_MS + 10)


def test_a_worker_that_stood_still_leaves_the_edge_before_it_decides_and_comes_back_to_it() -> None:
    core = Noting()
    made = lively(core)
    read(made, (0, T_MS + 10))
    done(made, told(made, T_MS + 20))
    read(made, (1, T_MS + 1000), (2, T_MS + 179_990))
    transaction = done(made, at(T_MS + 180_000))
    assert core.edges[0] == (False, T_MS + 10)
    assert (transaction.journal.live, transaction.live) == (False, False)


@pytest.mark.parametrize("stalls", [False, True], ids=["the brokers are silent", "the worker stands still"])
def test_a_loop_that_hears_of_no_broker_is_behind_from_its_last_news_until_it_hears_of_one_again(
    stalls: bool,
) -> None:
    core = Noting(due_ms=[T_MS + MINUTE_MS])
    made = lively(core)
    broker = made._unread._end_offsets
    read(made, (0, T_MS + 10))
    done(made, told(made, T_MS + 10))
    if not stalls:
        broker.ends = {"a": sys.maxsize, "b": sys.maxsize}  # type: ignore[attr-defined]
        for second in range(1, 40):
            assert made.decide(at(T_MS + 1000 * second)) is None
        assert not made.edge.live
    broker.ends = {"a": 1, "b": 0}  # type: ignore[attr-defined]
    transaction = done(made, told(made, T_MS + 50_000))
    (left, left_ms), (came, came_ms) = core.edges
    assert (left, came, came_ms, transaction.journal.live) == (False, True, T_MS + 50_000, False)
    assert left_ms - T_MS <= SILENT_MS, "time has not gone on without news"


def test_an_idle_loop_at_its_edge_asks_the_brokers_for_a_sign_of_life_now_and_then() -> None:
    made = lively(Noting())
    broker = made._unread._end_offsets
    broker.asked.clear()  # type: ignore[attr-defined]
    for second in range(60):
        assert made.decide(at(T_MS + 1000 * second)) is None
    assert len(broker.asked) == 2 * 9  # type: ignore[attr-defined]


def test_what_was_held_back_is_made_up_for_in_slices() -> None:
    core = Noting(held=25)
    made = member(core, {"a": 0, "b": 0}, offer_limit=10)
    read(made)
    moments = [told(made, T_MS + n) for n in range(3)]
    assert [done(made, moment).live for moment in moments] == [False, False, True]


def test_timers_come_in_slices_and_the_record_behind_them_waits() -> None:
    core = Noting(due_ms=[T_MS + n for n in range(1, 6)])
    made = lively(core, timer_limit=2)
    read(made, (0, T_MS + 100))
    transactions = [done(made, told(made, T_MS + 100 + n)) for n in range(3)]
    assert [transaction.timers for transaction in transactions] == [2, 2, 1]
    assert [len(transaction.records) for transaction in transactions] == [0, 0, 1]
    assert core.calls == [*(("timer", T_MS + n) for n in range(1, 6)), ("a", 0, T_MS + 100)]


def test_a_broker_with_a_wrong_clock_does_not_drag_now_along() -> None:
    core = Noting()
    made = lively(core)
    read(made, (0, T_MS + 10))
    done(made, told(made, T_MS + 10))
    read(made, (1, T_MS + 30 * 86_400_000))
    assert done(made, at(T_MS + 20)).now_ms == T_MS + 10
    assert made.clock_off_ms == 30 * 86_400_000 - 20
    read(made, (2, T_MS + 30))
    assert done(made, at(T_MS + 40)).now_ms == T_MS + 30
    assert made.clock_off_ms == 0


def test_a_broker_that_was_set_back_shows_with_our_next_record_until_it_is_right_again() -> None:
    made = lively(Noting())
    for offset, (ms, jump_ms) in enumerate(((10, -HOUR_MS), (20, 0), (30, 0))):
        read(made, (offset, T_MS + ms))
        transaction = made.decide(at(T_MS + ms))
        assert transaction is not None
        made.commit(transaction, Receipt(T_MS + ms + jump_ms, at(T_MS + ms), at(T_MS + ms)))
        assert made.clock_off_ms == (-HOUR_MS if offset == 1 else 0)


@pytest.mark.parametrize("jump_ms", [HOUR_MS, -HOUR_MS, 30 * 24 * HOUR_MS])
def test_what_a_broker_with_a_wrong_clock_appends_is_offered_at_the_present(jump_ms: int) -> None:
    core = Noting(due_ms=[T_MS + MINUTE_MS])
    made = lively(core)
    read(made, (0, T_MS + 10))
    done(made, told(made, T_MS + 10))
    for second in range(1, 31):
        assert made.decide(at(T_MS + 1000 * second)) is None
    assert made.now_ms == T_MS + 30_000 - LIVE_MS, "an idle loop stays near the present"
    made.buffers.add(record("a", 1, T_MS + 33_000 + jump_ms))
    made._unread._end_offsets.ends = {"a": 2, "b": 0}  # type: ignore[attr-defined]
    transaction = done(made, at(T_MS + 33_000))
    assert core.calls[-1] == ("a", 1, T_MS + 28_000)
    assert (transaction.journal.live, transaction.live, transaction.now_ms) == (False, True, T_MS + 33_000)
    assert core.edges[-1] == (True, T_MS + 33_000), "what it made possible is handed out with all of its time"
    made.decide(at(T_MS + 10 * MINUTE_MS))
    assert made.now_ms <= T_MS + MINUTE_MS, "no further than to the next timer, which has not fired"


def test_the_last_record_of_a_broker_with_a_wrong_clock_does_not_say_that_older_ones_were_read() -> None:
    core = Noting(due_ms=[T_MS + 50])
    made = lively(core)
    read(made, (0, T_MS + HOUR_MS))
    done(made, told(made, T_MS + 10))
    made._unread._end_offsets.ends = {"a": 2, "b": 1}  # type: ignore[attr-defined]
    made.buffers.add(record("b", 0, T_MS + 100))
    assert made.decide(at(T_MS + 100)) is None
    assert core.calls == [("a", 0, T_MS)], "input a is not read to its end"


def test_a_stored_time_far_ahead_of_the_clock_is_refused_with_a_sentence() -> None:
    made = member(Noting(), {"a": 0, "b": 0})
    made.restore(NOW_KEY, str(T_MS + 20 * 86_400_000).encode())
    with pytest.raises(Misconfigured, match=r"state/0: the stage's time is 480\.0 h ahead"):
        made.begin(at(T_MS))
    made.begin(at(T_MS + 20 * 86_400_000 - AHEAD_MS))


def test_a_time_of_the_event_clock_says_nothing_on_the_processing_clock() -> None:
    made = member(Noting(), {"a": 0, "b": 0})
    made.restore(NOW_KEY, b"%d 7 event" % (T_MS + 12 * 3_600_000))
    made.begin(at(T_MS))
    read(made)
    transaction = done(made, told(made, T_MS + 5))
    assert (transaction.now_ms, transaction.journal.number, transaction.live) == (T_MS + 5, 8, True)
    assert transaction.now_value == b"%d 8 processing" % (T_MS + 5)


def test_policies_come_into_force_before_records_and_their_contents_go_to_the_log() -> None:
    core = Noting()
    made = lively(core)
    made.publish({"acme": b"7"})
    read(made, (0, T_MS + 10))
    transaction = done(made, told(made, T_MS + 10))
    [taken] = transaction.journal.policies
    assert (taken.workspace, taken.version, taken.digest) == ("acme", 7, policy_digest(b"7"))
    assert [(policy.topic, policy.key, policy.value) for policy in transaction.policies] == [
        ("policies.log", b"acme", b"7")
    ]
    made.publish({})
    assert done(made, told(made, T_MS + 20)).journal.policies[0].digest is None
    assert core.in_force == {}


def test_many_policies_come_in_slices_before_any_record_and_the_core_lists_its_own_once_for_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    core = Noting()
    made = lively(core)
    asked = Mock(wraps=core.policies)
    monkeypatch.setattr(core, "policies", asked)
    made.publish({f"w{number}": b"%d" % number for number in range(1, 2 * POLICY_LIMIT + 50)})
    read(made, (0, T_MS + 10))
    transactions = [done(made, told(made, T_MS + 10 + n)) for n in range(3)]
    assert [len(t.journal.policies) for t in transactions] == [POLICY_LIMIT, POLICY_LIMIT, 49]
    assert [len(t.records) for t in transactions] == [0, 0, 1]
    assert asked.call_count == 1 + 3


def test_a_loop_that_fell_behind_says_so_of_many_policies_too_and_comes_back_to_its_edge() -> None:
    core, ends = Noting(), {"a": 0, "b": 0}
    made = member(core, ends)
    read(made)
    assert done(made, told(made, T_MS)).live
    ends["a"] = 1
    assert made.decide(told(made, T_MS + SILENT_MS + 1)) is None, "it is behind, and has nothing to decide"
    made.publish({f"w{number}": b"%d" % number for number in range(1, POLICY_LIMIT + 2)})
    first = done(made, told(made, T_MS + SILENT_MS + 2))
    assert (first.journal.live, first.live, core.is_live) == (False, False, False)
    read(made, (0, T_MS + SILENT_MS))
    assert done(made, told(made, T_MS + SILENT_MS + 3)).live
    assert core.is_live


def test_a_policy_that_the_core_refuses_leaves_the_one_before_in_force_and_is_not_tried_again() -> None:
    core = Noting(in_force={"acme": b"6"})
    made = lively(core)
    made.publish({"acme": b"bad"})
    assert made.decide(told(made, T_MS + 10)) is None
    assert core.in_force == {"acme": b"6"}
    made.publish({"acme": b"7"})
    assert done(made, told(made, T_MS + 20)).journal.policies[0].version == 7


def test_a_policy_is_taken_again_after_an_abort() -> None:
    core = Noting()
    made = lively(core)
    made.publish({"acme": b"7"})
    first = made.decide(told(made, T_MS + 10))
    assert first is not None
    core.in_force = {}  # as the core's own undo brings it back
    made.abort(first, None, at(T_MS - 10**6))
    again = made.decide(told(made, T_MS + 20))
    assert again is not None
    assert again.journal.policies == first.journal.policies


def test_a_record_of_a_newer_policy_waits_for_it_and_what_stands_before_it_does_not() -> None:
    core = Noting(in_force={"acme": b"1"})
    made = lively(core)
    made.buffers.add(record("a", 0, T_MS + 1))
    made.buffers.add(record("a", 1, T_MS + 2, key=b"2"))
    read(made)
    assert [r.offset for r in done(made, told(made, T_MS + 10)).records] == [0]
    assert made.decide(told(made, T_MS + 1000)) is None
    made.publish({"acme": b"2"})
    assert [r.offset for r in done(made, told(made, T_MS + 1100)).records] == [1]


def test_a_record_waits_for_a_policy_that_never_comes_at_most_half_a_minute_and_the_next_does_not() -> None:
    core = Noting(in_force={"acme": b"1"})
    made = lively(core)
    for offset in range(2):
        made.buffers.add(record("a", offset, T_MS + offset, key=b"2"))
    read(made)
    assert made.decide(told(made, T_MS + 10)) is None
    assert made.decide(told(made, T_MS + 10 + PATIENCE_MS - 1)) is None
    assert len(done(made, told(made, T_MS + 10 + PATIENCE_MS)).records) == 2


def test_a_record_whose_output_no_topic_takes_becomes_one_dead_letter_and_the_others_are_decided() -> None:
    core = Noting()
    made = lively(core)
    read(made, *((n, T_MS + n) for n in range(50)))
    ms, given_up, decided = T_MS + 100, list[int](), 0
    while decided < 50:
        ms += 10_000
        transaction = made.decide(told(made, ms))
        assert transaction is not None
        offsets = [r.offset for r in transaction.records]
        letters = [letter for letter in transaction.dead_letters if letter.reason.code == "undeliverable"]
        if 31 in offsets and not letters:
            made.abort(transaction, "assignments.acme.care: no such topic", at(ms))
            continue
        given_up += [letter.record.offset for letter in letters]
        made.commit(transaction, said(ms))
        decided += len(offsets)
    assert given_up == [31]
    assert [call[1] for call in core.calls if isinstance(call, tuple)] == [n for n in range(50) if n != 31]


def test_a_timer_whose_output_no_topic_takes_is_parked() -> None:
    core = Noting(due_ms=[T_MS + 1, T_MS + 2])
    made = lively(core)
    for n in range(TRIES + 2):
        due_ms = list(core.due_ms)
        transaction = made.decide(told(made, T_MS + 10_000 * (n + 1)))
        assert transaction is not None
        if ("timer", T_MS + 1) not in core.calls:
            break
        core.due_ms = due_ms
        made.abort(transaction, "assignments.acme.care: no such topic", at(T_MS + 10_000 * n))
    assert core.calls == [("parked", T_MS + 1)]
    assert transaction is not None
    assert transaction.journal.parked == 1


def test_on_the_event_clock_what_one_transaction_has_no_room_for_is_made_up_for_in_the_next_ones() -> None:
    core = Noting(held=5)
    made = member(core, {"a": 1, "b": 0}, event_clock=True, offer_limit=2)
    read(made, (0, T_MS))
    assert [done(made, at(T_MS)).live for _ in range(3)] == [False, False, True]
    assert core.edges == [(True, made.now_ms)]
    assert made.decide(at(T_MS)) is None, "there is nothing more to make up for"


def test_a_search_for_what_no_topic_takes_tries_the_live_edge_apart_from_the_last_record() -> None:
    core = Noting()
    made = member(core, {"a": 2, "b": 0})
    read(made, (0, T_MS - 20), (1, T_MS - 10))
    decided = letters = 0
    for ms in range(T_MS, T_MS + 30_000, 1000):
        transaction = made.decide(told(made, ms))
        if transaction is None:
            continue
        # What is made up for at the edge is never taken.
        if transaction.journal.edge_limit:
            made.abort(transaction, "too large", at(ms))
        else:
            made.commit(transaction, said(ms))
            decided += len(transaction.records)
            letters += len(transaction.dead_letters)
    assert (decided, letters) == (2, 0), "neither is to blame"
    assert made.decide(told(made, T_MS + 11_000)) is None, "what held the edge back is given up"


def test_on_the_event_clock_a_restart_makes_up_for_what_the_run_before_still_held_back() -> None:
    core = Noting(held=5)
    made = member(core, {"a": 0, "b": 0}, event_clock=True)
    made.restore(NOW_KEY, str(T_MS).encode())
    made.begin(at(T_MS))
    read(made)
    assert done(made, at(T_MS)).live
    assert made.decide(at(T_MS)) is None


def test_a_policy_that_no_topic_takes_is_given_up_and_neither_a_record_nor_another_policy_with_it() -> None:
    core = Noting()
    made = lively(core)
    made.publish({"acme": b"2", "bold": b"3", "cafe": b"4"})
    read(made, (0, T_MS))
    ms = T_MS + 100
    for _ in range(30):
        ms += 10_000
        before = dict(core.in_force)
        transaction = made.decide(told(made, ms))
        if transaction is None:
            continue
        assert not transaction.dead_letters
        if any(record.value == b"3" for record in transaction.policies):
            core.in_force = before
            made.abort(transaction, "route.state: too large", at(ms))
        else:
            made.commit(transaction, said(ms))
    assert core.in_force == {"acme": b"2", "cafe": b"4"}
    assert [call[:2] for call in core.calls if isinstance(call, tuple)] == [("a", 0)]


def test_on_the_event_clock_a_record_that_no_topic_takes_is_found_where_the_edge_is_reached_with_it() -> None:
    core = Noting()
    made = member(core, {"a": 1, "b": 0}, event_clock=True)
    read(made, (0, T_MS))
    ms, given_up = T_MS, list[int]()
    for _ in range(20):
        ms += 10_000
        transaction = made.decide(told(made, ms))
        if transaction is None:
            continue
        given_up += [letter.record.offset for letter in transaction.dead_letters]
        if transaction.records and not transaction.dead_letters:
            made.abort(transaction, "cases.events: too large", at(ms))
        else:
            made.commit(transaction, said(ms))
    assert given_up == [0]
    assert made.edge.live
