"""Says how long a record is held back for a policy that is on its way.

Two stages follow the topic of policies independently. So a post may arrive that was triaged by a policy which the
router does not have yet, and which may send the post to a queue that the router does not know.
"""

from pipeline.loop.spec import Moment
from pipeline.ports.decider import PolicyAwaited

PATIENCE_MS = 30_000
"""A policy that is published reaches every reader within a leader election, which takes seconds. Longer than this
nothing waits behind one workspace's record."""
REST_MS = 300_000
"""After one policy has not come in time, no record waits for another one for so long. Many workspaces whose
policies never come would otherwise hold up the others one after another."""


class Patience:
    """Follows the policies that records of one partition number wait for."""

    def __init__(self) -> None:
        self._since_ms: dict[tuple[str, int], int] = {}
        self._given_up_ms: int | None = None

    def holds(self, awaited: PolicyAwaited, at: Moment) -> bool:
        """Whether the record is still held back. After the time is over, no record of that policy is."""
        name = awaited.workspace, awaited.version
        if name not in self._since_ms:
            if self._given_up_ms is not None and at.monotonic_ms - self._given_up_ms < REST_MS:
                return False
            self._since_ms[name] = at.monotonic_ms
        over_ms = self._since_ms[name] + PATIENCE_MS
        if at.monotonic_ms < over_ms:
            return True
        # By the end of its own time, so that what never comes does not begin a rest with each of its records.
        self._given_up_ms = over_ms if self._given_up_ms is None else max(over_ms, self._given_up_ms)
        return False

    def arrived(self, workspace: str) -> None:
        """Notes that the workspace has another policy now."""
        for awaited in [awaited for awaited in self._since_ms if awaited[0] == workspace]:
            del self._since_ms[awaited]
        self._given_up_ms = None
