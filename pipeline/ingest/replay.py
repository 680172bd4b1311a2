"""Paces a replay by event time and says when the next post is due if history runs `speed` times as fast as it did.

The caller sleeps, with its own clock.
"""

from datetime import datetime


class Pacer:
    """Maps event time to the caller's clock. The first post is due at once.

    Args:
        speed: seconds of event time per second of the clock, > 0.
    """

    def __init__(self, speed: float) -> None:
        assert speed > 0, "a speed of 0 would never end"
        self._speed = speed
        self._anchor: tuple[datetime, float] | None = None

    def wait_s(self, event: datetime, now_s: float) -> float:
        """Returns the seconds to wait before sending the post of that event time, or 0 if it is late.

        A post that is older than the ones before it (a late reply in an export) is sent at once, because time
        never runs backwards.
        """
        if self._anchor is None:
            # The first post sets the start of both clocks, so a replay begins without a wait.
            self._anchor = (event, now_s)
        first, start_s = self._anchor
        due_s = start_s + (event - first).total_seconds() / self._speed
        return max(0.0, due_s - now_s)
