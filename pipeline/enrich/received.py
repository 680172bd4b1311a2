"""Holds what was received, where and when, and checks its time before its post is scored.

Kafka and the machine's clock have no place here.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pipeline.clock import from_ms
from pipeline.errors import Permanent
from schemas.base import SourcePosition
from schemas.posts.raw import RawPost

ClockMode = Literal["processing", "event"]
FUTURE_TOLERANCE = timedelta(hours=24)
"""A wrong time zone is at most 14 h off, so a post from further ahead comes from a wrong clock."""


@dataclass(frozen=True, slots=True)
class ReceivedPost:
    """Holds one valid raw post and the place of its record."""

    post: RawPost
    source: SourcePosition
    appended_ms: int
    """The append time of the raw record, in milliseconds since the epoch."""
    history: bytes | None = None
    """The author's row (`pipeline.influence`) as it was then; None for an author of whom nothing was seen."""

    def received_at(self, clock_mode: ClockMode) -> datetime:
        """Returns when it counts as received, which is its append time, or created_at on the event clock."""
        return self.post.created_at if clock_mode == "event" else from_ms(self.appended_ms)

    def is_backfill(self, live_within_s: float, clock_mode: ClockMode) -> bool:
        """Returns whether it was older than `live_within_s` seconds when it came in; never so on the event
        clock."""
        age = self.received_at(clock_mode) - self.post.created_at
        return age > timedelta(seconds=live_within_s)


def check_time(received: ReceivedPost) -> None:
    """Refuses a post from the future.

    Raises:
        Permanent: `created_in_future` when it was written more than 24 h after its record was appended. That holds
            on the event clock too, where one wrong date would move everybody's time for good.
    """
    ahead = received.post.created_at - from_ms(received.appended_ms)
    if ahead > FUTURE_TOLERANCE:
        hours = ahead.total_seconds() / 3600
        raise Permanent("created_in_future", f"{hours:.0f} h after it was received", "created_at")
