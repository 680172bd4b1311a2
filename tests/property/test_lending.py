"""Other teams have cases of a queue only while its rule holds, and never more of them than their share."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.clock import to_ms
from pipeline.route.matching import takers
from schemas.cases.case import CaseEvent
from schemas.policy.policy import Policy
from tests.builders import START_MS, accept, policy, presence, reject, resolve, scored, signed_in, signed_out
from tests.routers import ALL
from tests.unit.route.desk_of_one import Answer, Desk

REPS: dict[str, tuple[str, ...]] = {
    "c1": ("care",),
    "s1": ("social",),
    "s2": ("social",),
    "both": ("care", "social"),
}
KINDS = ["post"] * 5 + ["own"] + ["in"] * 3 + ["out", "away"] + ["accept"] * 4 + ["reject"] + ["resolve"] * 5
WAITS_MS = st.sampled_from([0, 0, 0, 1000, 10_000, 60_000, 120_000])
"""Whole seconds. A rule begins by time alone in the millisecond after one, so never together with what is fed."""
STEPS = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 9), WAITS_MS), min_size=30, max_size=60)
LIMITS = st.sampled_from(
    [{"waiting_over": 0}, {"waiting_over": 3}, {"waiting_over_s": 60}, {"waiting_over": 2, "waiting_over_s": 60}]
)


class Rule:
    """Says from the events alone whether the rule holds."""

    def __init__(self, limits: dict[str, int]) -> None:
        self.limits = limits
        self.since: dict[str, int] = {}
        """When each case of the queue was opened."""
        self.waiting: set[str] = set()
        self.holds = False

    def look(self, now_ms: int) -> None:
        waited_s = (now_ms - min((self.since[case_id] for case_id in self.waiting), default=now_ms)) / 1000
        pairs = [
            (self.limits[name], value)
            for name, value in (("waiting_over", len(self.waiting)), ("waiting_over_s", waited_s))
            if name in self.limits
        ]
        still = any(value >= limit / 2 for limit, value in pairs)
        self.holds = bool(self.waiting) and (
            (self.holds and still) or any(value > limit for limit, value in pairs)
        )

    def take(self, event: CaseEvent) -> None:
        if event.queue != "care":
            return
        if event.type == "queued":
            self.since[event.case_id] = to_ms(event.at)
        if event.state == "waiting":
            self.waiting.add(event.case_id)
        else:
            self.waiting.discard(event.case_id)


class Office:
    """A desk with two teams, of which one lends to the other, and what is known from outside."""

    def __init__(self, limits: dict[str, int], share: float) -> None:
        data = policy(missed_offers=20).model_dump(mode="json")
        data["queues"][0]["borrows"] = [{"team": "social", "max_share": share} | limits]
        data["queues"][0]["refusal_ttl_s"] = 30
        self.desk = Desk(Policy.model_validate(data))
        self.share, self.rule = share, Rule(limits)
        self.capacity: dict[str, int] = {}
        self.lent: dict[str, str] = {}
        self.offers: dict[str, tuple[str, int, str]] = {}
        self.serial = 0

    def play(self, kind: str, what: int, wait_ms: int) -> None:
        self.serial += 1
        desk = self.desk.after(wait_ms / 1000)
        self.rule.look(desk.now_ms - 1)
        desk.router.fire_timers(desk.now_ms - 1, ALL)
        self._judge(desk.commit())
        messages = [self._message(kind, what)]
        if kind == "post" and what > 5:
            for _ in range(4):
                self.serial += 1
                messages.append(self._message(kind, what))
        self._judge(desk.tick() if messages[0] is None else desk.feed(*messages))
        self._nobody_waits_beside_who_may_take()

    def _message(self, kind: str, what: int) -> Any:
        rep, seq = sorted(REPS)[what % len(REPS)], self.serial
        if kind in ("post", "own"):
            name, ms = f"p{self.serial}", self.desk.now_ms - START_MS
            queue, skills = ("fans" if kind == "own" else "care"), (("es",) if what == 9 else ())
            return scored(name, name, ms=ms, queue=queue, skills=skills, priority=10.0 * what)
        if kind == "in":
            self.capacity[rep] = 1 + what % 3
            skills = ("es",) if what < 5 else ()
            return signed_in(rep, teams=REPS[rep], skills=skills, capacity=1 + what % 3, seq=seq)
        if kind in ("out", "away") and rep in self.capacity:
            del self.capacity[rep]
            return signed_out(rep, seq=seq) if kind == "out" else presence(rep, "away", seq=seq)
        open_offers = [offer for offer in self.offers.values() if (offer[2] == "offered") == (kind != "resolve")]
        if kind in ("accept", "reject", "resolve") and open_offers:
            case_id, attempt, _ = open_offers[what % len(open_offers)]
            place = next(said for said in self.desk.router._state.workspaces["acme"].cases.values()
                         if said.case_id == case_id)  # fmt: skip
            assert place.offer is not None
            ask = {"accept": accept, "reject": reject, "resolve": resolve}[kind]
            return ask(case_id, attempt, place.offer.rep_id)
        return None

    def _judge(self, answer: Answer) -> None:
        said = {(each.case_id, each.attempt, each.state): each for each in answer.assignments}
        for event in answer.events:
            if event.type == "offered":
                # Until now nothing but offers can have made it end, and each is looked at.
                self.rule.look(to_ms(event.at))
                self._offered(event)
            elif event.state == "waiting" or event.type == "resolved":
                self.lent.pop(event.case_id, None)
            self.rule.take(event)
            if event.type == "offered":
                self.rule.look(to_ms(event.at))
        self.rule.look(self.desk.now_ms)
        for case_id, attempt, state in said:
            if state in ("offered", "assigned"):
                self.offers[case_id] = case_id, attempt, state
            else:
                self.offers.pop(case_id, None)

    def _offered(self, event: CaseEvent) -> None:
        assert event.rep_id is not None
        if event.queue != "care" or "care" in REPS[event.rep_id]:
            return
        assert self.rule.holds, "the rule does not hold"
        self.lent[event.case_id] = event.rep_id
        team = sum(units for rep, units in self.capacity.items() if "social" in REPS[rep])
        assert len(self.lent) <= self.share * team + 1e-9, "more than the share"

    def _nobody_waits_beside_who_may_take(self) -> None:
        state = self.desk.router._state
        for case in state.workspaces["acme"].cases.values():
            assert case.state != "waiting" or takers.best_taker(state, takers.demand_of(state, case), case) is None
        lenders = state.workspaces["acme"].lendings.get("care")
        assert (lenders is not None and lenders.teams == ("social",)) == self.rule.holds


@settings(max_examples=150, deadline=None)
@given(LIMITS, st.sampled_from([0.1, 0.3, 0.5, 1.0]), STEPS)
def test_lent_reps_have_cases_only_while_the_rule_holds_and_within_the_share(
    limits: dict[str, int], share: float, steps: list[tuple[str, int, int]]
) -> None:
    office = Office(limits, share)
    for kind, what, wait_ms in steps:
        office.play(kind, what, wait_ms)
