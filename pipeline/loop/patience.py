"""Says how long a record is held back for a policy that is on its way.

Two stages follow the topic of policies independently. So a post may arrive that was triaged by a policy which the
router does not have yet, and which may send the post to a queue that the router does not know.
"""

from pipeline.loop.spec import Moment
from pipeline.ports.decider import PolicyAwaited

PATIENCE_MS = 30_000
"""A policy that is published reaches every reader within a leader election, which takes seconds. Longer than this
nothing waits behind one workspace's record."""


class Patience:
    """Follows the policies that records of one partition number wait for."""

    def __init__(self) -> None:
        self._since_ms: dict[tuple[str, int], int] = {}

    def holds(self, awaited: PolicyAwaited, at: Moment) -> bool:
        """Whether the record is still held back. After the time is over, no record of that policy is."""
        since_ms = self._since_ms.setdefault((awaited.workspace, awaited.version), at.monotonic_ms)
        return at.monotonic_ms - since_ms < PATIENCE_MS

    def arrived(self, workspace: str) -> None:
        """Notes that the workspace has another policy now."""
        for awaited in [awaited for awaited in self._since_ms if awaited[0] == workspace]:
            del self._since_ms[awaited]
