"""Condenses the courses of cases into how long they waited, and whether the bound held that the policy states.

A wait lasts from the arrival to the accept.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.bench.figures import percentile
from pipeline.bench.queue.play import Course, Played
from pipeline.bench.queue.reps import Staff

MINUTE_MS = 60_000


@dataclass(frozen=True)
class Waits:
    """How long some cases waited, in minutes. Shares are from 0 to 1."""

    cases: int
    offered_within: float
    """Share of them that was offered to a rep in time."""
    accepted_within: float
    """Share of them that a rep accepted in time."""
    mean_min: float
    p50_min: float
    p90_min: float
    p99_min: float
    longest_min: float


@dataclass(frozen=True)
class Bound:
    """What the policy promises to the cases that are not urgent. Of each n picks one takes the oldest, so that the
    k-th oldest case waits at most n k picks."""

    oldest_every: int
    """The n."""
    place: int
    """The k of the case that waited longest, with those that came back to wait meanwhile."""
    picks: int
    """How many picks it took until that case was picked."""
    allowed_picks: int
    """The n k of that case."""
    allowed_min: float | None
    """When so many picks were made, in minutes after that case came; None if not before the end of the run."""
    most_allowed_picks: int
    """The n k of the case with the highest k."""
    broken: int
    """How many of all cases, urgent or not, took more picks than allowed."""


def waits_of(courses: Sequence[Course], within_min: float) -> Waits:
    """Returns the waits of at least one case. All of them were accepted."""
    offered = [((course.offered_ms or 0) - course.arrival.at_ms) / MINUTE_MS for course in courses]
    accepted = [wait_ms(course) / MINUTE_MS for course in courses]
    return Waits(
        cases=len(courses),
        offered_within=sum(wait <= within_min for wait in offered) / len(courses),
        accepted_within=sum(wait <= within_min for wait in accepted) / len(courses),
        mean_min=sum(accepted) / len(courses),
        p50_min=percentile(accepted, 0.5),
        p90_min=percentile(accepted, 0.9),
        p99_min=percentile(accepted, 0.99),
        longest_min=max(accepted),
    )


def wait_ms(course: Course) -> int:
    """Returns how long an accepted case waited, in milliseconds."""
    return (course.accepted_ms or 0) - course.arrival.at_ms


def bound_of(played: Played, oldest_every: int) -> Bound:
    """Holds the cases of a run, of which at least one is not urgent, against the bound of the policy."""
    others = [course for course in played.courses if not course.arrival.urgent]
    longest = max(others, key=wait_ms)
    allowed = oldest_every * _place(longest)
    last = longest.first_pick + allowed - 1
    allowed_min = None
    if last < len(played.picks_ms):
        allowed_min = (played.picks_ms[last] - longest.arrival.at_ms) / MINUTE_MS
    return Bound(
        oldest_every,
        place=_place(longest),
        picks=longest.picks or 0,
        allowed_picks=allowed,
        allowed_min=allowed_min,
        most_allowed_picks=oldest_every * max(map(_place, others)),
        broken=sum((course.picks or 0) > oldest_every * _place(course) for course in played.courses),
    )


def occupancy_of(played: Played, staff: Staff) -> float:
    """Returns the share of the reps' capacity that was in use, from the first arrival to the last."""
    start_ms, end_ms = played.courses[0].arrival.at_ms, played.courses[-1].arrival.at_ms
    busy_ms = sum(
        max(0, min(end_ms, course.closed_ms or 0) - (course.accepted_ms or 0)) for course in played.courses
    )
    return _share(busy_ms, staff, start_ms, end_ms)


def load_of(played: Played, staff: Staff) -> float:
    """Returns the work that came as a share of what the reps could do, from the first arrival to the last."""
    start_ms, end_ms = played.courses[0].arrival.at_ms, played.courses[-1].arrival.at_ms
    return _share(sum(course.arrival.handle_ms for course in played.courses), staff, start_ms, end_ms)


def _share(work_ms: int, staff: Staff, start_ms: int, end_ms: int) -> float:
    present_ms = staff.capacity * staff.present_ms(start_ms, end_ms)
    return work_ms / present_ms if present_ms else 0.0


def _place(course: Course) -> int:
    return course.older + course.returns
