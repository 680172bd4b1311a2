"""A decision that no broker takes is found by halving, and given up; a fault that passes costs nothing."""

import pytest

from pipeline.loop.setbacks import LONGEST_PAUSE_MS, TRIES, Setbacks


def play(culprit: int, count: int) -> tuple[list[int], int]:
    """Writes decisions 0 .. count-1, of which one is never taken. Returns those given up, and the tries."""
    setbacks, position, ms, tries = Setbacks(2000), 0, 0, 0
    given_up: list[int] = []
    while position < count:
        ms += LONGEST_PAUSE_MS
        assert not setbacks.must_pause(ms)
        tries += 1
        size = min(setbacks.limit, count - position)
        if setbacks.reason is not None:
            given_up.append(position)
            size = 1
        elif position <= culprit < position + size:
            setbacks.aborted(size, "too large", ms)
            continue
        setbacks.committed(size)
        position += size
    return given_up, tries


@pytest.mark.parametrize("culprit", [0, 1, 999, 1000, 1998, 1999, 2500])
def test_exactly_the_decision_that_is_never_taken_is_given_up(culprit: int) -> None:
    given_up, tries = play(culprit, 3000)
    assert given_up == [culprit]
    assert tries < 3 * TRIES + 2 * 11 + 5


def test_a_fault_that_may_pass_gives_nothing_up_and_pauses_ever_longer() -> None:
    setbacks = Setbacks(2000)
    pauses = []
    for _ in range(9):
        setbacks.aborted(2000, None, 0)
        pauses.append(next(ms for ms in range(0, 10_000, 50) if not setbacks.must_pause(ms)))
    assert (setbacks.limit, setbacks.reason) == (2000, None)
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE_MS
    setbacks.committed(5)
    assert not setbacks.suspicious
    assert not setbacks.must_pause(0)


def given_up_after(outage_ms: int) -> int:
    """Returns how many decisions are given up by the end of an outage in which nothing is taken."""
    setbacks, ms, given_up = Setbacks(2000), 0, 0
    while True:
        ms += 50
        if setbacks.must_pause(ms):
            continue
        if ms > outage_ms:
            return given_up + (setbacks.reason is not None)
        setbacks.aborted(min(setbacks.limit, 300), "no such topic", ms)


def test_where_a_topic_takes_nothing_for_a_while_no_decision_is_blamed_for_it() -> None:
    """Unless it comes back in the tenth of a second between the refusal of one decision and the next try."""
    outages = range(10_000, 110_000, 500)
    assert sum(map(given_up_after, outages)) <= len(outages) / 50
