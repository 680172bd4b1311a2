"""`Handled` remembers what a plain model remembers, whatever is undone, restored in any order, or ended late."""

import random
from typing import NamedTuple

from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.route.state.changelog import decode, encode
from pipeline.route.state.dedupe import chunks
from pipeline.route.state.dedupe.chunks import MINUTE_MS, chunk_key, is_chunk_key
from pipeline.route.state.dedupe.handled import Handled
from pipeline.route.state.entities import Seen

REMEMBER_MS = 5 * MINUTE_MS
START_MS = 29_453_760 * MINUTE_MS


class Step(NamedTuple):
    kind: str
    number: int
    wait_ms: int


STEPS = st.lists(
    st.builds(
        Step,
        st.sampled_from(
            ["note"] * 6 + ["burst"] * 3 + ["undo", "end", "end", "commit", "abort"] + ["restart"] * 3
        ),
        st.integers(0, 30),
        st.sampled_from([0] * 6 + [1000, 30_000, MINUTE_MS, REMEMBER_MS, REMEMBER_MS + MINUTE_MS + 1]),
    ),
    min_size=5,
    max_size=50,
)
FORMER = st.dictionaries(
    st.sampled_from([f"seen-post/acme/0/x:p{number}" for number in range(12)]),
    st.integers(START_MS - REMEMBER_MS, START_MS),
)


class Model:
    """Each name with when it was handled, and the changelog, both as of the last commit and as of now."""

    def __init__(self, former: dict[str, int]) -> None:
        self.changelog = {name: encode("seen-post", Seen(at_ms)) for name, at_ms in former.items()}
        self.committed = dict(former)
        self.handled_ms = dict(former)

    def note(self, name: str, now_ms: int) -> bool:
        handled_ms = self.handled_ms.get(name)
        if handled_ms is not None and now_ms <= (handled_ms // MINUTE_MS + 1) * MINUTE_MS + REMEMBER_MS:
            return False
        self.handled_ms[name] = now_ms
        return True

    def restart(self, chance: random.Random) -> Handled:
        handled, entries = Handled(REMEMBER_MS), list(self.changelog.items())
        chance.shuffle(entries)
        for key, value in entries:
            handled.restore(key, decode(key, value, {}))
        return handled

    def commit(self, handled: Handled) -> None:
        ended = {key for _, key in handled._ended}
        for key, chunk in handled.changes().items():
            if chunk is None:
                del self.changelog[key]
            else:
                assert key not in ended
                assert int(key.split("/")[2]) == 0 or self._before(key) in self.changelog, "numbered without a gap"
                self.changelog[key] = encode("handled", chunk)
        handled.commit()
        self.committed = dict(self.handled_ms)

    def _before(self, key: str) -> str:
        _, minute, number = key.split("/")
        return chunk_key(int(minute), int(number) - 1)

    def abort(self, handled: Handled) -> None:
        handled.rollback()
        self.handled_ms = dict(self.committed)


@settings(max_examples=300, deadline=None)
@given(STEPS, FORMER, st.randoms(use_true_random=False))
@example(
    [Step("note", 0, MINUTE_MS), Step("end", 1, 0), Step("restart", 0, 0), Step("note", 0, 0)],
    {"seen-post/acme/0/x:p0": START_MS - REMEMBER_MS},
    random.Random(0),
)
def test_a_name_is_handled_once_in_the_remembered_time(
    steps: list[Step], former: dict[str, int], chance: random.Random
) -> None:
    model = Model(former)
    handled, twin = model.restart(chance), model.restart(chance)
    now_ms = committed_ms = START_MS
    for step in steps:
        now_ms += step.wait_ms
        if step.kind in ("note", "burst"):
            names = [f"seen-post/acme/0/x:p{step.number % 12}"]
            for name in names if step.kind == "note" else [f"b{number}" for number in range(step.number * 20)]:
                expected = model.note(name, now_ms)
                assert handled.note(name, now_ms) == twin.note(name, now_ms) == expected
        elif step.kind == "undo":
            mark, twin_mark = handled.mark(), twin.mark()
            for number in range(step.number):
                handled.note(f"u{number}", now_ms)
                twin.note(f"u{number}", now_ms)
                _end_due(handled, now_ms, 1)
                _end_due(twin, now_ms, 1)
            handled.rollback(mark)
            twin.rollback(twin_mark)
        elif step.kind == "end":
            assert _end_due(handled, now_ms, step.number) == _end_due(twin, now_ms, step.number)
        elif step.kind == "abort":
            model.abort(handled)
            twin.rollback()
            now_ms = committed_ms
        else:
            assert list(handled.changes().items()) == list(twin.changes().items()), "a restore changes no byte"
            twin.commit()
            model.commit(handled)
            committed_ms = now_ms
            if step.kind == "restart":
                handled = model.restart(chance)
        assert handled.next_due_ms() == twin.next_due_ms()
    model.abort(handled)
    twin.rollback()
    _end_due(handled, now_ms + 2 * REMEMBER_MS, 10**6)
    _end_due(twin, now_ms + 2 * REMEMBER_MS, 10**6)
    assert list(handled.changes().items()) == list(twin.changes().items())
    model.commit(handled)
    assert model.changelog == {}


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 90_000)), max_size=20), FORMER)
def test_every_entry_ends_and_none_before_its_minute_is_forgotten(
    transactions: list[tuple[int, int]], former: dict[str, int]
) -> None:
    model = Model(former)
    handled, now_ms, serial = model.restart(random.Random(1)), START_MS, 0
    for count, wait_ms in transactions:
        now_ms += wait_ms
        for serial in range(serial, serial + count):  # noqa: B020
            handled.note(f"n{serial}", now_ms)
        model.commit(handled)
    while (due_ms := handled.next_due_ms()) is not None:
        before = set(model.changelog)
        assert _end_due(handled, due_ms - 1, 1000) == 0
        assert 1 <= _end_due(handled, due_ms, 7) <= 7
        model.commit(handled)
        ended = before - set(model.changelog)
        minutes = {int(key.split("/")[1]) for key in ended if is_chunk_key(key)}
        assert minutes <= {(due_ms - REMEMBER_MS) // MINUTE_MS - 1}
    assert model.changelog == {}


@given(st.lists(st.integers(1, 300), min_size=1, max_size=15))
def test_a_transaction_writes_its_own_hashes_and_less_than_one_chunk_more(counts: list[int]) -> None:
    handled, serial = Handled(REMEMBER_MS), 0
    for count in counts:
        for _ in range(count):
            serial += 1
            assert handled.note(f"n{serial}", START_MS)
        written = [chunk.hashes for chunk in handled.changes().values() if chunk is not None]
        assert all(len(hashes) <= chunks.CHUNK_BYTES for hashes in written)
        assert 8 * count <= sum(map(len, written)) < 8 * count + chunks.CHUNK_BYTES
        handled.commit()


def _end_due(handled: Handled, now_ms: int, limit: int) -> int:
    ended = 0
    while ended < limit and (due_ms := handled.next_due_ms()) is not None and due_ms <= now_ms:
        handled.end_entry()
        ended += 1
    return ended


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 200), st.lists(st.integers(0, 60), min_size=1, max_size=8)),
        min_size=2,
        max_size=8,
    ),
    st.randoms(use_true_random=False),
)
def test_a_time_that_falls_at_a_restart_on_another_clock_loses_no_name_and_changes_no_key(
    runs: list[tuple[int, list[int]]], chance: random.Random
) -> None:
    """Posts that were played on the event clock may have lain hours ahead."""
    changelog, names, number = dict[str, bytes](), list[str](), 0
    for first_minute, waits in runs:
        went_on, now_ms = restored(changelog, chance), START_MS + first_minute * MINUTE_MS
        for wait in waits:
            now_ms += wait * 1000
            # Another process begins amid the run, and must write the same.
            began_anew = restored(changelog, chance)
            number += 1
            assert went_on.note(f"n{number}", now_ms)
            assert began_anew.note(f"n{number}", now_ms)
            assert began_anew.changes() == went_on.changes()
            for key, chunk in went_on.changes().items():
                assert chunk is not None
                changelog[key] = encode("handled", chunk)
            went_on.commit()
            names.append(f"n{number}")
    after = restored(changelog, chance)
    assert not any(after.note(name, START_MS) for name in names)


def restored(changelog: dict[str, bytes], chance: random.Random) -> Handled:
    handled, entries = Handled(10**9), list(changelog.items())
    chance.shuffle(entries)
    for key, value in entries:
        handled.restore(key, decode(key, value, {}))
    return handled
