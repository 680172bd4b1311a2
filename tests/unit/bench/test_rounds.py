"""Candidates in turn, and posts at an even pace, on a clock that the test turns."""

import pytest

from pipeline.bench.rounds import Candidate, alternate, portion
from pipeline.bench.stage.pacing import pace


class Clock:
    """Seconds that pass when somebody works or sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += seconds


def candidate(name: str, clock: Clock, seconds: float, journal: list[str]) -> Candidate:
    def run(number: int) -> int:
        journal.append(f"{name}{number}")
        clock.pass_by(seconds * (number + 1))
        return 12

    return Candidate(name, 12, run)


def test_each_candidate_is_warmed_up_and_then_measured_in_every_round_in_alternating_order() -> None:
    clock, journal = Clock(), list[str]()
    quick, slow = candidate("q", clock, 1, journal), candidate("s", clock, 4, journal)
    found = alternate([quick, slow], 3, report=lambda _: None, clock=clock)
    assert journal == ["q0", "s0", "q0", "s0", "s1", "q1", "q2", "s2"]
    assert [(each.name, each.rates) for each in found] == [("q", [12, 6, 4]), ("s", [3, 1.5, 1])]


def test_portions_of_as_many_rounds_are_all_items_once() -> None:
    items = list(range(10))
    assert portion(items, 1, 4) == [1, 5, 9]
    assert sorted(item for number in range(4, 8) for item in portion(items, number, 4)) == items


def test_the_pace_is_even_and_holds_on_average_when_one_call_takes_long() -> None:
    clock, called = Clock(), list[tuple[int, float]]()

    def do(number: int) -> None:
        called.append((number, clock.now))
        if number == 2:
            clock.pass_by(0.25)

    assert pace(do, per_second=10, seconds=0.8, clock=clock, sleep=clock.pass_by) == 8
    assert [number for number, _ in called] == list(range(8))
    assert [at for _, at in called] == pytest.approx([0, 0.1, 0.2, 0.45, 0.45, 0.5, 0.6, 0.7])
