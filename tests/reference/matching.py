"""Who is offered what."""

from itertools import combinations

from tests.reference import needs
from tests.reference.entities import Case, Rep
from tests.reference.memory import World, dues
from tests.reference.outcomes import Offer


class Matching:
    """Finds the offers that may be made now."""

    def __init__(self, world: World) -> None:
        self.world = world

    def possible(self) -> list[Offer]:
        """Returns the legal offers, also those by the hours of before where a queue opens or shuts just now, and
        by the weights of before where a policy has changed them just now. Of reps whose offers leave the hour in
        the same millisecond each may come before the others."""
        earlier: list[Offer] = []
        freed = [rep.rep_id for rep in self.world.reps if self.world.leaves_bound(rep)]
        for count in range(1, len(freed) + 1):
            for late in combinations(freed, count):
                self.world.late = frozenset(late)
                earlier += self.legal()
        self.world.late = frozenset()
        if self.world.now_ms in self.world.edges_ms():
            self.world.hours_ms = self.world.now_ms - 1
            earlier = self.legal()
            self.world.hours_ms = self.world.now_ms
        return [*earlier, *self._by_old_weights(), *self.legal()]

    def due(self) -> list[Offer]:
        """Returns the offers of which one must be made now. What only new weights allow may wait for a second."""
        has_old = any(case.old_weight is not None for case in self.world.waiting())
        return [] if has_old and not self._by_old_weights() else self.legal()

    def _by_old_weights(self) -> list[Offer]:
        self.world.weighs_as_before = True
        legal = self.legal()
        self.world.weighs_as_before = False
        return legal

    def legal(self) -> list[Offer]:
        """Returns the offers of which one must be made now; none where nobody free may take what waits."""
        if not self.world.live:
            return []
        free = [
            (rep, case) for rep in self.world.reps for case in self.world.offered() if not self.excluded(rep, case)
        ]
        return [
            self.offer(case, rep)
            for rep, case in free
            if case in self._next_of(rep) and self._is_first_for(rep, case)
        ]

    def make(self, offer: Offer) -> None:
        """Makes one of the legal offers."""
        case, rep = self.world.case(offer.case), self.world.rep(offer.rep_id)
        assert case is not None
        assert rep is not None
        if self.all_refused(case):
            case.refused.clear()
        self.world.picks[rep.kind] = self._picks(rep) + 1
        self.hand(case, rep)

    def hand(self, case: Case, rep: Rep) -> None:
        """Offers the case to the rep."""
        rep.offers.append((self.world.now_ms, case.queue))
        if self.world.policy.offers_per_hour is not None:
            rep.counted.append(self.world.now_ms)
        case.taken_ms = None
        case.lent_by = needs.team_of(self.world, case, rep)
        case.burden = self.world.weight(case), self.world.is_light(case)
        case.state, case.rep_id = "offered", rep.rep_id
        case.attempt += 1
        case.updates = 0
        if case.has_old_terms:
            case.next_ring_ms = self.world.ring_ms(case)
        case.expires_ms = self.world.now_ms + 1000 * self.world.own_queue(case).offer_timeout_s

    def _next_of(self, rep: Rep) -> list[Case]:
        """Returns the cases of which a rep of this kind takes one next."""
        possible = [
            case
            for case in self.world.offered()
            if self.excluded(rep, case) == "" and self.awaited(case) in (None, rep)
        ]
        if not possible:
            return []
        # Of each n picks by reps of the same teams and skills one takes the oldest case that they may take.
        first = possible
        if not self._is_turn_of_oldest(rep):
            # A rep of teams with different orders takes the cases of those that go by priority first.
            first = [case for case in possible if not self.world.goes_by_time(case)] or possible
            # Who was left without an answer goes before all others.
            first = [case for case in first if case.front_ms is not None] or first
            nearest = min(self._place(case) for case in first)
            first = [case for case in first if self._place(case) == nearest]
        oldest = min(case.queued_ms for case in first)
        # Refusals that lapse in the same millisecond do so one after the other, and nothing says in which order.
        lapsed = [case for case in possible if self.world.now_ms in case.refused.values()]
        return [case for case in first if case.queued_ms == oldest] + lapsed

    def _place(self, case: Case) -> float:
        """Returns the place of a case in the order of its queue, of which the lowest is the first."""
        if not self.world.goes_by_time(case):
            return -case.priority
        return min((due.due_ms for due in dues(case) if due.due_ms is not None), default=case.respond_by_ms)

    def _is_turn_of_oldest(self, rep: Rep) -> bool:
        return (self._picks(rep) + 1) % self.world.policy.oldest_every == 0

    def _picks(self, rep: Rep) -> int:
        return self.world.picks.get(rep.kind, self.world.passed_over)

    def _is_first_for(self, rep: Rep, case: Case) -> bool:
        """Who has most of the skills is first, then who has the least load, then who had no offer for longest."""
        if self.awaited(case) is rep:
            return True
        free = [other for other in self.world.reps if self.excluded(other, case) == ""]
        if self._is_turn_of_oldest(rep):
            # The turn is one of the reps of that kind, whoever else may be free.
            free = [other for other in free if other.kind == rep.kind]
        return self.rank(rep, case) == min(self.rank(other, case) for other in free)

    def awaited(self, case: Case) -> Rep | None:
        """Returns the rep for whom a case waits, who is there with room for it, perhaps not to be asked yet."""
        rep = self.world.rep(case.wanted)
        if rep is None or not self.world.answers(rep) or not self.fits(rep, case):
            return None
        has_room = self.world.has_room(rep, case) and not needs.is_used_up(self.world, case, rep)
        return rep if has_room and not self.has_refused(rep, case) else None

    def rank(self, rep: Rep, case: Case) -> tuple[int, float, int]:
        """Returns the order of reps, of whom the lowest is the first."""
        met = sum(needs.has(rep, need) for need in needs.of_case(self.world, case))
        rule = self.world.own_queue(case).fairness
        if rule == "longest_idle":
            return -met, 0.0, rep.last_offer_ms()
        if rule == "round_robin":
            return -met, 0.0, rep.last_offer_ms(case.queue)
        load = sum(self.world.weight(other) for other in self.world.of_rep(rep))
        return -met, load / rep.capacity, rep.last_offer_ms()

    def excluded(self, rep: Rep, case: Case) -> str:
        """Returns why the rep cannot take the case, or nothing."""
        if not self.fits(rep, case, skilled=False):
            return "other_team"
        if not rep.available:
            return "away"
        if rep.is_silent:
            return "not_responding"
        if not self.fits(rep, case):
            return "missing_skill"
        if self.has_refused(rep, case):
            return "refused_before"
        if self.world.is_at_bound(rep):
            return "offers_per_hour"
        is_full = not self.world.has_room(rep, case) or needs.is_used_up(self.world, case, rep)
        return "at_capacity" if is_full else ""

    def fits(self, rep: Rep, case: Case, *, skilled: bool = True) -> bool:
        """Says whether the rep is there for the case's teams, with what it asks for."""
        in_team = rep.is_in and not needs.teams(self.world, case).isdisjoint(rep.teams)
        return in_team and (not skilled or all(needs.has(rep, need) for need in needs.left(self.world, case)))

    def has_refused(self, rep: Rep, case: Case) -> bool:
        """A refusal counts for its time, unless all others who are there have refused too."""
        return self.refused_lately(rep, case) and not self.all_refused(case)

    def all_refused(self, case: Case) -> bool:
        """Says whether everybody who is there and could take it has refused it."""
        there = [rep for rep in self.world.reps if self.world.answers(rep) and self.fits(rep, case)]
        return all(self.refused_lately(rep, case) for rep in there)

    def refused_lately(self, rep: Rep, case: Case) -> bool:
        """Says whether the rep's refusal still counts."""
        return self.world.now_ms < case.refused.get(rep.rep_id, 0)

    def only(self, case: Case, rep: Rep, reason: str) -> Offer:
        """Returns the offer to a rep who is asked without regard to others, so that nobody else could have it."""
        offer = self.offer(case, rep, reason)
        # Who is asked may be of another team than those who are counted.
        return offer._replace(eligible=1, present=max(1, offer.present), excluded=())

    def offer(self, case: Case, rep: Rep, reason: str = "matched") -> Offer:
        """Returns the offer, with the counts of who else could have had it."""
        of_team = [other for other in self.world.reps if self.fits(other, case, skilled=False)]
        why = [self.excluded(other, case) for other in of_team]
        # Whoever has refused is told as such, also after all others have.
        for at, other in enumerate(of_team):
            if why[at] in ("at_capacity", "offers_per_hour") and self.refused_lately(other, case):
                why[at] = "refused_before"
        return Offer(
            case.name,
            rep.rep_id,
            reason,
            case.attempt + 1,
            self.world.now_ms + 1000 * self.world.own_queue(case).offer_timeout_s,
            why.count(""),
            sum(self.world.answers(other) for other in of_team),
            tuple(sorted((code, why.count(code)) for code in set(why) if code)),
            self.world.only_on_platform(case),
        )
