"""Classes: what is the same for many cases and for many reps, said once for all of them.

Cases of one demand class may be taken by the same reps, and reps of one rep class may take the same cases. Who may
take what is therefore decided once for each pair of classes, when the later of the two appears or a policy comes
into force, and a decision never walks over cases or reps. Classes come from the entities alone, with the
policies.
"""

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from pipeline.route.skills import Terms, terms_of, words_met
from pipeline.route.state.entities import Case, Rep
from pipeline.route.state.lanes import FreshLane, ParkedLane, Rank, rank_of
from schemas.policy.queues import Queue

SLACK = 64
"""Demand classes without a case that are kept, besides as many as there are with one. Most come back soon, and to
find out anew who may take them would cost more than to remember it."""


class DemandKey(NamedTuple):
    """All of a case that decides who may take it, apart from refusals of single reps."""

    workspace: str
    team: str
    queue: str
    skills: tuple[str, ...]
    ring: int = 0


class RepKey(NamedTuple):
    """All that decides which cases a rep may take, apart from the rep's own refusals."""

    workspace: str
    teams: tuple[str, ...]
    skills: tuple[str, ...]

    @property
    def name(self) -> str:
        """Returns the text that names the class within its workspace, the same in every release. Names of teams
        and skills hold no comma and no slash."""
        return f"{','.join(self.teams)}/{','.join(self.skills)}"


def rep_key(rep: Rep) -> RepKey:
    """Returns the key of the class of a rep."""
    return RepKey(rep.workspace, rep.teams, rep.skills)


FreeRep = tuple[float, int, int, str]
"""(share of capacity in use, time of the last offer in milliseconds, hash, rep_id), so that the smallest gets the
next case."""


class DemandClass:
    """The waiting cases of one demand class, and the rep classes that may take them."""

    __slots__ = ("_cases", "fresh", "key", "misses", "parked", "present", "takers", "terms")

    def __init__(self, key: DemandKey, terms: Terms, cases: Mapping[str, Case]) -> None:
        self._cases = cases
        self.key = key
        self.terms = terms
        """Who may take the cases by the policy in force."""
        self.fresh = FreshLane(self._fresh_place)
        """The cases that nobody has refused, so that the first of them suits every free rep of `takers`."""
        self.parked = ParkedLane()
        """The cases with refusals. Each must be compared with the reps before it is offered."""
        self.takers: list[RepClass] = []
        self.present = 0
        """The number of reps at work who may take the cases."""
        self.misses: dict[RepClass, int] = {}
        """How many of the skills that were asked for before the first ring the takers lack, where any do."""

    def __len__(self) -> int:
        return len(self.fresh) + len(self.parked)

    def lane(self, case: Case) -> FreshLane | ParkedLane:
        """Returns the lane in which a waiting case of this class belongs."""
        return self.parked if case.refused else self.fresh

    def _fresh_place(self, case_id: str) -> Rank | None:
        case, key = self._cases.get(case_id), self.key
        if case is None or case.state != "waiting" or case.timer_parked or case.refused:
            return None
        return rank_of(case) if (case.team, case.queue, case.skills, case.ring) == key[1:] else None

    def suits(self, reps: "RepClass") -> bool:
        """Whether the cases are offered to reps of that class."""
        return not self.terms.pull and self.fits(reps)

    def fits(self, reps: "RepClass") -> bool:
        """Whether reps of that class may take the cases."""
        return reps.skills.issuperset(self.terms.skills) and not reps.team_names.isdisjoint(self.terms.teams)


class Team:
    """The rep classes of one team, and how many of their signed-in reps are at work or are not."""

    __slots__ = ("away", "not_responding", "present", "reps")

    def __init__(self) -> None:
        self.reps: list[RepClass] = []
        self.present = 0
        self.away = 0
        self.not_responding = 0


class Pool(NamedTuple):
    """How many signed-in reps of several teams are at work or are not, each counted once."""

    present: int
    away: int
    not_responding: int


class RepClass:
    """The signed-in reps of one class: the free ones in order, the others as counts."""

    __slots__ = (
        "away", "capacity", "demands", "free", "key", "name", "not_responding", "present", "signed_in", "skills",
        "taken", "team_names", "teams",
    )  # fmt: skip

    def __init__(self, key: RepKey, teams: list[Team]) -> None:
        self.key = key
        self.name = key.name
        self.skills = words_met(key.skills)
        """All that they can do, each skill at each level up to theirs."""
        self.team_names = frozenset(key.teams)
        self.teams = teams
        self.demands: list[DemandClass] = []
        """The demand classes whose cases they may take."""
        self.free: list[FreeRep] = []
        """The reps who could take one more case now, the next one first."""
        self.signed_in = 0
        self.capacity = 0
        """The capacity of those at work."""
        self.taken = 0
        """How much of it is taken."""
        self.present = 0
        self.away = 0
        self.not_responding = 0

    def count(self, rep: Rep, by: int) -> None:
        """Adds a signed-in rep to the counts (1), or takes one away (-1)."""
        self.signed_in += by
        # The first that holds, because each rep is counted once among the reasons why reps could not take a case.
        if not rep.available:
            self.away += by
            for team in self.teams:
                team.away += by
        elif rep.not_responding:
            self.not_responding += by
            for team in self.teams:
                team.not_responding += by
        else:
            self.present += by
            for team in self.teams:
                team.present += by
            for demand in self.demands:
                demand.present += by

    def add_free(self, place: FreeRep) -> None:
        """Adds a rep who could take one more case."""
        insort(self.free, place)

    def remove_free(self, place: FreeRep) -> None:
        """Takes out a rep who was added at that place."""
        del self.free[bisect_left(self.free, place)]


class Classes:
    """The classes of one workspace, each found by its key.

    Args:
        cases: the open cases of the workspace.
    """

    def __init__(self, cases: Mapping[str, Case]) -> None:
        self._cases = cases
        self._demands: dict[DemandKey, DemandClass] = {}
        self._reps: dict[RepKey, RepClass] = {}
        self._known: Counter[RepKey] = Counter()
        """How many reps are of each class, those included who have signed out and are not forgotten."""
        self._teams: dict[str, Team] = {}
        self._queues: dict[str, Queue] = {}
        self._most_demands = SLACK

    def demand_of(self, case: Case) -> DemandClass:
        """Returns the class of a case, which is made where it is new."""
        demand = self._demands.get((case.workspace, case.team, case.queue, case.skills, case.ring))  # type: ignore[call-overload]
        return self._new_demand(case) if demand is None else demand

    def _new_demand(self, case: Case) -> DemandClass:
        self._drop_empty_demands()
        key = DemandKey(case.workspace, case.team, case.queue, case.skills, case.ring)
        demand = self._demands[key] = DemandClass(key, self._terms_of(key), self._cases)
        self._join_takers(demand)
        return demand

    def _terms_of(self, key: DemandKey) -> Terms:
        queue = self._queues.get(key.queue)
        own = queue if queue is not None and queue.team == key.team else None
        return terms_of(own, key.team, key.skills, key.ring)

    def _join_takers(self, demand: DemandClass) -> None:
        for name in demand.terms.teams:
            for reps in self.team(name).reps:
                # A class of two such teams is met twice.
                if demand.suits(reps) and reps not in demand.takers:
                    _join(demand, reps)

    def follow(self, queues: Iterable[Queue]) -> list[RepClass]:
        """Divides the work anew by the queues of the policy in force.

        Returns:
            The classes that could take the cases of a demand class before or can now, where that is another now.
        """
        self._queues = {queue.name: queue for queue in queues}
        changed: list[RepClass] = []
        for demand in self._demands.values():
            terms = self._terms_of(demand.key)
            if terms != demand.terms:
                changed += demand.takers
                for reps in demand.takers:
                    reps.demands.remove(demand)
                demand.takers, demand.present, demand.terms = [], 0, terms
                demand.misses.clear()
                self._join_takers(demand)
                changed += demand.takers
        return changed

    def pool(self, names: tuple[str, ...]) -> "Team | Pool":
        """Returns how many of the reps of these teams are at work or are not."""
        if len(names) == 1:
            return self.team(names[0])
        reps = {reps for name in names for reps in self.team(name).reps}
        return Pool(
            sum(each.present for each in reps),
            sum(each.away for each in reps),
            sum(each.not_responding for each in reps),
        )

    def team(self, name: str) -> Team:
        """Returns a team, which is made where it is new."""
        team = self._teams.get(name)
        if team is None:
            team = self._teams[name] = Team()
        return team

    def reps_of(self, rep: Rep) -> RepClass:
        """Returns the class of a rep, which is made where it is new."""
        key = rep_key(rep)
        reps = self._reps.get(key)
        if reps is None:
            reps = self._reps[key] = RepClass(key, [self.team(name) for name in key.teams])
            for team in reps.teams:
                team.reps.append(reps)
            for demand in self._demands.values():
                if demand.suits(reps):
                    _join(demand, reps)
        return reps

    def know(self, rep: Rep, by: int) -> None:
        """Counts a rep, at work or not, as one of the class (1), or no longer (-1)."""
        key = rep_key(rep)
        self._known[key] += by
        if not self._known[key]:
            del self._known[key]

    def is_known(self, key: RepKey) -> bool:
        """Whether anybody is of the class, at work or not."""
        return key in self._known

    def drop_reps(self, reps: RepClass) -> None:
        """Forgets a class of which nobody is signed in."""
        del self._reps[reps.key]
        for team in reps.teams:
            team.reps.remove(reps)
        for demand in reps.demands:
            demand.takers.remove(reps)
            demand.misses.pop(reps, None)

    def demands(self) -> Iterable[DemandClass]:
        """Returns the demand classes, in no order that means anything."""
        return self._demands.values()

    def reps(self) -> Iterable[RepClass]:
        """Returns the rep classes, in no order that means anything."""
        return self._reps.values()

    def _drop_empty_demands(self) -> None:
        if len(self._demands) < self._most_demands:
            return
        for demand in [demand for demand in self._demands.values() if not len(demand)]:
            del self._demands[demand.key]
            for reps in demand.takers:
                reps.demands.remove(demand)
        self._most_demands = 2 * len(self._demands) + SLACK


def _join(demand: DemandClass, reps: RepClass) -> None:
    demand.takers.append(reps)
    if missed := len(demand.terms.whole - reps.skills):
        demand.misses[reps] = missed
    demand.present += reps.present
    reps.demands.append(demand)
