"""What holds of weights, fairness, the bound of offers and sticky reps by any policy, as a slow look finds it."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.codec import decode
from pipeline.route.policies import PolicyBook
from pipeline.route.skills import Terms, terms_of, words_met
from pipeline.route.state.classes import DemandClass, DemandKey
from pipeline.route.state.entities import Case, Lending, Rep
from pipeline.route.state.indexes import Workspace
from schemas.cases.case import Assignment
from schemas.policy.policy import Policy
from schemas.topics import ASSIGNMENTS
from tests.property.any_desk import BUSY
from tests.property.route_play import POLICIES, REPS, Desk, Played, Step, new_router, play

EXAMPLES = settings(max_examples=60, deadline=None)
HOUR_S = 3600
QUEUE = st.fixed_dictionaries(
    {
        "fairness": st.sampled_from(("load", "longest_idle", "round_robin")),
        "channel_weights": st.fixed_dictionaries({"public": st.integers(1, 2), "direct": st.integers(1, 3)}),
        "interruptible": st.booleans(),
        "sticky": st.fixed_dictionaries(
            {
                "scope": st.sampled_from(("off", "queue", "any")),
                "ttl_s": st.sampled_from((30, 10_000)),
                "hold_s": st.sampled_from((0, 10, 60)),
            }
        ),
        "reopen_within_s": st.sampled_from((0, 259_200)),
    }
)
GIVEN = st.tuples(
    st.lists(QUEUE, min_size=len(POLICIES["acme"].queues), max_size=len(POLICIES["acme"].queues)),
    st.sampled_from((None, 1, 2, 5)),
)


def policy_of(queues: list[dict[str, Any]], offers_per_hour: int | None) -> Policy:
    """Returns the policy of the play with other rules of who is asked."""
    data = POLICIES["acme"].model_dump(mode="json")
    for queue, over in zip(data["queues"], queues, strict=True):
        queue |= over
    return Policy.model_validate(data | {"offers_per_hour": offers_per_hour})


def _assignments(day: list[Played]) -> Iterator[Assignment]:
    for played in day:
        for output in played.decisions.outputs:
            if output.topic == ASSIGNMENTS.name:
                yield decode(Assignment, output.value)


def _is_taken(said: Assignment) -> bool:
    """Whether a rep has the case from now on, or is offered it."""
    given_away = said.state == "assigned" and said.reason != "accepted"
    return not said.update and (said.state == "offered" or given_away)


@EXAMPLES
@given(BUSY, GIVEN)
def test_no_rep_ever_has_more_than_the_capacity(
    steps: list[Step], given: tuple[list[dict[str, Any]], int | None]
) -> None:
    policy = policy_of(*given)
    held: dict[str, tuple[str, int, bool]] = {}
    for said in _assignments(play(steps, {"acme": policy})):
        if not _is_taken(said):
            if said.state in ("released", "closed"):
                del held[said.case_id]
            continue
        queue = policy.queue(said.queue)
        assert queue is not None
        weight = queue.channel_weights.direct if said.channel == "direct" else queue.channel_weights.public
        held[said.case_id] = said.rep_id, weight, queue.interruptible
        counted = [
            w for rep, w, light in held.values() if rep == said.rep_id and (queue.interruptible or not light)
        ]
        assert sum(counted) <= REPS[said.rep_id]["capacity"]


@EXAMPLES
@given(BUSY, GIVEN)
def test_no_rep_is_offered_more_within_any_hour_than_the_policy_allows(
    steps: list[Step], given: tuple[list[dict[str, Any]], int | None]
) -> None:
    bound = given[1] or 10**6
    offers: dict[str, list[float]] = defaultdict(list)
    for said in _assignments(play(steps, {"acme": policy_of(*given)})):
        if said.state == "offered" and not said.update:
            offers[said.rep_id].append(said.decided_at.timestamp())
    for times in offers.values():
        for first, after in zip(times, times[bound:], strict=False):
            assert after - first >= HOUR_S


@EXAMPLES
@given(BUSY, GIVEN)
def test_a_free_rep_sits_beside_a_waiting_case_only_where_a_hold_or_the_bound_says_so(
    steps: list[Step], given: tuple[list[dict[str, Any]], int | None]
) -> None:
    policies = {"acme": policy_of(*given)}
    router = new_router()
    offers: dict[str, list[int]] = defaultdict(list)
    day = play(steps, policies)
    for played, transaction in zip(day, Desk(router, policies).play(day), strict=True):
        for said in _assignments([played]):
            if said.state == "offered" and not said.update:
                offers[said.rep_id].append(round(1000 * said.decided_at.timestamp()))
        look = Look(router._state.workspaces["acme"], router._book, offers, transaction.now_ms)
        for case in look.waiting():
            takers = look.takers(case)
            holder = look.holder(case)
            if holder is None:
                assert [rep.rep_id for rep in takers if not look.is_bounded(rep)] == [], case
            elif holder in takers:
                assert look.is_bounded(holder), case


class Look:
    """A slow look at the reps who could take a case, over all that there are."""

    def __init__(self, at: Workspace, book: PolicyBook, offers: dict[str, list[int]], now_ms: int) -> None:
        self._at, self._offers, self._now_ms = at, offers, now_ms
        view = book.view("acme")
        assert view is not None
        self._policy = view.policy

    def waiting(self) -> list[Case]:
        return [case for case in self._at.cases.values() if case.state == "waiting" and not case.timer_parked]

    def takers(self, case: Case) -> list[Rep]:
        """Returns who could take the case, the bound of offers apart."""
        terms = self._terms(case)
        fitting = [rep for rep in self.reps() if self._fits(rep, terms)]
        refused = dict(case.refused)
        if not all(rep.rep_id in refused for rep in fitting):
            fitting = [rep for rep in fitting if rep.rep_id not in refused]
        # Those who are only lent have shares to keep, which have tests of their own.
        own = {*terms.teams}.difference(terms.lent)
        is_shut = not self._at.classes.demand_of(case).terms.teams
        if terms.pull or is_shut:
            return []
        return [rep for rep in fitting if own.intersection(rep.teams) and self.room(rep, case)]

    def holder(self, case: Case) -> Rep | None:
        """Returns the rep for whom the case is kept."""
        rep = self._at.reps.get(case.extras.sticky_rep or "")
        if rep is None or case.extras.sticky_ms is None or not rep.present:
            return None
        return rep if self._fits(rep, self._terms(case)) and self.room(rep, case) else None

    def _terms(self, case: Case) -> Terms:
        lenders = self._at.lendings.get(case.queue, Lending()).teams
        return terms_of(self._policy.queue(case.queue), case.team, case.skills, case.extras.ring, lenders)

    def _fits(self, rep: Rep, terms: Terms) -> bool:
        return bool({*rep.teams} & {*terms.teams}) and words_met(rep.skills) >= terms.skills

    def is_bounded(self, rep: Rep) -> bool:
        # A timer that is due now may fire with the next transaction.
        recent = [ms for ms in self._offers[rep.rep_id] if ms + 1000 * HOUR_S >= self._now_ms]
        return self._policy.offers_per_hour is not None and len(recent) >= self._policy.offers_per_hour

    def reps(self) -> list[Rep]:
        return [rep for rep in self._at.reps.values() if rep.present]

    def room(self, rep: Rep, of: Case | DemandKey) -> bool:
        kind = of.extras if isinstance(of, Case) else of
        held = [case.extras for case in self._held(rep)]
        counted = [each.weight for each in held if kind.interruptible or not each.interruptible]
        return sum(counted) + kind.weight <= rep.capacity

    def rank(self, rep: Rep, demand: DemandClass) -> tuple[float, int]:
        """Returns how far in front the rep stands by the rule of the queue, hashes apart."""
        if demand.terms.fairness == "round_robin":
            return 0.0, dict(rep.turns).get(demand.key.queue, 0)
        load = sum(case.extras.weight for case in self._held(rep)) / rep.capacity
        return load if demand.terms.fairness == "load" else 0.0, rep.last_offer_ms

    def _held(self, rep: Rep) -> list[Case]:
        cases = self._at.cases.values()
        return [case for case in cases if case.offer is not None and case.offer.rep_id == rep.rep_id]


@EXAMPLES
@given(BUSY, GIVEN)
def test_no_case_is_kept_for_a_rep_for_longer_than_its_queue_says(
    steps: list[Step], given: tuple[list[dict[str, Any]], int | None]
) -> None:
    policies = {"acme": policy_of(*given)}
    router = new_router()
    day = play(steps, policies)
    for transaction in Desk(router, policies).play(day):
        for case in router._state.workspaces["acme"].cases.values():
            assert (case.extras.sticky_rep is None) == (case.extras.sticky_ms is None)
            if case.extras.sticky_ms is not None and case.state == "waiting":
                assert case.extras.sticky_ms >= transaction.now_ms


@EXAMPLES
@given(BUSY, GIVEN)
def test_each_order_holds_all_who_could_take_such_a_case_and_the_rule_of_the_queue_sorts_them(
    steps: list[Step], given: tuple[list[dict[str, Any]], int | None]
) -> None:
    policies = {"acme": policy_of(*given)}
    router = new_router()
    day = play(steps, policies)
    for played in Desk(router, policies).play(day):
        look = Look(router._state.workspaces["acme"], router._book, {}, played.now_ms)
        for demand in router._state.workspaces["acme"].classes.demands():
            queue = policies["acme"].queue(demand.key.queue)
            assert demand.order.rule == ("load" if queue is None else queue.fairness)
            for reps, free in demand.takers.items():
                fitting = [rep for rep in look.reps() if (rep.teams, rep.skills) == reps.key[1:]]
                named = [place[3] for place in free]
                assert set(named) == {
                    rep.rep_id for rep in fitting if rep.bound_ms is None and look.room(rep, demand.key)
                }
                ranks = [look.rank(router._state.workspaces["acme"].reps[rep_id], demand) for rep_id in named]
                assert ranks == sorted(ranks)
