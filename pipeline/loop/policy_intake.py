"""Puts published policies in force inside transactions, a bounded number in each.

What is in force is state of the core. So what remains to be taken follows from the core and from what is
published. It is found anew after every publication and every transaction that was undone.
"""

from collections.abc import Mapping

from pipeline.errors import Permanent
from pipeline.loop.draft import Draft
from pipeline.loop.patience import Patience
from pipeline.loop.spec import Moment
from pipeline.ports.decider import Decider, PolicyAwaited, policy_digest
from schemas.cases.journal import PolicyTaken

POLICY_LIMIT = 100
"""Most policies that one transaction puts in force. Each may have 1 MiB."""


class PolicyIntake:
    """The policies of one partition number.

    Args:
        decider: the stage's core.
    """

    def __init__(self, decider: Decider) -> None:
        self._decider = decider
        self._patience = Patience()
        self._published: Mapping[str, bytes] | None = None
        self._refused: dict[str, bytes | None] = {}
        """Contents that were given up, by workspace. None is the end of a policy."""
        self._left: list[tuple[str, bytes | None]] | None = None
        """What remains to be taken; None where it must be found anew."""

    def hold(self, awaited: PolicyAwaited, at: Moment) -> bool:
        """Whether a record is held back for a policy that is not published yet."""
        return self._patience.holds(awaited, at)

    def publish(self, policies: Mapping[str, bytes]) -> None:
        """Says which policies are published now, by workspace."""
        if policies is not self._published:
            self._published, self._left = policies, None

    def undone(self) -> None:
        """Notes that a transaction was undone, and with it what it took."""
        self._left = None

    def give_up_first(self) -> bool:
        """Leaves the policy of before in force in place of the one that would be taken first. Returns False where
        none is left to take."""
        left = self._found()
        if not left:
            return False
        self._refused.update([left.pop(0)])
        return True

    def take(self, draft: Draft, now_ms: int) -> bool:
        """Puts policies in force. Returns whether none is left, so that records may be decided."""
        left = self._found()
        if not left:
            return True
        limit = min(POLICY_LIMIT, draft.limit)
        taken = [one for one in left[:limit] if self._accepts(*one, now_ms)]
        # Asked once for all of them, because the core lists the policies of all its workspaces.
        marks = self._decider.policies()
        for workspace, content in taken:
            mark = marks.get(workspace)
            version, digest = (None, None) if mark is None else mark
            draft.policies.append((PolicyTaken(workspace=workspace, version=version, digest=digest), content))
            self._patience.arrived(workspace)
        self._left = left[limit:]
        return not self._left

    def _found(self) -> list[tuple[str, bytes | None]]:
        if self._left is None:
            self._left = [] if self._published is None else self._changed(self._published)
        return self._left

    def _changed(self, published: Mapping[str, bytes]) -> list[tuple[str, bytes | None]]:
        in_force = {workspace: mark.digest for workspace, mark in self._decider.policies().items()}
        wanted = ((workspace, published.get(workspace)) for workspace in sorted({*published, *in_force}))
        return [
            (workspace, content)
            for workspace, content in wanted
            if (None if content is None else policy_digest(content)) != in_force.get(workspace)
            and not (workspace in self._refused and self._refused[workspace] == content)
        ]

    def _accepts(self, workspace: str, content: bytes | None, now_ms: int) -> bool:
        try:
            self._decider.take_policy(workspace, content, now_ms)
        except Permanent:
            # Whoever reads the topic of policies has logged it. The policy of before stays in force.
            self._refused[workspace] = content
            return False
        return True
