"""Looks up in the state what `joining` asks about the cases of one workspace."""

from pipeline.route.cases.joining import Found
from pipeline.route.state.entities import Case, Closed
from pipeline.route.state.links import names_of
from pipeline.route.turn import Turn


class KnownCases:
    """What is known in the turn about the cases of a workspace.

    Args:
        turn: the turn that asks.
        workspace: whose cases.
    """

    __slots__ = ("_turn", "_workspace")

    def __init__(self, turn: Turn, workspace: str) -> None:
        self._turn = turn
        self._workspace = workspace

    def post(self, post_id: str) -> Found | None:
        """Returns the post where it is in a case."""
        state = self._turn.state
        member = state.member(self._workspace, post_id)
        if member is None:
            return None
        case = state.case(self._workspace, member.case_id)
        if case is not None:
            return Found(member, case, None)
        closed = state.closed(self._workspace, member.case_id)
        return None if closed is None or closed.case is None else Found(member, closed.case, closed)

    def open_cases(self, contact: str) -> list[Case]:
        """Returns the open cases of a contact, the newest first."""
        workspace = self._turn.state.workspaces[self._workspace]
        names = names_of(workspace.contacts, contact)
        if not names:
            return []
        cases = [workspace.cases[case_id] for case_id in names]
        return sorted(cases, key=lambda case: (-case.queued_at_ms, case.case_id)) if len(cases) > 1 else cases

    def closed_cases(self, contact: str) -> list[Closed]:
        """Returns the cases of a contact that can be reopened, the one closed last first."""
        return [closed for closed in self._former_cases(contact) if self.reopens(closed)]

    def _former_cases(self, contact: str) -> list[Closed]:
        workspace = self._turn.state.workspaces[self._workspace]
        names = names_of(workspace.former, contact)
        if not names:
            return []
        cases = [(workspace.closed[case_id], case_id) for case_id in names]
        return [closed for closed, _ in sorted(cases, key=lambda pair: (-pair[0].closed_ms, pair[1]))]

    def last_rep(self, contact: str, queue: str | None, ttl_ms: int) -> str | None:
        """Returns the rep who has or had the newest case of a contact that somebody has taken.

        Args:
            contact: whose cases.
            queue: the queue in which the case is or was; None for any.
            ttl_ms: how long ago a case may have ended, in milliseconds. Open ones come first.
        """
        recent = [
            closed for closed in self._former_cases(contact) if self._turn.now_ms - closed.closed_ms < ttl_ms
        ]
        cases = [*self.open_cases(contact), *(closed.case for closed in recent if closed.case is not None)]
        return next((case.last_rep for case in cases if case.last_rep and queue in (None, case.queue)), None)

    def original(self, cluster: str) -> Case | None:
        """Returns the oldest open case that a public post of this cluster has opened."""
        workspace = self._turn.state.workspaces[self._workspace]
        cases = [workspace.cases[case_id] for case_id in names_of(workspace.clusters, cluster)]
        return min(cases, key=lambda case: (case.queued_at_ms, case.case_id), default=None)

    def is_brand(self, author_id: str) -> bool:
        """Whether that is one of the brand's own accounts."""
        return self._turn.book.is_brand(self._workspace, author_id)

    def reopens(self, closed: Closed) -> bool:
        """Whether the case may still be reopened."""
        case = closed.case
        if case is None:
            return False
        window_ms = self._turn.book.reopen_within_ms(self._workspace, case.queue)
        return 0 < window_ms >= self._turn.now_ms - closed.closed_ms


def kept_for_rep(turn: Turn, case: Case, before: Case | None = None, closed_ms: int = 0) -> Case:
    """Returns a case that begins to wait, in a sticky queue first for the rep of an earlier case of its contact.

    Args:
        turn: the turn in which it begins.
        case: the case, which is not stored yet.
        before: the same case before it was closed, where it is reopened.
        closed_ms: when that was.
    """
    sticky = turn.book.sticky(case.workspace, case.queue)
    if sticky.scope == "off":
        return case
    rep_id, queue, ttl_ms = None, case.queue if sticky.scope == "queue" else None, 1000 * sticky.ttl_s
    if before is not None and turn.now_ms - closed_ms < ttl_ms and queue in (None, before.queue):
        rep_id = before.extras.former_rep
    if rep_id is None:
        rep_id = KnownCases(turn, case.workspace).last_rep(case.contacts[0], queue, ttl_ms)
    if rep_id is None:
        return case
    return case._replace(sticky_rep=rep_id, sticky_ms=turn.now_ms + 1000 * sticky.hold_s)
