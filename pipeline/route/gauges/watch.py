"""Watches one router: what was decided since somebody looked, and how the queues stand now.

No decision depends on it, and nothing of it is kept in the changelog. What it says of undone transactions is never
said. A router that begins anew does not know what the one before had counted.
"""

from collections import Counter, deque
from collections.abc import Iterator
from typing import NamedTuple

from pipeline.clock import from_ms
from pipeline.route.gauges.figures import queue_gauges
from pipeline.route.gauges.pace import Pace, Queue
from pipeline.route.state.entities import Rep
from pipeline.route.state.state import State
from schemas.cases.gauges import QueueGauge, RepGauge

MINUTE_MS = 60_000
MOST_UNTOLD = 10_000
"""Changes of presence that are kept while nobody asks for them, as in a replay."""


class _Seen(NamedTuple):
    """How a rep stood after a decision."""

    at_ms: int
    rep: Rep
    taken: int


class Watch:
    """Watches one router.

    Args:
        state: of the router.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._noticed = state.indexes.noticed
        self._pace = Pace()
        self._minute_ms: int | None = None
        self._says_all = True
        self._seen: list[_Seen] = []
        self._untold: deque[_Seen] = deque(maxlen=MOST_UNTOLD)
        self._new: list[Queue] = []
        self.taken: Counter[Queue] = Counter()

    def note(self, now_ms: int) -> None:
        """Takes what a decision has changed, which was made at that time."""
        noticed = self._noticed
        if noticed.taken:
            self._new += noticed.taken
            noticed.taken.clear()
        if noticed.reps:
            for workspace, rep_id in noticed.reps:
                rep = self._state.rep(workspace, rep_id)
                if rep is not None:
                    self._seen.append(self._see(now_ms, rep))
            noticed.reps.clear()

    def commit(self) -> None:
        """Learns that all that was decided is the truth."""
        if self._new or self._seen:
            self.taken.update(self._new)
            self._untold += self._seen
            self.abort()

    def abort(self) -> None:
        """Learns that what was decided since the last commit is undone."""
        self._new.clear()
        self._seen.clear()

    def minute(self, now_ms: int) -> int | None:
        """Returns the minute that has ended since the last question, in milliseconds; None where none has.

        A router that begins in the middle of a minute says nothing of its beginning.
        """
        minute_ms = now_ms // MINUTE_MS * MINUTE_MS
        before_ms, self._minute_ms = self._minute_ms, minute_ms
        if before_ms is None:
            self._look(minute_ms)
        return None if before_ms is None or minute_ms <= before_ms else minute_ms

    def queues(self, at_ms: int) -> list[QueueGauge]:
        """Returns how each queue stands now, which is the end of that minute."""
        self._look(at_ms)
        return list(queue_gauges(self._state, self._pace, at_ms))

    def reps(self, now_ms: int) -> Iterator[RepGauge]:
        """Yields each change of presence that was not told yet.

        At first it says of all reps how they stand. What a router told before it ended may have got lost.
        """
        if self._says_all:
            self._says_all = False
            self._untold.clear()
            for _, workspace in sorted(self._state.workspaces.items()):
                yield from (_rep_gauge(self._see(now_ms, rep)) for _, rep in sorted(workspace.reps.items()))
        while self._untold:
            yield _rep_gauge(self._untold.popleft())

    def _look(self, at_ms: int) -> None:
        self._pace.look(at_ms, self.taken.copy())

    def _see(self, now_ms: int, rep: Rep) -> _Seen:
        return _Seen(now_ms, rep, self._state.indexes.load(rep.workspace, rep.rep_id))


def _rep_gauge(seen: _Seen) -> RepGauge:
    rep = seen.rep
    return RepGauge(
        workspace=rep.workspace,
        at=from_ms(seen.at_ms),
        rep_id=rep.rep_id,
        teams=rep.teams,
        presence=rep.presence,
        capacity=rep.capacity,
        taken=seen.taken,
    )
