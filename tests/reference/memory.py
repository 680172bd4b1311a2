"""What the plain router remembers and says, in plain lists."""

from collections.abc import Iterable

from schemas.policy.policy import Policy
from schemas.policy.queues import Queue
from schemas.posts.scored import TriageAction
from tests.reference.clocks import hours, terms
from tests.reference.entities import PRESSING, TAKEN, Case, Rep, listed
from tests.reference.outcomes import Due, Said, Shown

HOUR_MS = 3_600_000


class World:
    """What there is in one workspace."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.now_ms = 0
        self.hours_ms = 0
        """By what time queues are open. It is the time, or the millisecond before while timers still fire."""
        self.live = True
        self.weighs_as_before = False
        """Whether what waiting cases take of a capacity is still by the policy before, as far as that may be."""
        self.late: frozenset[str] = frozenset()
        """Those of the reps whose offers leave the hour in this millisecond who are not free of the bound yet."""
        self.reps: list[Rep] = []
        self.cases: list[Case] = []
        self.picks: dict[tuple[object, ...], int] = {}
        """Offers to the reps of a kind."""
        self.passed_over = 0
        """With as many a new kind begins, because a kind that is forgotten may come back as one."""
        self.lending: dict[str, list[str]] = {}
        """The teams that lend to each queue now."""
        self.said: list[Said] = []
        self.shown: list[Shown] = []

    def case(self, name: str | None) -> Case | None:
        """Returns a case by its name, or the one that it was merged into."""
        found = next((case for case in self.cases if case.name == name), None)
        return found if found is None or found.into is None else self.case(found.into)

    def new_name(self, post_id: str) -> str:
        """Returns a name for a case that this post opens."""
        while any(case.name == post_id for case in self.cases):
            post_id += "'"
        return post_id

    def rep(self, rep_id: str | None) -> Rep | None:
        return next((rep for rep in self.reps if rep.rep_id == rep_id), None)

    def queue(self, name: str) -> Queue:
        return self.policy.queue(name) or self.policy.fallback

    def own_queue(self, case: Case) -> Queue:
        """Returns the queue that a case is in. Where it was withdrawn, the defaults of the contract hold."""
        return self.policy.queue(case.queue) or Queue(name=case.queue, team=case.team)

    def kept_away_ms(self, case: Case) -> int:
        """Returns until when who has refused a case is not asked again."""
        return self.now_ms + 1000 * self.own_queue(case).refusal_ttl_s

    def refuse(self, case: Case, rep_id: str, until_ms: int) -> None:
        """The rep is not asked again before then, and not waited for."""
        case.refused[rep_id] = until_ms
        if case.wanted == rep_id:
            case.wanted = case.wanted_until_ms = None

    def waiting(self) -> list[Case]:
        return [case for case in self.cases if case.state == "waiting"]

    def offered(self) -> list[Case]:
        """Returns the waiting cases that the router offers, of no queue that is shut or picked from by hand."""
        return [case for case in self.waiting() if self._is_pushed(self.own_queue(case))]

    def _is_pushed(self, queue: Queue) -> bool:
        return queue.mode == "push" and not self.is_shut(queue)

    def is_shut(self, queue: Queue) -> bool:
        """Says whether a queue keeps what waits in it, because it is not its time."""
        spans = hours(self.policy, queue.calendar if queue.closed == "hold" else None)
        return not any(begin <= self.hours_ms < end for begin, end in spans)

    def edges_ms(self) -> list[int]:
        """Returns when the queues open and shut that offer nothing while they are shut."""
        spans = [hours(self.policy, queue.calendar) for queue in self.policy.queues if queue.closed == "hold"]
        return [ms for span in spans for edge in span for ms in edge]

    def for_new(self, queue: Queue) -> Queue:
        """Returns the queue that takes a new case: this one, or the first on the way of its overflow."""
        beyond, most = queue.limits.overflow_queue, queue.limits.max_waiting
        is_full = most is not None and sum(case.queue == queue.name for case in self.waiting()) >= most
        spans = hours(self.policy, queue.calendar if queue.closed == "overflow" else None)
        is_shut = not any(begin <= self.now_ms < end for begin, end in spans)
        return self.for_new(self.queue(beyond)) if beyond and (is_full or is_shut) else queue

    def of_rep(self, rep: Rep) -> list[Case]:
        """Returns what takes up the rep's capacity. Offers count like cases."""
        return [case for case in self.cases if case.rep_id == rep.rep_id and case.state in TAKEN]

    def goes_by_time(self, case: Case) -> bool:
        """Says whether the queue of a case goes by the time to the next deadline."""
        return self.own_queue(case).order == "time_to_breach"

    def weight(self, case: Case) -> int:
        """Returns what a case takes of a rep's capacity. One that somebody has stays as it was offered."""
        if case.burden is not None:
            return case.burden[0]
        if self.weighs_as_before and case.old_weight is not None:
            return case.old_weight[0]
        weights = self.own_queue(case).channel_weights
        return weights.direct if case.direct else weights.public

    def is_light(self, case: Case) -> bool:
        """Says whether a case takes nothing from others."""
        if case.burden is not None:
            return case.burden[1]
        if self.weighs_as_before and case.old_weight is not None:
            return case.old_weight[1]
        return self.own_queue(case).interruptible

    def room(self, rep: Rep, case: Case) -> int:
        """Returns the capacity that the rep has left for a case. What is interruptible leaves room."""
        counts = [other for other in self.of_rep(rep) if self.is_light(case) or not self.is_light(other)]
        return rep.capacity - sum(self.weight(other) for other in counts)

    def has_room(self, rep: Rep, case: Case) -> bool:
        return self.room(rep, case) >= self.weight(case)

    def begin_work(self, case: Case) -> None:
        """The rep of a case begins to work on it now, or goes on to. In a queue without limits nobody notes it."""
        queue = self.own_queue(case)
        if queue.reply_within_s or queue.follow_up_within_s or queue.idle_s:
            case.taken_ms = self.now_ms

    def limit(self, case: Case) -> tuple[int, str, str] | None:
        """Returns until when a rep may leave a case as it is by the policy in force, and what comes then."""
        queue = self.own_queue(case)
        if case.owed and case.state in ("assigned", "held"):
            within_s = queue.follow_up_within_s if case.replied else queue.reply_within_s
            since_ms, shows = case.owed_ms, ("released", "no_follow_up" if case.replied else "no_reply")
        elif not case.owed and case.replied and case.state in ("assigned", "awaiting"):
            within_s, since_ms, shows = queue.idle_s, case.active_ms, ("resolved", "idle")
        else:
            return None
        # Where nobody noted it, the work began at the end of the offer at the latest.
        taken_ms = case.expires_ms if case.taken_ms is None else case.taken_ms
        return None if within_s is None else (max(since_ms, taken_ms) + 1000 * within_s, *shows)

    def is_at_bound(self, rep: Rep) -> bool:
        """Says whether the rep has had as many offers within an hour as the policy allows."""
        return self._was_at_bound(rep, self.now_ms - (rep.rep_id in self.late))

    def leaves_bound(self, rep: Rep) -> bool:
        """Says whether it is the millisecond in which an offer to a rep at the bound leaves the hour."""
        return self._was_at_bound(rep, self.now_ms - 1) and not self._was_at_bound(rep, self.now_ms)

    def _was_at_bound(self, rep: Rep, at_ms: int) -> bool:
        most = self.policy.offers_per_hour
        return most is not None and sum(ms > at_ms - HOUR_MS for ms in rep.counted) >= most

    def answers(self, rep: Rep) -> bool:
        """Says whether the rep is there and takes offers."""
        return rep.is_in and rep.available and not rep.is_silent

    def say(
        self,
        what: str,
        case: Case,
        reason: str,
        post_id: str | None = None,
        rep_id: str | None = None,
        **more: object,
    ) -> None:
        """Says a step of a case, after it."""
        if case.has_old_terms:
            # What is written down anew is by the policy in force.
            case.next_ring_ms = self.ring_ms(case)
            case.old_limit = self.limit(case)
        case.old_weight = None
        case.goes_by_time = self.goes_by_time(case)
        fields = {
            "attempt": case.attempt or None,
            "state": case.state if case.is_open else None,
            "queue": case.queue,
            "priority": case.priority,
            "ring": case.ring if case.is_open else None,
            "respond_by_ms": case.respond_by_ms,
        } | more
        self.said.append(Said(what, case.name, reason, post_id, rep_id, **fields))  # type: ignore[arg-type]
        # What is late already is said at once. What is due only now has a timer that fires after the step.
        if what != "canceled" and case.is_open:
            ring_ms = self.ring_ms(case)
            if case.state == "waiting" and ring_ms is not None and ring_ms <= self.now_ms:
                self.widen(case)
            self.ring(case, self.now_ms - 1)
            # What opens it again has a window of its own, of which more is known after it. Deadlines come first.
            told = None if what in ("reopened", "due_soon", "breached") else self.window(case)
            if told is not None and told[0] < self.now_ms:
                self.tell_window(case)

    def only_on_platform(self, case: Case) -> bool:
        """Says whether no answer can be sent by the platform's interface."""
        is_refused = case.answer_to is not None and not case.answer_to.takes_reply
        return is_refused or (case.window_ms is not None and case.window_ms <= self.now_ms)

    def window(self, case: Case) -> tuple[int, str] | None:
        """Returns when something will be told of the reply window of a case, and what."""
        until_ms = case.window_ms
        if until_ms is None or not case.is_open or until_ms <= case.told_over_ms or case.state == "wrapping":
            return None
        if case.owed and case.told_soon_ms != until_ms and self.now_ms < until_ms:
            return until_ms - HOUR_MS, "due_soon"
        return until_ms, "reply_window_ended"

    def tell_window(self, case: Case) -> None:
        """Tells what there is to be told now of the reply window of a case."""
        told = self.window(case)
        assert told is not None
        assert case.window_ms is not None
        due = Due("reply_window", case.window_ms, None)
        if told[1] == "due_soon":
            case.told_soon_ms = case.window_ms
            self.say("due_soon", case, "reply_window", due=due, rep_id=None)
            return
        case.told_over_ms = case.window_ms
        self.say("reply_window_ended", case, "platform", due=due)
        self.tell_rep(case, "reply_window_ended")

    def widen(self, case: Case) -> None:
        """The case reaches all rings whose time has come."""
        rings = self.own_queue(case).rings
        waited_ms = self.now_ms - case.entered_ms
        while case.ring < len(rings) and waited_ms >= 1000 * rings[case.ring].after_s:
            self.weigh(case, min(100.0, case.priority + rings[case.ring].raise_priority))
            case.ring += 1
        self.say("ring_changed", case, "waited")

    def ring(self, case: Case, until_ms: int) -> None:
        """Says which deadlines have come soon or were missed until then."""
        said = [(what, kind) for due_ms, what, kind in case.clocks.rings() if due_ms <= until_ms]
        missed = {kind for what, kind in said if what == "breached"}
        said = [(what, kind) for what, kind in said if what == "breached" or kind not in missed]
        for what, kind in said:
            case.clocks.running[kind].warned = True
            if what == "breached":
                case.clocks.breach(kind, self.now_ms)
        for what, kind in said:
            due = next(due for due in dues(case) if due.kind == kind)
            self.say(what, case, kind, due=due)

    def weigh(self, case: Case, priority: float) -> None:
        """The case has another priority, by which its deadlines may only come nearer."""
        case.priority = priority
        case.clocks.shorten(terms(self.policy, self.own_queue(case), priority, direct=case.direct))
        promise(case)

    def ring_ms(self, case: Case) -> int | None:
        """Returns when a case reaches its next ring by the policy in force; None where it has no further one."""
        rings = self.own_queue(case).rings
        return case.entered_ms + 1000 * rings[case.ring].after_s if case.ring < len(rings) else None

    def show(self, case: Case, state: str, reason: str, case_state: str | None = None) -> None:
        """Says a record of `assignments` about the rep who has the case."""
        assert case.rep_id is not None
        self.shown.append(
            Shown(
                state,
                case.name,
                case.attempt,
                reason,
                case.rep_id,
                case.updates,
                case_state or case.state,
                case.queue,
                case.priority,
                tuple(post.post_id for post in listed(case)),
                case.lead if any(post.post_id == case.lead for post in listed(case)) else None,
                case.total,
                case.action,
                "direct" if case.direct else "public",
                case.ring,
                tuple(case.consulted),
                case.from_rep,
                case.related,
                case.expires_ms if state == "offered" else None,
                deadlines(case),
                self.only_on_platform(case),
            )
        )

    def tell_rep(self, case: Case, reason: str) -> None:
        """Says anew what the rep who has the case was told, with what is new."""
        if case.state in TAKEN:
            case.updates += 1
            self.show(case, "offered" if case.state == "offered" else "assigned", reason)


def dues(case: Case) -> tuple[Due, ...]:
    """Returns the clocks of a case, the nearest first."""
    return tuple(Due(*due) for due in case.clocks.dues())


def deadlines(case: Case) -> tuple[Due, ...]:
    """Returns the clocks of a case and the end of its reply window, the nearest first."""
    window = () if case.window_ms is None else (Due("reply_window", case.window_ms, None),)
    # Those of one instant stay in the order of the clocks.
    return tuple(sorted([*dues(case), *window], key=lambda due: (due.due_ms is None, due.due_ms or 0)))


def pressing(actions: Iterable[TriageAction]) -> TriageAction:
    """Returns the action that owes the author most."""
    return max(actions, key=PRESSING.index)


def promise(case: Case) -> None:
    """The next answer is due by the clock for it, if one runs."""
    for kind in ("first_response", "next_response"):
        if (clock := case.clocks.running.get(kind)) is not None:
            due_ms = case.clocks.due_ms(clock)
            case.respond_by_ms = case.respond_by_ms if due_ms is None else due_ms
            return
