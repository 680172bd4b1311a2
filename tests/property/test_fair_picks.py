"""Of each n picks by a rep class one takes the oldest case that it may take, whatever its queue."""

from collections import Counter
from typing import NamedTuple

from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas.cases.case import Assignment
from tests.builders import accept, policy, resolve, scored, signed_in
from tests.unit.route.desk_of_one import Answer, Desk

EVERY = 3
QUEUES = {"care": "care", "billing": "care", "fans": "social"}
CLASSES = {
    "r0": (("care",), ()),
    "r1": (("care",), ()),
    "r2": (("care", "social"), ()),
    "r3": (("care",), ("es",)),
}
"""Teams and skills of each rep. The first two are of one class."""


class Arrival(NamedTuple):
    """A case and how many are resolved after it has come, about as many as come."""

    queue: str
    priority: float
    skilled: bool
    resolved: int
    shift: tuple[str, str] | None
    """A rep who goes on with the teams and skills with which another one began."""


REPS = st.sampled_from(sorted(CLASSES))
ARRIVALS = st.lists(
    st.builds(
        Arrival,
        queue=st.sampled_from(["care", "care", "care", "billing", "fans"]),
        # Mostly urgent, so that the few others would wait for ever.
        priority=st.sampled_from([1.0, 50.0, 90.0, 90.0, 90.0]),
        skilled=st.booleans(),
        resolved=st.sampled_from([0, 1, 1, 1, 1, 2]),
        shift=st.none() | st.none() | st.tuples(REPS, REPS),
    ),
    min_size=3,
    max_size=12,
).map(lambda pattern: pattern * (150 // len(pattern)))
"""A pattern that goes on and on, so that what is passed over once is passed over for ever."""


AWAY_AND_BACK = [
    Arrival("fans", priority, skilled=False, resolved=resolved, shift=shift)
    for priority, resolved, shift in (
        (90.0, 0, None), (1.0, 0, None), (90.0, 1, None), (90.0, 1, ("r2", "r0")), (90.0, 0, ("r2", "r2"))
    )
]  # fmt: skip
"""The only rep of a class is of another one for a while, each time before the turn of the oldest case."""


class Waiting(NamedTuple):
    """A waiting case: how many picks each class may still make before it is this one's turn."""

    arrival: Arrival
    left: Counter[tuple[object, ...]]


class Fairness:
    """Counts the picks of each class against the bound of every case that waits."""

    def __init__(self) -> None:
        self.waiting: dict[str, Waiting] = {}
        self.of = dict(CLASSES)

    def arrives(self, root: str, arrival: Arrival) -> None:
        # It is the youngest, so all that wait for the class are older.
        left: Counter[tuple[object, ...]] = Counter()
        for of in set(CLASSES.values()):
            if _may_take(of, arrival):
                older = sum(_may_take(of, other.arrival) for other in self.waiting.values())
                left[of] = EVERY * (older + 1)
        self.waiting[root] = Waiting(arrival, left)

    def picked(self, offer: Assignment) -> None:
        of = self.of[offer.rep_id]
        for waiting in self.waiting.values():
            if of in waiting.left:
                waiting.left[of] -= 1
        taken = self.waiting.pop(offer.posts[0].post_id)
        assert taken.left[of] >= 0
        assert all(left > 0 for waiting in self.waiting.values() for left in waiting.left.values())


def _may_take(of: tuple[tuple[str, ...], tuple[str, ...]], arrival: Arrival) -> bool:
    teams, skills = of
    return QUEUES[arrival.queue] in teams and (not arrival.skilled or "es" in skills)


@settings(max_examples=25, deadline=None)
@given(ARRIVALS)
@example(AWAY_AND_BACK * 30)
def test_the_kth_oldest_case_waits_at_most_n_k_picks_of_a_class_that_may_take_it(arrivals: list[Arrival]) -> None:
    desk, fairness, held = Desk(policy(oldest_every=EVERY)), Fairness(), list[Assignment]()
    desk.feed(
        *(signed_in(rep, teams=teams, skills=skills, capacity=1) for rep, (teams, skills) in CLASSES.items())
    )

    def take(answer: Answer) -> None:
        for offer in answer.assignments:
            if offer.state == "offered":
                fairness.picked(offer)
                desk.feed(accept(offer.case_id, offer.attempt, offer.rep_id))
                held.append(offer)

    for n, arrival in enumerate(arrivals):
        if arrival.shift is not None:
            rep, like = arrival.shift
            teams, skills = fairness.of[rep] = CLASSES[like]
            take(desk.feed(signed_in(rep, teams=teams, skills=skills, capacity=1, seq=n + 1)))
        fairness.arrives(f"x:p{n}", arrival)
        skills = ("es",) if arrival.skilled else ()
        take(
            desk.after(1).feed(
                scored(f"p{n}", f"a{n}", queue=arrival.queue, priority=arrival.priority, skills=skills)
            )
        )
        for _ in range(min(arrival.resolved, len(held))):
            done = held.pop(0)
            take(desk.feed(resolve(done.case_id, done.attempt, done.rep_id)))
