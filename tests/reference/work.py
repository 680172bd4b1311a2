"""What reps ask for about the cases that they have or are offered."""

from dataclasses import replace

from schemas.people import casework
from schemas.people.event import AboutCase
from tests.reference import life, needs
from tests.reference.entities import HELD, Case
from tests.reference.joining import Joining
from tests.reference.memory import World
from tests.reference.outcomes import Said

STALE = {
    "offer_accepted": "stale_accept",
    "offer_rejected": "stale_reject",
    "reply_sent": "stale_reply",
    "case_resolved": "stale_resolve",
}


def wrapped_up(world: World, case: Case, reason: str) -> None:
    """The paperwork of a resolved case is done, and the case is over."""
    world.say("wrapped_up", case, reason, rep_id=case.rep_id)
    life.close(world, case, "resolved", case.outcome, "closed")


class Work:
    """Obeys requests."""

    def __init__(self, world: World, joining: Joining) -> None:
        self.world, self.joining = world, joining

    def take(self, event: AboutCase, name: str | None) -> None:
        """Obeys a request about the case of that name, or says why not."""
        # Any request is a sign of life.
        if (rep := self.world.rep(event.rep_id)) is not None:
            rep.act()
        original = next((case for case in self.world.cases if case.name == name), None)
        case = self.world.case(name)
        if original is not None and original.into is not None:
            related = None if case is None else case.name
            self.world.said.append(
                Said(
                    "request_refused", original.name, "merged", None, event.rep_id, event.attempt, related=related
                )
            )
            return
        if case is None or not case.is_open:
            self.world.said.append(
                Said("request_refused", name, "unknown_case", None, event.rep_id, event.attempt)
            )
            return
        if no := self._refusal(event, case):
            self.world.say("request_refused", case, no, rep_id=event.rep_id)
            return
        getattr(self, f"_{event.type}")(case, event)  # type: ignore[attr-defined]

    def _refusal(self, event: AboutCase, case: Case) -> str:
        """Returns why an open case does not obey the request, or nothing."""
        about_offer = isinstance(event, casework.OfferAccepted | casework.OfferRejected)
        kind = event.type  # type: ignore[attr-defined]
        # The offer that it names is over.
        if event.attempt < case.attempt or (event.attempt == case.attempt and case.state == "waiting"):
            return STALE.get(kind, "stale_request")
        if event.attempt > case.attempt:
            return "not_offered" if about_offer else "not_assigned"
        if case.rep_id != event.rep_id:
            return "wrong_rep"
        if about_offer:
            return "" if case.state == "offered" else "not_offered"
        may: tuple[str, ...] = HELD
        if isinstance(event, casework.ReplySent):
            may = (*HELD, "wrapping")
        elif isinstance(event, casework.WrappedUp):
            may = ("wrapping",)
        elif isinstance(event, casework.CaseResumed):
            may = ("held", "awaiting")
        elif isinstance(event, casework.CaseTransferred):
            return self._no_transfer(event, case) if case.state in HELD else "not_assigned"
        elif isinstance(event, casework.ConsultStarted):
            other = self.world.rep(event.with_rep)
            if case.state in HELD and (other is None or not other.is_in):
                return "unknown_rep"
        return "" if case.state in may else "not_assigned"

    def _offer_accepted(self, case: Case, event: casework.OfferAccepted) -> None:
        case.state, case.updates, case.asked, case.former = "assigned", 0, None, event.rep_id
        case.front_ms = None
        self.world.begin_work(case)
        self.world.say("assigned", case, "accepted", rep_id=event.rep_id)
        self.world.show(case, "assigned", "accepted")

    def pick(self, event: casework.CasePicked, name: str | None) -> None:
        """A rep takes a waiting case by hand."""
        rep = self.world.rep(event.rep_id)
        if rep is not None:
            rep.act()
        case = self.world.case(name)
        if case is None or not case.is_open:
            related = None if case is None or case.name == name else case.name
            self.world.said.append(
                Said("request_refused", name, "unknown_case", None, event.rep_id, related=related)
            )
            return
        no = ""
        queue = self.world.own_queue(case)
        if case.state != "waiting" or queue.mode != "pull" or self.world.is_shut(queue):
            no = "not_waiting"
        elif rep is None or not self.world.answers(rep):
            no = "unknown_rep"
        elif not self.joining.matching.fits(rep, case):
            no = "unskilled"
        elif not self.world.has_room(rep, case) or needs.is_used_up(self.world, case, rep):
            no = "rep_not_free"
        if not no:
            case.refused.clear()
            case.from_rep = None
            life.give(self.world, case, event.rep_id, "picked")
        elif case.name == name:
            self.world.say("request_refused", case, no, rep_id=event.rep_id)
        else:
            self.world.said.append(Said("request_refused", name, no, None, event.rep_id, related=case.name))

    def _offer_rejected(self, case: Case, event: casework.OfferRejected) -> None:
        self.world.refuse(case, event.rep_id, self.world.kept_away_ms(case))
        life.back(self.world, case, "rejected", event.reason)

    def _reply_sent(self, case: Case, event: casework.ReplySent) -> None:
        is_direct = event.channel == "direct"
        if life.is_same_answer(self.world, case, "reported", direct=is_direct):
            self.world.say("replied", case, "same_reply", rep_id=event.rep_id)
            return
        reason = "later_reply" if case.replied else "first_reply"
        life.answered(self.world, case)
        case.last_answer = (self.world.now_ms, "reported", is_direct)
        self.world.say("replied", case, reason, rep_id=event.rep_id)

    def _case_resolved(self, case: Case, event: casework.CaseResolved) -> None:
        self.resolve(case, event.outcome)

    def resolve(self, case: Case, outcome: str) -> None:
        """The case has what it needs."""
        wrap_up_s = self.world.own_queue(case).wrap_up_s
        if not wrap_up_s:
            life.close(self.world, case, "resolved", outcome, "closed")
            return
        case.state, case.outcome, case.owed = "wrapping", outcome, False
        case.wrap_until_ms = self.world.now_ms + 1000 * wrap_up_s
        case.hold_until_ms = None
        case.clocks.pause(self.world.now_ms)
        self.world.say("wrapping", case, outcome, rep_id=case.rep_id)
        self.world.tell_rep(case, "wrapping")

    def _wrapped_up(self, case: Case, event: casework.WrappedUp) -> None:
        wrapped_up(self.world, case, "by_rep")

    def _case_held(self, case: Case, event: casework.CaseHeld) -> None:
        life.resume(self.world, case)
        if case.state == "awaiting" and case.owed:
            self.world.begin_work(case)
        case.state = "held"
        case.hold_until_ms = None if event.until is None else round(event.until.timestamp() * 1000)
        self.world.say("held", case, "by_rep", rep_id=event.rep_id)
        self.world.tell_rep(case, "held")

    def _customer_awaited(self, case: Case, event: casework.CustomerAwaited) -> None:
        if case.state == "held" and not case.owed:
            self.world.begin_work(case)
        case.state, case.hold_until_ms = "awaiting", None
        case.clocks.pause(self.world.now_ms)
        self.world.say("awaiting", case, "by_rep", rep_id=event.rep_id)
        self.world.tell_rep(case, "awaiting")

    def _case_resumed(self, case: Case, event: casework.CaseResumed) -> None:
        self.resume(case, "by_rep")

    def resume(self, case: Case, reason: str) -> None:
        """The rep goes on with a case, and has the whole time again unless it was owed an answer during a hold."""
        if not case.owed or case.state == "awaiting":
            self.world.begin_work(case)
        case.state, case.hold_until_ms = "assigned", None
        life.resume(self.world, case)
        self.world.say("resumed", case, reason, rep_id=case.rep_id)
        self.world.tell_rep(case, "resumed")

    def _consult_started(self, case: Case, event: casework.ConsultStarted) -> None:
        case.consulted = sorted({*case.consulted, event.with_rep})
        self.world.say("consult_started", case, "by_rep", rep_id=event.with_rep)
        self.world.tell_rep(case, "consult_started")

    def _consult_ended(self, case: Case, event: casework.ConsultEnded) -> None:
        if event.with_rep in case.consulted:
            case.consulted.remove(event.with_rep)
        self.world.say("consult_ended", case, "by_rep", rep_id=event.with_rep)
        self.world.tell_rep(case, "consult_ended")

    # Transfers

    def _no_transfer(self, event: casework.CaseTransferred, case: Case) -> str:
        policy = self.world.policy
        if event.to_queue is not None:
            return "" if policy.queue(event.to_queue) else "unknown_queue"
        if event.to_team is not None:
            return "" if any(queue.team == event.to_team for queue in policy.queues) else "unknown_queue"
        other = self.world.rep(event.to_rep)
        if other is None or not self.world.answers(other):
            return "unknown_rep"
        # It takes of the other one what its queue says now.
        anew = replace(case, burden=None)
        has_room = self.world.has_room(other, anew) and other.rep_id != event.rep_id
        # Who is asked may be asked in vain behind the live edge.
        may_ask = self.world.live and not self.world.is_at_bound(other)
        return "" if has_room and (may_ask or not event.warm) else "rep_not_free"

    def _case_transferred(self, case: Case, event: casework.CaseTransferred) -> None:
        if event.to_rep is None:
            policy = self.world.policy
            queue = None if event.to_queue is None else policy.queue(event.to_queue)
            queue = queue or next(queue for queue in policy.queues if queue.team == event.to_team)
            life.back(self.world, case, "transferred", event.reason, "transferred", queue)
            case.from_rep = event.rep_id
            return
        life.back(self.world, case, "transferred", event.reason, "transferred")
        case.from_rep = event.rep_id
        if not event.warm:
            life.give(self.world, case, event.to_rep, "transferred")
            return
        other = self.world.rep(event.to_rep)
        assert other is not None
        case.asked = event.to_rep
        self.joining.forced.append(self.joining.matching.only(case, other, "transferred"))
        self.joining.matching.hand(case, other)
