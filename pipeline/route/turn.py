"""A turn is the handling of one input record or one timer: what it may look up, and what it has published so far.

Every change of the state and every output record of the router passes through here, so that each event carries the
same time, policy version and cause. What to publish is decided elsewhere (`cases`, `people`, `matching`, `time`).
"""

from collections.abc import Sequence
from functools import lru_cache

from msgspec.structs import replace

from pipeline.ports.records import Record
from pipeline.route import assignments, promises, records
from pipeline.route.assignments import Candidate
from pipeline.route.limits import silence
from pipeline.route.policies import PolicyBook
from pipeline.route.records import Cause, Reply
from pipeline.route.sla.clocks import Clocks
from pipeline.route.state.brief import Brief
from pipeline.route.state.classes import rep_key
from pipeline.route.state.entities import (
    CLOSED_TTL_MS,
    FORGOTTEN,
    MOST_CLOSED,
    RESOLVED,
    Case,
    Closed,
    Offer,
    Picks,
    Rep,
)
from pipeline.route.state.state import State
from schemas.cases.case import AssignmentState, CaseEventType
from schemas.topics import ASSIGNMENTS, CASE_EVENTS, team_topic

_EVENTS = (CASE_EVENTS.name,)
_WINDOW_LATER = frozenset({"offered", "assigned", "due_soon", "breached", "reopened"})
"""After these steps the end of what the platform takes is told by the timer, or by the step that they are part of.
The record of an offer or of its accept comes first, and says how things stand. Deadlines may be told before it.
What opens a case again says itself until when it may be answered, and from when on the clocks run."""


@lru_cache(maxsize=4096)
def _team_topic_name(workspace: str, team: str) -> str:
    # Remembered, because a Topic is a large object to make for its name alone, once for each assignment.
    return team_topic(workspace, team).name


class Turn:
    """The handling of one record or timer, which ends when all that follows from it is decided.

    Each `begin` makes it the next one, so that a decision need not make an object for itself.

    Args:
        state: the entities.
        book: the policies.
        event_clock: whether a record's own time counts, and not when it was appended.
    """

    __slots__ = ("_event_clock", "book", "cause", "counts", "live", "now_ms", "outputs", "size_bytes", "state")

    def __init__(self, state: State, book: PolicyBook, *, event_clock: bool) -> None:
        self.state = state
        self.book = book
        self._event_clock = event_clock
        self.outputs: list[Record] = []
        """The records that are published, in order."""
        self.size_bytes = 0
        """How many bytes they have."""
        self.counts: list[str] = []
        """The names of things that happened, for the metrics."""
        self.now_ms = 0
        """The router's now in milliseconds, with which everything that happens in this turn is stamped."""
        self.live = False
        """Whether cases may be offered."""
        self.cause: Cause | None = None
        """The input record; None for a timer."""

    def begin(self, now_ms: int, live: bool, cause: Cause | None = None) -> "Turn":
        """Begins the handling of the next record or timer."""
        self.now_ms, self.live, self.cause = now_ms, live, cause
        return self

    def received_ms(self, appended_ms: int) -> int:
        """Returns when a post was received, from when the broker took in its raw record.

        That is not now if it was long on its way, and what it waited for counts from then on.
        """
        return self.now_ms if self._event_clock else min(appended_ms, self.now_ms)

    def step(
        self,
        case: Case,
        type_: CaseEventType,
        reason: str,
        *,
        post: tuple[str, int] | None = None,
        rep_id: str | None = None,
        related: str | None = None,
        reply: Reply | None = None,
        **changes: object,
    ) -> Case:
        """Takes a case one step on: stores it as changed and publishes the event of the change.

        Args:
            case: the case with its changes, but still with the sequence number of before.
            type_: what happened.
            reason: the code that says why.
            post: (post_id, revision) of the post that the step is about.
            rep_id: the rep whom the step is about.
            related: the id of another case that has to do with it.
            reply: the answer that the step is about.
            changes: more changes of the case, by field.

        Returns:
            The case as it is now stored.
        """
        case = replace(case, seq=case.seq + 1, updated_at_ms=self.now_ms, timer_parked=False, **changes)
        view = self.book.view(case.workspace)
        if case.is_dated or (view is not None and view.is_dated):
            case = promises.followed(self.book, self.state, case, self.now_ms)
            case = silence.limited(self.book, self.book.placed(case))
        extras = case.extras
        if extras.weight != 1 or extras.interruptible or (view is not None and view.weights):
            case = self.book.weighed(case)
        self.state.put_case(case)
        version = 0 if view is None else view.policy.version
        self._publish_step(case, type_, reason, post, rep_id, related, version, reply)
        # What is late already is said at once. The timers that are due before this turn have fired.
        if case.extras.ring_ms is not None and case.extras.ring_ms <= self.now_ms and case.state == "waiting":
            case = self.widen(case)
        if case.clocks is not None:
            case = self.ring(case, case.clocks, self.now_ms - 1)
        if not case.extras.reply_ends_ms or type_ in _WINDOW_LATER:
            return case
        return self.tell_window(case, self.now_ms - 1)

    def widen(self, case: Case) -> Case:
        """Takes a waiting case to the last ring of its queue whose time has come, and returns it as it is stored.

        What rings change is said in `skills`. A case reaches them only while it waits.
        """
        widened = self.book.widened(case, self.now_ms)
        if widened.extras.ring != case.extras.ring:
            return self.step(widened, "ring_changed", "waited")
        # A policy since has other rings, and the case has not been counted anew yet.
        widened = self.book.placed(widened)
        self.state.put_case(widened)
        return widened

    def tell_window(self, case: Case, until_ms: int) -> Case:
        """Says what was due until then of the end of what the platform takes as answers, and returns the case."""
        ends_ms, window_ms = case.extras.reply_ends_ms, case.window_ms
        if ends_ms is None or window_ms is None or window_ms > until_ms:
            return case
        if ends_ms > self.now_ms:
            return self.step(case.timed(warned_ms=ends_ms), "due_soon", "reply_window")
        case = self.step(case.timed(over_ms=ends_ms), "reply_window_ended", "platform")
        return self.publish_update(case, "reply_window_ended")

    def ring(self, case: Case, clocks: Clocks, until_ms: int) -> Case:
        """Says which deadlines have come soon or were missed until then, and returns the case after that."""
        clocks, alarms = clocks.rung(until_ms, self.now_ms)
        for name, what in alarms:
            case = self.step(case, what, name, clocks=clocks)
        return case

    def last_step(
        self,
        case: Case,
        type_: CaseEventType,
        reason: str,
        rep_id: str | None,
        *,
        reopens: bool,
        into: str | None = None,
    ) -> None:
        """Takes a case its last step: publishes the event of its end, and takes it out of the open ones.

        Args:
            case: as in `step`.
            type_: what happened.
            reason: the code that says why.
            rep_id: the rep whom the step is about.
            reopens: whether it is kept with all that there is to read, for as long as its queue reopens cases.
            into: the id of the case that goes on in its place.
        """
        case = replace(case, seq=case.seq + 1, updated_at_ms=self.now_ms)
        self._publish_step(case, type_, reason, None, rep_id, into, self.book.version(case.workspace))
        # Whose rep had a case is known for as long as the queue is sticky, also where nothing reopens it.
        window_ms = self.book.remembered_ms(case.workspace, case.queue) if reopens else 0
        closed = Closed(
            closed_ms=self.now_ms,
            until_ms=self.now_ms + max(CLOSED_TTL_MS, window_ms + 1),
            root_post_id=case.root_post_id,
            author_id=case.author_id,
            into=into,
            outcome=None if reason == RESOLVED else reason,
            case=_at_end(promises.ended(self.book, case, self.now_ms)) if window_ms else None,
        )
        self.state.end_case(case, closed)
        if len(self.state.indexes.closed) > MOST_CLOSED:
            self.forget_closed()

    def _publish_step(
        self,
        case: Case,
        type_: CaseEventType,
        reason: str,
        post: tuple[str, int] | None,
        rep_id: str | None,
        related: str | None,
        version: int,
        reply: Reply | None = None,
    ) -> None:
        value = records.case_event(
            case,
            type_=type_,
            reason=reason,
            version=version,
            cause=self.cause,
            post=post,
            rep_id=rep_id,
            related=related,
            reply=reply,
        )
        self._publish(_EVENTS, case.case_id, value)

    def caseless_step(
        self, event_id: str, workspace: str, case_id: str, type_: CaseEventType, reason: str, **more: str | int
    ) -> None:
        """Publishes an event about a case that is not open. Nothing is stored, so it has no sequence number."""
        value = records.caseless_event(
            event_id,
            workspace=workspace,
            case_id=case_id,
            type_=type_,
            reason=reason,
            now_ms=self.now_ms,
            version=self.book.version(workspace),
            cause=self.cause,
            **more,
        )
        self._publish(_EVENTS, case_id, value)

    def publish_assignment(
        self,
        case: Case,
        offer: Offer,
        state: AssignmentState,
        reason: str,
        update: int = 0,
        best: Sequence[Candidate] = (),
    ) -> None:
        """Publishes the assignment of that offer, on the topic for everybody and on the team's own."""
        value = assignments.assignment(
            case,
            self.state.brief(case),
            offer,
            state=state,
            update=update,
            reason=reason,
            now_ms=self.now_ms,
            version=self.book.version(case.workspace),
            cause=self.cause,
            sender=self.book.sender(case),
            earlier=self.state.earlier(case),
            best=best,
        )
        topics = [ASSIGNMENTS.name, _team_topic_name(case.workspace, case.team)]
        if offer.also_team is not None:
            topics.append(_team_topic_name(case.workspace, offer.also_team))
        self._publish(topics, case.case_id, value)

    def _publish(self, topics: Sequence[str], case_id: str, value: bytes) -> None:
        key = case_id.encode()
        for topic in topics:
            self.size_bytes += len(value)
            self.outputs.append(Record(topic, key, value))

    def publish_update(self, case: Case, reason: str) -> Case:
        """Tells the rep who has the case or is offered it what is new, and returns the case as it is stored."""
        offer = case.offer
        if offer is None:
            return case
        case = replace(case, update=case.update + 1)
        self.state.put_case(case)
        state: AssignmentState = "offered" if case.state == "offered" else "assigned"
        self.publish_assignment(case, offer, state, reason, case.update)
        return case

    def release(self, case: Case, reason: str) -> Case:
        """Takes the case from its rep and returns it, waiting at its place by its original age.

        The caller owes the step that says why.
        """
        assert case.offer is not None
        self.publish_assignment(case, case.offer, "released", reason)
        released = case._replace(state="waiting", offer=None, update=0, former_rep=case.last_rep, consulted=())
        if released.extras.times is not None:
            released = released.timed(until_ms=None)
        if released.extras.sticky_ms is not None and released.extras.sticky_ms <= self.now_ms:
            released = released.let_go()
        return released.lapsed(self.now_ms)

    def note_offer(self, rep: Rep, queue: str) -> None:
        """Notes that a rep is offered a case of that queue."""
        self.state.put_rep(self.book.after_offer(rep, queue, self.now_ms))

    def put_brief(self, case: Case, brief: Brief) -> None:
        """Stores what there is to read about a case."""
        self.state.put_brief(case, brief)

    def count_pick(self, workspace: str, class_name: str) -> None:
        """Counts one more pick by the reps of a class."""
        total = self.state.picks(workspace, class_name) + 1
        self.state.put("picks", workspace, class_name, Picks(total))

    def forget_rep(self, rep: Rep) -> None:
        """Forgets a rep who left long ago."""
        self.state.put("rep", rep.workspace, rep.rep_id, None)
        self.forget_picks(rep)

    def forget_picks(self, rep: Rep) -> None:
        """Forgets how often the class has picked that the rep was of, if nobody is of it any more.

        It may come back while cases wait that it has passed over. So each class without picks of its own begins
        with the most that a forgotten one had made since its turn to take the oldest case.
        """
        workspace, key = rep.workspace, rep_key(rep)
        if self.state.workspaces[workspace].classes.is_known(key):
            return
        since_oldest = self.state.picks(workspace, key.name) % self.book.oldest_every(workspace)
        self.state.put("picks", workspace, key.name, None)
        if since_oldest > self.state.picks(workspace, FORGOTTEN):
            self.state.put("picks", workspace, FORGOTTEN, Picks(since_oldest))

    def forget_closed(self) -> None:
        """Forgets the closed case that is to be forgotten first."""
        first = self.state.indexes.closed.first()
        assert first is not None, "it is due, or there are too many"
        _, workspace, case_id = first
        self.state.forget_posts(workspace, case_id)
        self.state.put("closed", workspace, case_id, None)


def _at_end(case: Case) -> Case:
    """Returns a case as it is opened again. What was told of an answer on its platform stays told."""
    if case.extras.times is not None:
        case = case.timed(until_ms=None, limit_ms=None, front_ms=None)
    return case._replace(
        state="waiting", ring=0, ring_ms=None, breach_ms=None, offer=None, refused=(), update=0,
        former_rep=case.last_rep, from_rep=None, consulted=(), outcome=None, timer_parked=False,
        sticky_rep=None, sticky_ms=None,
    )  # fmt: skip
