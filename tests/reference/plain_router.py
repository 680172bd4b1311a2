"""A slow and obvious router. It decides what the contract says and remembers everything in plain lists.

It knows cases by the post that opened them. Where the contract leaves a choice open, such as the hash between
reps who are alike in everything else, or which of two timers of the same millisecond fires first, it takes the
choice of the router that it is compared with if the contract allows it.
"""

from collections.abc import Iterator
from typing import NamedTuple

from schemas.cases.case import CaseEvent
from schemas.cases.steps import RouteSignal
from schemas.people.casework import CasePicked, ContactNoted
from schemas.people.event import AboutCase
from schemas.people.presence import Heartbeat, PresenceChanged, SignedIn, SignedOut
from schemas.people.rep import AnyRepEvent
from schemas.people.supervision import CaseClosedBy, CaseReprioritised, CasesMerged, CaseSplit
from schemas.policy.policy import Policy
from schemas.policy.queues import ChannelWeights
from schemas.posts.scored import ScoredPost
from tests.reference import life, people, signals, sticky
from tests.reference.entities import Case, Rep, Sender
from tests.reference.joining import Joining
from tests.reference.matching import Matching
from tests.reference.memory import World, dues
from tests.reference.outcomes import Offer
from tests.reference.supervision import Supervision
from tests.reference.work import Work, wrapped_up


class Timer(NamedTuple):
    """Something that is due, and the step by which it shows."""

    due_ms: int
    shows: str
    about: str
    detail: str = ""


def _promises(policy: Policy) -> object:
    """Returns all on which instants and weights of cases depend. With the same of it none is counted anew."""
    with_sla = [(queue.name, queue.sla) for queue in policy.queues if queue.sla]
    rings = [(queue.name, queue.rings) for queue in policy.queues if queue.rings]
    limits = [
        (queue.name, of_queue)
        for queue in policy.queues
        if any(of_queue := (queue.reply_within_s, queue.follow_up_within_s, queue.idle_s))
    ]
    by_time = [queue.name for queue in policy.queues if queue.order == "time_to_breach"]
    weights = [
        (queue.name, takes)
        for queue in policy.queues
        if (takes := (queue.channel_weights, queue.interruptible)) != (ChannelWeights(), False)
    ]
    return (with_sla, policy.slas, policy.calendars) if with_sla else None, rings, limits, by_time, weights


class PlainRouter:
    """Decides one input at a time."""

    def __init__(self, given: Policy) -> None:
        self.world = World(given)
        self.matching = Matching(self.world)
        self.joining = Joining(self.world, self.matching)
        self.work = Work(self.world, self.joining)
        self.supervision = Supervision(self.world, self.joining)

    # Inputs

    def take_policy(self, given: Policy) -> None:
        """A queue that moves takes its cases along, and one that is gone leaves them to the default queue.

        The deadlines of open cases follow within a second.
        """
        is_other = _promises(given) != _promises(self.world.policy)
        for case in self.world.cases:
            if case.is_open and is_other:
                case.next_ring_ms, case.old_limit = self._next_ring_ms(case), self._limit(case)
                case.old_weight = self.world.weight(case), self.world.is_light(case)
                case.has_old_terms = True
        self.world.policy = given
        for rep in self.world.reps if given.offers_per_hour is None else ():
            rep.counted.clear()
        for case in self.world.cases:
            if case.state == "waiting":
                life.settle(self.world, case)

    def reschedule(self, case: Case) -> bool:
        """The deadlines of a case and its next ring are by the policy in force. Says whether they have changed."""
        if case.next_ring_ms is not None and case.next_ring_ms <= self.world.now_ms and case.state == "waiting":
            # That ring came, and to nothing.
            case.next_ring_ms = self.world.ring_ms(case)
        before = dues(case), case.respond_by_ms, case.next_ring_ms, case.goes_by_time, self._limit(case)
        life.rewrite(self.world, case)
        case.has_old_terms, case.next_ring_ms, case.old_limit, case.old_weight = False, None, None, None
        # What it says of the place in a queue is of the policy too.
        case.goes_by_time = self.world.goes_by_time(case)
        after = dues(case), case.respond_by_ms, self._next_ring_ms(case), case.goes_by_time, self._limit(case)
        return after != before

    def take_post(self, post: ScoredPost) -> None:
        """Obeys a post."""
        self.joining.take(post)

    def take_event(self, event: AnyRepEvent, name: str | None = None, into: str | None = None) -> None:
        """Obeys a rep event about the case of that name."""
        if isinstance(event, SignedIn | PresenceChanged | SignedOut):
            people.take(self.world, event)
        elif isinstance(event, Heartbeat):
            people.beat(self.world, event)
        elif isinstance(event, AboutCase):
            self.work.take(event, name)
        elif isinstance(event, CasePicked):
            self.work.pick(event, name)
        elif isinstance(event, CasesMerged | CaseSplit | CaseReprioritised | CaseClosedBy):
            self.supervision.take(event, name, into)
        elif isinstance(event, ContactNoted):
            self.supervision.note(event, name)
        else:
            raise AssertionError(event)

    def take_signal(self, signal: RouteSignal) -> None:
        """Obeys a signal."""
        signals.take(self.world, signal)

    # Timers

    def timers(self) -> Iterator[Timer]:
        """Yields what is due, now or later."""
        for case in self.world.cases:
            if case.state == "offered":
                yield Timer(case.expires_ms, "timed_out", case.name)
            # A ring that a new policy has taken away comes to nothing.
            rings_ms = self._next_ring_ms(case), self.world.ring_ms(case)
            if case.state == "waiting" and None not in rings_ms:
                yield Timer(max(ms for ms in rings_ms if ms is not None), "ring_changed", case.name)
            if case.state == "waiting" and case.wanted_until_ms is not None:
                yield Timer(case.wanted_until_ms, "sticky_ended", case.name)
            if case.hold_until_ms is not None:
                yield Timer(case.hold_until_ms, "resumed", case.name)
            if case.wrap_until_ms is not None:
                yield Timer(case.wrap_until_ms, "wrapped_up", case.name)
            if (limit := self._limit(case)) is not None:
                yield Timer(limit[0], limit[1], case.name, limit[2])
            if (told := self.world.window(case)) is not None:
                yield Timer(told[0], told[1], case.name, "reply_window")
            if case.is_open:
                for due_ms, what, kind in case.clocks.rings():
                    yield Timer(due_ms, what, case.name, kind)
        for rep, sender in self._leases():
            assert sender.lease_ms is not None
            yield Timer(sender.lease_ms, "lease_over", rep.rep_id)

    def _next_ring_ms(self, case: Case) -> int | None:
        if case.has_old_terms:
            return case.next_ring_ms
        return self.world.ring_ms(case)

    def _limit(self, case: Case) -> tuple[int, str, str] | None:
        return case.old_limit if case.has_old_terms else self.world.limit(case)

    def _be_silent(self, case: Case, shows: str, reason: str) -> None:
        if shows == "resolved":
            # Nobody is at work on it, who would need time to wrap it up.
            life.close(self.world, case, "resolved", "idle", "closed")
            return
        assert case.rep_id is not None
        self.world.refuse(case, case.rep_id, self.world.kept_away_ms(case))
        sticky.end(case)
        case.front_ms = self.world.now_ms
        life.back(self.world, case, "released", reason)

    def _leases(self) -> list[tuple[Rep, Sender]]:
        return [
            (rep, sender)
            for rep in self.world.reps
            for sender in rep.senders.values()
            if sender.is_in and sender.lease_ms is not None and self.world.live
        ]

    def next_ms(self) -> int | None:
        """Returns when something is due next."""
        return min((timer.due_ms for timer in self.timers()), default=None)

    def due(self) -> list[Timer]:
        """Returns what is due now."""
        return [timer for timer in self.timers() if timer.due_ms <= self.world.now_ms]

    def lapses_ms(self) -> list[int]:
        """Returns when refusals of waiting cases will lapse."""
        lapses = [ms for case in self.world.waiting() for ms in case.refused.values()]
        return [ms for ms in lapses if ms > self.world.now_ms]

    def fire(self, events: list[tuple[CaseEvent, str | None]]) -> None:
        """Lets the timers fire that show in these events, or a lease that shows in none."""
        told = [event for event, _ in events if event.type != "offered"]
        if not told and (leases := [timer for timer in self.due() if timer.shows == "lease_over"]):
            self._fire(leases[0])
        for event, name in events:
            if event.type == "rescheduled":
                case = self.world.case(name)
                if case is not None and case.has_old_terms and self.reschedule(case):
                    self.world.say("rescheduled", case, "policy_changed")
            kind = "" if event.deadline is None else event.deadline.kind
            about = event.rep_id if event.reason == "lease_over" else name
            shows = "lease_over" if event.reason == "lease_over" else event.type
            for timer in self.due():
                is_silence = timer.detail in ("no_reply", "no_follow_up", "idle")
                if is_silence and (timer.about != name or event.reason != timer.detail):
                    continue
                if is_silence or ((timer.shows, timer.about) == (shows, about) and kind in (timer.detail, "")):
                    self._fire(timer)
                    break

    def _fire(self, timer: Timer) -> None:
        if timer.shows == "lease_over":
            rep, sender = min(
                ((rep, sender) for rep, sender in self._leases() if rep.rep_id == timer.about),
                key=lambda pair: pair[1].lease_ms or 0,
            )
            people.lapse(self.world, rep, sender)
            return
        case = self.world.case(timer.about)
        assert case is not None
        if timer.detail in ("no_reply", "no_follow_up", "idle"):
            self._be_silent(case, timer.shows, timer.detail)
        elif timer.detail == "reply_window":
            self.world.tell_window(case)
        elif timer.shows == "timed_out":
            self._time_out(case)
        elif timer.shows == "ring_changed":
            self.world.widen(case)
        elif timer.shows == "sticky_ended":
            wanted = case.wanted
            sticky.end(case)
            self.world.say("sticky_ended", case, "time_over", rep_id=wanted)
        elif timer.shows == "resumed":
            self.work.resume(case, "time_over")
        elif timer.shows == "wrapped_up":
            wrapped_up(self.world, case, "time_over")
        else:
            self.world.ring(case, self.world.now_ms)

    def _time_out(self, case: Case) -> None:
        """An offer that nobody answered by its end goes back to its queue, and its rep has missed it."""
        rep = self.world.rep(case.rep_id)
        assert rep is not None
        ring_ms = self._next_ring_ms(case)
        # Who let it time out is asked again in the next ring.
        until_ms = self.world.kept_away_ms(case) if ring_ms is None else ring_ms
        self.world.refuse(case, rep.rep_id, until_ms)
        life.back(self.world, case, "timed_out", "not_answered", "timed_out")
        people.missed(self.world, rep)

    def forced(self) -> list[Offer]:
        """Returns the offers that were made without matching, and forgets them."""
        made, self.joining.forced = self.joining.forced, []
        return made
