"""A slow and obvious router. It decides what the contract says and remembers everything in plain lists.

It knows cases by the post that opened them. Where the contract leaves a choice open, such as the hash between reps
who are alike in everything else, it takes the choice of the router that it is compared with if the contract allows
it.
"""

from collections.abc import Iterable

from schemas.people.casework import CaseResolved, OfferAccepted, OfferRejected, ReplySent
from schemas.people.presence import PresenceChanged, SignedIn, SignedOut
from schemas.people.rep import AnyRepEvent
from schemas.policy.policy import Policy
from schemas.policy.queues import Queue
from schemas.posts.scored import NO_WORK, ScoredPost
from tests.reference.plain_records import Case, GivenUp, Offer, Rep, Said, Sender, refusal

REFUSED_FOR_MS = 1_800_000
"""The default of `refusal_ttl_s`."""


class PlainRouter:
    """Decides one input at a time. `said` and `legal_offers` tell what comes of it."""

    def __init__(self, given: Policy) -> None:
        self.policy = given
        self.now_ms = 0
        self.reps: list[Rep] = []
        self.cases: list[Case] = []
        self.picks: dict[tuple[tuple[str, ...], tuple[str, ...]], int] = {}
        """Offers to the reps of a kind."""
        self.passed_over = 0
        """With as many a new kind begins, because a kind that is forgotten may come back as one."""
        self.said: list[Said] = []

    # Inputs

    def take_policy(self, given: Policy) -> None:
        """A queue that moves takes its cases along, and one that is gone leaves them to the default queue."""
        self.policy = given
        for case in self.cases:
            if case.state == "waiting":
                self._settle(case)

    def take_post(self, post: ScoredPost) -> None:
        """What asks for nothing is refused, and everything else opens a case."""
        if post.triage.action in NO_WORK:
            self._say("refused", post.post_id, "no_case")
            return
        queue = self._queue(post.triage.queue or "")
        skills = tuple(sorted(need if isinstance(need, str) else need.name for need in post.triage.skills))
        self.cases.append(Case(post.post_id, queue.name, queue.team, skills, post.triage.priority, self.now_ms))
        known = self.policy.queue(post.triage.queue or "") is not None
        self._say("queued", post.post_id, "opened" if known else "queue_gone")

    def take_event(self, event: AnyRepEvent, post_id: str = "") -> None:
        """Obeys a rep event. `post_id` opened the case that it names."""
        if isinstance(event, SignedIn | PresenceChanged | SignedOut):
            self._take_presence(event)
        elif isinstance(event, OfferAccepted | OfferRejected | ReplySent | CaseResolved):
            self._take_request(event, post_id)
        else:
            raise AssertionError(event)

    def next_due_ms(self) -> int | None:
        """Returns when an offer ends or a refusal lapses next."""
        due = [case.expires_ms for case in self.cases if case.state == "offered"]
        return min([*due, *self.lapses_ms()], default=None)

    def lapses_ms(self) -> list[int]:
        """Returns when refusals of waiting cases will lapse."""
        lapses = [ms + REFUSED_FOR_MS for case in self._waiting() for ms in case.refused.values()]
        return [ms for ms in lapses if ms > self.now_ms]

    def due_offers(self) -> list[str]:
        """Returns the cases whose offers are over, those that ended first."""
        over = [case for case in self.cases if case.state == "offered" and case.expires_ms <= self.now_ms]
        first = min((case.expires_ms for case in over), default=0)
        return [case.post_id for case in over if case.expires_ms == first]

    def time_out(self, post_id: str) -> None:
        """An offer that nobody answered by its end goes back to its queue, and its rep has missed it."""
        case = next(case for case in self.cases if case.post_id == post_id)
        rep = self._holder(case)
        rep.missed += 1
        case.refused[rep.rep_id] = self.now_ms
        self._back(case, "timed_out", "not_answered")

    # Presence

    def _take_presence(self, event: SignedIn | PresenceChanged | SignedOut) -> None:
        rep = next((rep for rep in self.reps if rep.rep_id == event.rep_id), None)
        occurred_ms = round(event.occurred_at.timestamp() * 1000)
        before = None if rep is None else rep.senders.get(event.sender)
        # A lower seq is stale, unless it is a sign-in that occurred later.
        begins_anew = before is not None and isinstance(event, SignedIn) and occurred_ms > before.occurred_ms
        if before is not None and event.seq < before.seq and not begins_anew:
            raise GivenUp("stale_seq")
        # Nobody is there before the first sign-in, and only who is at work goes away or comes back.
        if rep is None and not isinstance(event, SignedIn):
            raise GivenUp("not_signed_in")
        if isinstance(event, PresenceChanged) and (rep is None or not rep.is_in):
            raise GivenUp("not_signed_in")
        if rep is None:
            rep = Rep(event.rep_id)
            self.reps.append(rep)
        was_in = before is not None and before.is_in
        rep.senders[event.sender] = Sender(
            event.seq,
            occurred_ms,
            is_in=isinstance(event, SignedIn) or (was_in and not isinstance(event, SignedOut)),
        )
        if isinstance(event, SignedIn):
            # A desktop that names itself takes the place of the nameless one.
            left = rep.kind
            rep.teams, rep.skills, rep.capacity = event.teams, event.skills, event.capacity
            # A kind that nobody is of any more has its picks forgotten, and those since its last turn still count.
            if all(other.kind != left for other in self.reps):
                self.passed_over = max(self.passed_over, self.picks.pop(left, 0) % self.policy.oldest_every)
            rep.available, rep.missed = True, 0
            if event.sender is not None and None in rep.senders:
                rep.senders[None].is_in = False
        elif isinstance(event, PresenceChanged):
            rep.available, rep.missed = event.presence == "available", 0
            if not rep.available:
                self._release(rep, self.policy.away_release, "away")
        else:
            # A sign-out without sender ends all of them.
            for sender in rep.senders.values() if event.sender is None else ():
                sender.is_in = False
            if not rep.is_in:
                self._release(rep, self.policy.sign_out_release, "signed_out")

    def _release(self, rep: Rep, which: str, reason: str) -> None:
        """Gives back the rep's offers, and the cases without a reply or all of them."""
        for case in self.cases:
            goes = which == "all" or (which == "unanswered" and not case.replied)
            if goes and case.rep_id == rep.rep_id and case.state in ("offered", "assigned"):
                self._back(case, "released", reason)

    # Requests

    def _take_request(self, event: OfferAccepted | OfferRejected | ReplySent | CaseResolved, post_id: str) -> None:
        # Any request is a sign of life.
        for rep in self.reps:
            if rep.rep_id == event.rep_id:
                rep.missed = 0
        case = next((case for case in self.cases if case.post_id == post_id and case.state != "closed"), None)
        no = "unknown_case" if case is None else refusal(event, case)
        if case is None or no:
            self._say("request_refused", post_id, no, event.rep_id, case.attempt if case else event.attempt)
        elif isinstance(event, OfferAccepted):
            case.state = "assigned"
            self._say("assigned", post_id, "accepted", event.rep_id, case.attempt)
        elif isinstance(event, OfferRejected):
            case.refused[event.rep_id] = self.now_ms
            self._back(case, "rejected", event.reason)
        elif isinstance(event, ReplySent):
            self._say(
                "replied", post_id, "later_reply" if case.replied else "first_reply", event.rep_id, case.attempt
            )
            case.replied = True
        else:
            case.state = "closed"
            self._say("resolved", post_id, event.outcome, event.rep_id, case.attempt)

    # Matching

    def legal_offers(self) -> list[Offer]:
        """Returns the offers of which one must be made now; none where nobody free may take what waits."""
        return [
            self._offer_of(case, rep)
            for rep in self.reps
            for case in self._waiting()
            if self._excluded(rep, case) == "" and case in self._next_of(rep) and self._is_first_for(rep, case)
        ]

    def make(self, offer: Offer) -> None:
        """Makes one of the legal offers."""
        case = next(case for case in self.cases if case.post_id == offer.post_id)
        rep = next(rep for rep in self.reps if rep.rep_id == offer.rep_id)
        if self._all_refused(case):
            case.refused.clear()
        self.picks[rep.kind] = self.picks.get(rep.kind, self.passed_over) + 1
        rep.last_offer_ms = self.now_ms
        case.state, case.rep_id = "offered", rep.rep_id
        case.attempt, case.expires_ms = offer.attempt, offer.expires_ms

    def _next_of(self, rep: Rep) -> list[Case]:
        """Returns the cases of which a rep of this kind takes one next."""
        possible = [case for case in self._waiting() if self._fits(rep, case) and not self._has_refused(rep, case)]
        # Of each n picks by reps of the same teams and skills one takes the oldest case that they may take.
        first = possible
        if not self._is_turn_of_oldest(rep):
            highest = max(case.priority for case in possible)
            first = [case for case in possible if case.priority == highest]
        oldest = min(case.queued_ms for case in first)
        # Refusals that lapse in the same millisecond do so one after the other, and nothing says in which order.
        lapsed = [case for case in possible if self.now_ms - REFUSED_FOR_MS in case.refused.values()]
        return [case for case in first if case.queued_ms == oldest] + lapsed

    def _is_turn_of_oldest(self, rep: Rep) -> bool:
        picks = self.picks.get(rep.kind, self.passed_over)
        return (picks + 1) % self.policy.oldest_every == 0

    def _is_first_for(self, rep: Rep, case: Case) -> bool:
        """The rep with the least load is the first, of several the one without an offer for the longest time."""
        free = [other for other in self.reps if self._excluded(other, case) == ""]
        if self._is_turn_of_oldest(rep):
            # The turn is one of the reps of that kind, whoever else may be free.
            free = [other for other in free if other.kind == rep.kind]
        return self._rank(rep) == min(self._rank(other) for other in free)

    def _rank(self, rep: Rep) -> tuple[float, int]:
        return self._load(rep), rep.last_offer_ms

    def _excluded(self, rep: Rep, case: Case) -> str:
        """Returns why the rep cannot take the case, or nothing."""
        if not self._fits(rep, case, skilled=False):
            return "other_team"
        if not rep.available:
            return "away"
        if rep.missed >= self.policy.missed_offers:
            return "not_responding"
        if not self._fits(rep, case):
            return "missing_skill"
        if self._has_refused(rep, case):
            return "refused_before"
        return "at_capacity" if len(self._held(rep)) >= rep.capacity else ""

    def _fits(self, rep: Rep, case: Case, *, skilled: bool = True) -> bool:
        return rep.is_in and case.team in rep.teams and (not skilled or set(case.skills) <= set(rep.skills))

    def _answers(self, rep: Rep) -> bool:
        return rep.is_in and rep.available and rep.missed < self.policy.missed_offers

    def _has_refused(self, rep: Rep, case: Case) -> bool:
        """A refusal counts for half an hour, unless all others who are there have refused too."""
        return self._refused_lately(rep, case) and not self._all_refused(case)

    def _all_refused(self, case: Case) -> bool:
        there = [rep for rep in self.reps if self._answers(rep) and self._fits(rep, case)]
        return all(self._refused_lately(rep, case) for rep in there)

    def _refused_lately(self, rep: Rep, case: Case) -> bool:
        refused_ms = case.refused.get(rep.rep_id)
        return refused_ms is not None and self.now_ms < refused_ms + REFUSED_FOR_MS

    def _load(self, rep: Rep) -> float:
        return len(self._held(rep)) / rep.capacity

    def _held(self, rep: Rep) -> list[Case]:
        """Offers count like cases."""
        return [case for case in self.cases if case.rep_id == rep.rep_id and case.state in ("offered", "assigned")]

    def _offer_of(self, case: Case, rep: Rep) -> Offer:
        of_team = [rep for rep in self.reps if self._fits(rep, case, skilled=False)]
        why = [self._excluded(rep, case) for rep in of_team]
        # Whoever has refused is told as such, also after all others have.
        for at, other in enumerate(of_team):
            if why[at] == "at_capacity" and self._refused_lately(other, case):
                why[at] = "refused_before"
        return Offer(
            case.post_id,
            rep.rep_id,
            case.attempt + 1,
            self.now_ms + 1000 * self._queue(case.queue).offer_timeout_s,
            why.count(""),
            sum(self._answers(rep) for rep in of_team),
            tuple(sorted((code, why.count(code)) for code in set(why) if code)),
        )

    # What several rules need

    def _waiting(self) -> Iterable[Case]:
        return [case for case in self.cases if case.state == "waiting"]

    def _queue(self, name: str) -> Queue:
        return self.policy.queue(name) or self.policy.fallback

    def _holder(self, case: Case) -> Rep:
        return next(rep for rep in self.reps if rep.rep_id == case.rep_id)

    def _back(self, case: Case, what: str, reason: str) -> None:
        """The case waits again, at its old age and in its queue as the policy has it now."""
        self._say(what, case.post_id, reason, case.rep_id, case.attempt)
        case.state, case.rep_id = "waiting", None
        self._settle(case)

    def _settle(self, case: Case) -> None:
        queue = self._queue(case.queue)
        if (case.queue, case.team) != (queue.name, queue.team):
            reason = "queue_moved" if case.queue == queue.name else "queue_gone"
            case.queue, case.team = queue.name, queue.team
            self._say("requeued", case.post_id, reason, None, case.attempt or None)

    def _say(
        self, what: str, post_id: str, reason: str, rep_id: str | None = None, attempt: int | None = None
    ) -> None:
        self.said.append(Said(what, post_id, reason, rep_id, attempt))
