"""Holds what was received, where and when.

Kafka and the machine's clock have no place here.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pipeline.clock import from_ms
from schemas.base import SourcePosition
from schemas.posts.raw import RawPost

ClockMode = Literal["processing", "event"]


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
