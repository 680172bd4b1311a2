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

from pipeline.route.fairness.loans import Loan, Loans
from pipeline.route.fairness.order import PLAIN, FreeRep, Order, Place, order_of
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
    weight: int = 1
    interruptible: bool = False


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


class DemandClass:
    """The waiting cases of one demand class, and the rep classes that may take them."""

    __slots__ = (
        "_cases", "bounded", "fresh", "key", "loans", "misses", "order", "parked", "present", "takers", "terms",
    )  # fmt: skip

    def __init__(self, key: DemandKey, terms: Terms, cases: Mapping[str, Case]) -> None:
        self._cases = cases
        self.key = key
        self.terms: Terms
        """Who may take the cases by the policy in force."""
        self.order: Order
        """The order in which reps are asked for them."""
        self.follow(terms)
        self.fresh = FreshLane(self._fresh_place)
        """The cases that nobody has refused and that wait for no single rep, so that the first of them suits every
        free rep of `takers`."""
        self.parked = ParkedLane()
        """The other cases. Each must be compared with the reps before it is offered."""
        self.takers: dict[RepClass, list[FreeRep]] = {}
        """The rep classes, each with those of its reps who could take one of the cases now, the next one first."""
        self.present = 0
        """The number of reps at work who may take the cases."""
        self.bounded = 0
        """How many of them have had as many offers within the hour as the policy allows."""
        self.misses: dict[RepClass, int] = {}
        """How many of the skills that were asked for before the first ring the takers lack, where any do."""
        self.loans: dict[RepClass, tuple[Loan, ...]] = {}
        """By what loans the rep classes may have the cases, or pick them, that are of no other team which may."""

    def __len__(self) -> int:
        return len(self.fresh) + len(self.parked)

    def lane(self, case: Case) -> FreshLane | ParkedLane:
        """Returns the lane in which a waiting case of this class belongs."""
        return self.parked if case.refused or case.extras.sticky_rep is not None else self.fresh

    def follow(self, terms: Terms) -> None:
        """Takes what the policy in force says."""
        self.terms = terms
        self.order = order_of(
            self.key.weight, terms.fairness, self.key.queue, interruptible=self.key.interruptible
        )

    def _fresh_place(self, case_id: str) -> Rank | None:
        case, key = self._cases.get(case_id), self.key
        if case is None or case.state != "waiting" or case.timer_parked or case.refused:
            return None
        extras = case.extras
        if extras.sticky_rep is not None:
            return None
        kind = case.team, case.queue, case.skills, extras.ring, extras.weight, extras.interruptible
        return rank_of(case) if kind == key[1:] else None

    @property
    def oldest_ms(self) -> int | None:
        """When the oldest case began to wait, in milliseconds; None where none waits."""
        return min((lane.oldest[0] for lane in (self.fresh, self.parked) if lane.oldest is not None), default=None)

    def has_room(self, reps: "RepClass") -> bool:
        """Whether what lends reps of that class to the cases, if they are lent, is not used up."""
        loans = self.loans.get(reps)
        return loans is None or any(loan.has_room(self.key.weight) for loan in loans)

    def team_of(self, reps: "RepClass") -> str | None:
        """Returns the team by which reps of that class may take a case; None where none of theirs may."""
        for loan in self.loans.get(reps, ()):
            if loan.has_room(self.key.weight):
                return loan.lender
        return next((team for team in self.terms.teams if team in reps.team_names), None)

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
        "away", "bounded", "capacity", "demands", "free", "key", "members", "name", "not_responding", "present",
        "signed_in", "skills", "taken", "team_names", "teams",
    )  # fmt: skip

    def __init__(self, key: RepKey, teams: list[Team]) -> None:
        self.key = key
        self.name = key.name
        self.skills = words_met(key.skills)
        """All that they can do, each skill at each level up to theirs."""
        self.team_names = frozenset(key.teams)
        self.teams = teams
        self.demands: dict[DemandClass, list[FreeRep]] = {}
        """The demand classes whose cases they may take, each with those who could take one now."""
        self.free: dict[Order, list[FreeRep]] = {PLAIN: []}
        """The reps who could take one more case of each kind now, the next one first."""
        self.members: set[Place] = set()
        """Where all the signed-in reps stand."""
        self.signed_in = 0
        self.capacity = 0
        """The capacity of those at work."""
        self.taken = 0
        """How much of it is taken."""
        self.present = 0
        self.bounded = 0
        """How many of those present have had as many offers within the hour as the policy allows."""
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
            if rep.bound_ms is not None:
                self.bounded += by
                for demand in self.demands:
                    demand.bounded += by

    @property
    def is_free(self) -> bool:
        """Whether one of them could take a case of some kind now."""
        return any(self.free.values())

    def settle(self, place: Place, rep: Rep | None) -> bool:
        """Puts a rep of the class where the rep belongs in each order, or takes the rep out.

        Args:
            place: where the rep stands, with the place of before in each order.
            rep: the rep as stored now; None for one who leaves the class.

        Returns:
            Whether the rep could take no case of some kind before and can take one now.
        """
        is_freed = False
        for order, free in self.free.items():
            old = place.free.get(order)
            new = None if rep is None else place.in_order(rep, order)
            if old is not None:
                del free[bisect_left(free, old)]
            if new is not None:
                insort(free, new)
                place.free[order] = new
                # Who was free already has nothing to wait for: all cases that the rep may take have gone.
                is_freed = is_freed or old is None
            elif old is not None:
                del place.free[order]
        return is_freed

    def join(self, demand: DemandClass) -> None:
        """Lets the reps take the cases of a demand class."""
        order = demand.order
        free = self.free.get(order)
        if free is None:
            free = self.free[order] = []
            for place in self.members:
                at = None if place.rep is None else place.in_order(place.rep, order)
                if at is not None:
                    insort(free, at)
                    place.free[order] = at
        demand.takers[self] = self.demands[demand] = free
        demand.present += self.present
        demand.bounded += self.bounded
        if missed := len(demand.terms.whole - self.skills):
            demand.misses[self] = missed

    def part(self, demand: DemandClass) -> None:
        """Lets the reps no longer take the cases of a demand class, of which `takers` is emptied afterwards."""
        free = self.demands.pop(demand)
        if any(free is other for other in self.demands.values()):
            return
        for order in [order for order, each in self.free.items() if each is free and order != PLAIN]:
            del self.free[order]
            for place in self.members:
                place.free.pop(order, None)


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
        self._loans = Loans()
        self._shut: set[str] = set()
        """The queues whose cases nobody may take now."""
        self._most_demands = SLACK

    def demand_of(self, case: Case) -> DemandClass:
        """Returns the class of a case, which is made where it is new."""
        extras = case.extras
        key = (
            case.workspace, case.team, case.queue, case.skills, extras.ring, extras.weight, extras.interruptible,
        )  # fmt: skip
        demand = self._demands.get(key)  # type: ignore[call-overload]
        return self._new_demand(DemandKey(*key)) if demand is None else demand

    def _new_demand(self, key: DemandKey) -> DemandClass:
        self._drop_empty_demands()
        demand = self._demands[key] = DemandClass(key, self._terms_of(key), self._cases)
        self._join_takers(demand)
        return demand

    def _terms_of(self, key: DemandKey) -> Terms:
        queue = self._queues.get(key.queue)
        own = queue if queue is not None and queue.team == key.team else None
        terms = terms_of(own, key.team, key.skills, key.ring, self._loans.lenders(key.queue))
        return terms._replace(teams=()) if key.queue in self._shut else terms

    def _join_takers(self, demand: DemandClass) -> None:
        for name in demand.terms.teams:
            for reps in self.team(name).reps:
                # A class of two such teams is met twice.
                if demand.fits(reps) and reps not in demand.takers:
                    self._join(demand, reps)

    def _join(self, demand: DemandClass, reps: RepClass) -> None:
        if not demand.terms.pull:
            reps.join(demand)
        lent = demand.terms.lent
        if lent and reps.team_names.isdisjoint(set(demand.terms.teams).difference(lent)):
            own = [lender for lender in lent if lender in reps.team_names]
            demand.loans[reps] = tuple([self.loan(demand.key.queue, lender) for lender in own])

    def follow(self, queues: Iterable[Queue]) -> list[RepClass]:
        """Divides the work anew by the queues of the policy in force.

        Returns:
            The classes that could take the cases of a demand class before or can now, where that is another now.
        """
        self._queues = {queue.name: queue for queue in queues}
        self._loans.follow(self._queues)
        return self._divide()

    def lend(self, name: str, lenders: tuple[str, ...]) -> list[RepClass]:
        """Sets the teams that lend to a queue now.

        Returns:
            As `follow`.
        """
        self._loans.lend(name, lenders)
        return self._divide()

    def loan(self, name: str, lender: str) -> Loan:
        """Returns what a team lends to a queue."""
        return self._loans.loan(name, lender, self.team(lender))

    def lent(self, teams: Iterable[str]) -> set[RepClass]:
        """Returns the classes of those of the teams that lend to a queue now, if one of their reps is free."""
        return {reps for team in self._loans.lending(teams) for reps in self.team(team).reps if reps.is_free}

    def oldest_ms(self, name: str) -> int | None:
        """Returns when the oldest case of a queue began to wait, in milliseconds; None where none waits."""
        oldest = (demand.oldest_ms for demand in self._demands.values() if demand.key.queue == name)
        return min((oldest_ms for oldest_ms in oldest if oldest_ms is not None), default=None)

    def shut(self, queue: str, *, is_shut: bool) -> list[RepClass]:
        """Lets nobody take the cases of a queue, or those again who may.

        Returns:
            As `follow`.
        """
        if is_shut == (queue in self._shut):
            return []
        self._shut ^= {queue}
        return self._divide()

    def _divide(self) -> list[RepClass]:
        changed: list[RepClass] = []
        for demand in self._demands.values():
            terms = self._terms_of(demand.key)
            if terms != demand.terms:
                changed += demand.takers
                for reps in demand.takers:
                    reps.part(demand)
                demand.follow(terms)
                demand.present = demand.bounded = 0
                demand.takers.clear()
                demand.misses.clear()
                demand.loans.clear()
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
                if demand.fits(reps):
                    self._join(demand, reps)
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
            del demand.takers[reps]
            demand.misses.pop(reps, None)
        if self._loans.are_made:
            for demand in self._demands.values():
                demand.loans.pop(reps, None)

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
                reps.part(demand)
        self._most_demands = 2 * len(self._demands) + SLACK
