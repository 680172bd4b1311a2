"""A change of policy loses no post and leaves no case behind, whatever is under way."""

from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.cases.case import Assignment, CaseEvent
from schemas.policy.policy import Policy
from schemas.policy.queues import Queue
from schemas.policy.rules import TriageRule
from tests.builders import policy, presence, reject, scored, signed_in, signed_out
from tests.unit.route.desk_of_one import Answer, Desk

POLICIES: tuple[dict[str, Any], ...] = (
    {"queues": (Queue(name="care", team="care"), Queue(name="billing", team="care"))},
    {"queues": (Queue(name="care", team="care"), Queue(name="billing", team="money"))},
    {"queues": (Queue(name="general", team="money"), Queue(name="care", team="money"))},
    {
        "queues": (Queue(name="general", team="care"), Queue(name="fans", team="money")),
        "default_queue": "fans",
        "rules": (TriageRule(name="rest", action="respond", queue="general"),),
    },
)
REPS = {"r0": ("care",), "r1": ("money",), "r2": ("care", "money")}


class Step(NamedTuple):
    """One thing that happens."""

    kind: str
    which: int


STEPS = st.lists(
    st.builds(
        Step,
        kind=st.sampled_from(["post"] * 6 + ["policy"] * 3 + ["sign_in", "sign_out", "away", "reject", "wait"]),
        which=st.integers(0, 11),
    ),
    min_size=5,
    max_size=50,
)


class Day:
    """Plays steps with whatever policy is in force."""

    def __init__(self) -> None:
        self.given = policy(**POLICIES[0])
        self.desk = Desk(self.given)
        self.events: list[CaseEvent] = []
        self.offers: list[Assignment] = []
        self.serial = 0

    def play(self, step: Step) -> None:
        self.serial += 1
        rep_id = f"r{step.which % 3}"
        if step.kind == "policy":
            self.take(policy(version=self.serial + 1, **POLICIES[step.which % 4]))
        elif step.kind == "wait":
            self.hear(self.desk.after(step.which).tick())
        elif step.kind == "post":
            queue = ("care", "billing", "fans", "general")[step.which % 4]
            self.hear(self.desk.after(0.01).feed(scored(f"p{self.serial}", f"a{self.serial}", queue=queue)))
        elif step.kind == "sign_in":
            self.hear(self.desk.feed(signed_in(rep_id, teams=REPS[rep_id], capacity=2, seq=self.serial)))
        elif step.kind == "reject" and self.offers:
            offer = self.offers[-1 - step.which % len(self.offers)]
            self.hear(self.desk.feed(reject(offer.case_id, offer.attempt, offer.rep_id)))
        elif self.desk.router._state.rep("acme", rep_id) is not None and self.is_in(rep_id):
            leave = signed_out if step.kind == "sign_out" else presence
            self.hear(self.desk.feed(leave(rep_id, seq=self.serial)))

    def is_in(self, rep_id: str) -> bool:
        rep = self.desk.router._state.rep("acme", rep_id)
        return rep is not None and rep.signed_in

    def take(self, given: Policy) -> None:
        self.given = given
        self.hear(self.desk.take(given))

    def hear(self, answer: Answer) -> None:
        self.events += answer.events
        self.offers += [said for said in answer.assignments if said.state == "offered"]


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_no_post_is_refused_and_no_case_stays_in_a_queue_that_the_policy_does_not_have(steps: list[Step]) -> None:
    day = Day()
    for step in steps:
        day.play(step)
    day.hear(day.desk.after(1).tick())
    assert all(event.type != "refused" for event in day.events)
    teams = {queue.name: queue.team for queue in day.given.queues}
    last = {event.case_id: event for event in day.events}
    state = day.desk.router._state
    for case_id, event in last.items():
        case = state.case("acme", case_id)
        if case is not None and case.state == "waiting":
            assert (case.queue, case.team) == (event.queue, event.team)
            assert teams[case.queue] == case.team
