"""Virtual time, which moves from event to event and takes no real time."""

from collections.abc import Callable
from heapq import heappop, heappush


class Signal:
    """Ends a wait before its time."""

    def __init__(self) -> None:
        self.fired = False
        self.on_fire: Callable[[], None] | None = None
        """Set by whoever waits."""

    def fire(self) -> None:
        """Ends the wait that is going on, or the next one."""
        self.fired = True
        if self.on_fire is not None:
            self.on_fire()


class VirtualTime:
    """Runs events in the order of their times, and those of the same time in the order of the calls for them.

    Whoever waits runs the events that come before, on its own stack. A scheduler of several processes overrides
    `wait`.
    """

    def __init__(self) -> None:
        self.now_s = 0.0
        self._events: list[tuple[float, int, Callable[[], object]]] = []
        self._serial = 0

    def call_at(self, at_s: float, action: Callable[[], object]) -> None:
        """Calls `action` at that time, or next where the time has passed."""
        self._serial += 1
        heappush(self._events, (max(at_s, self.now_s), self._serial, action))

    def call_in(self, seconds: float, action: Callable[[], object]) -> None:
        """Calls `action` after so many seconds."""
        self.call_at(self.now_s + seconds, action)

    def run_next(self) -> bool:
        """Runs the next event; False where there is none."""
        if not self._events:
            return False
        self.now_s, _, action = heappop(self._events)
        action()
        return True

    def wait(self, until_s: float, signal: Signal | None = None) -> None:
        """Returns at that time, or when the signal is fired."""
        while signal is None or not signal.fired:
            if not self._events or self._events[0][0] > until_s:
                self.now_s = max(self.now_s, until_s)
                return
            self.run_next()
