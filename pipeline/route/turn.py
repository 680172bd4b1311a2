"""A turn is the handling of one input record or one timer: what it may look up, and what it has published so far.

Every change of the state and every output record of the router passes through here, so that each event carries the
same time, policy version and cause. What to publish is decided elsewhere (`cases`, `people`, `matching`, `time`).
"""

from functools import lru_cache

from pipeline.ports.records import Record
from pipeline.route import records
from pipeline.route.policies import PolicyBook
from pipeline.route.records import Cause
from pipeline.route.state.entities import MOST_CLOSED, Brief, Case, Closed, Offer, Picks, key
from pipeline.route.state.state import State
from schemas.cases.case import AssignmentState, CaseEventType
from schemas.topics import ASSIGNMENTS, CASE_EVENTS, team_topic


@lru_cache(maxsize=4096)
def _team_topic_name(workspace: str, team: str) -> str:
    # Remembered, because a Topic is a large object to make for its name alone, once for each assignment.
    return team_topic(workspace, team).name


class Turn:
    """The handling of one record or timer, which ends when all that follows from it is decided.

    Args:
        state: the entities.
        book: the policies.
        now_ms: the router's now in milliseconds, with which everything that happens in this turn is stamped.
        live: whether cases may be offered.
        cause: the input record; None for a timer.
        outputs: where records are appended, in order.
        counts: where the names of things that happened are appended, for the metrics.
    """

    def __init__(
        self,
        state: State,
        book: PolicyBook,
        now_ms: int,
        live: bool,
        cause: Cause | None,
        outputs: list[Record],
        counts: list[str],
    ) -> None:
        self.state = state
        self.book = book
        self.now_ms = now_ms
        self.live = live
        self.cause = cause
        self.outputs = outputs
        self.counts = counts

    def step(
        self,
        case: Case,
        type_: CaseEventType,
        reason: str,
        *,
        post: tuple[str, int] | None = None,
        rep_id: str | None = None,
    ) -> Case:
        """Takes a case one step on: stores it as changed and publishes the event of the change.

        Args:
            case: the case with its changes, but still with the sequence number of before.
            type_: what happened.
            reason: the code that says why.
            post: (post_id, revision) of the post that the step is about.
            rep_id: the rep whom the step is about.

        Returns:
            The case as it is now stored.
        """
        case = case._replace(seq=case.seq + 1, updated_at_ms=self.now_ms, timer_parked=False)
        self.state.put_case(case)
        version = self.book.version(case.workspace)
        value = records.case_event(
            case, type_=type_, reason=reason, version=version, cause=self.cause, post=post, rep_id=rep_id
        )
        self.outputs.append(Record(CASE_EVENTS.name, case.case_id.encode(), value))
        return case

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
        self.outputs.append(Record(CASE_EVENTS.name, case_id.encode(), value))

    def publish_assignment(self, case: Case, offer: Offer, state: AssignmentState, reason: str) -> None:
        """Publishes the assignment of that offer, on the topic for everybody and on the team's own."""
        value = records.assignment(
            case,
            self.state.brief(case),
            offer,
            state=state,
            reason=reason,
            now_ms=self.now_ms,
            version=self.book.version(case.workspace),
            cause=self.cause,
        )
        for topic in (ASSIGNMENTS.name, _team_topic_name(case.workspace, case.team)):
            self.outputs.append(Record(topic, case.case_id.encode(), value))

    def release(self, case: Case, reason: str) -> Case:
        """Takes the case from its rep and returns it, waiting at its place by its original age.

        The caller owes the step that says why.
        """
        assert case.offer is not None
        self.publish_assignment(case, case.offer, "released", reason)
        return case._replace(state="waiting", offer=None).lapsed(self.now_ms)

    def put_brief(self, case: Case, brief: Brief) -> None:
        """Stores what there is to read about a case."""
        self.state.put(key("brief", case.workspace, case.case_id), brief)

    def count_pick(self, workspace: str, class_name: str) -> None:
        """Counts one more pick by the reps of a class."""
        total = self.state.picks(workspace, class_name) + 1
        self.state.put(key("picks", workspace, class_name), Picks(total))

    def end(self, case: Case) -> None:
        """Forgets a case that is over, with everything about it but the little that a `Closed` says."""
        for post_id in self.state.indexes.posts(case.case_id):
            self.state.put(key("post", case.workspace, post_id), None)
        self.state.put(key("brief", case.workspace, case.case_id), None)
        self.state.put(key("case", case.workspace, case.case_id), None)
        closed = Closed(self.now_ms, case.root_post_id, case.author_id)
        self.state.put(key("closed", case.workspace, case.case_id), closed)
        if len(self.state.indexes.closed) > MOST_CLOSED:
            self.forget_closed()

    def forget_closed(self) -> None:
        """Forgets the case that was closed first."""
        _, workspace, case_id = self.state.indexes.closed[0]
        self.state.put(key("closed", workspace, case_id), None)
