"""Names what a batch is made of: events with what their records hold, and where these lie."""

from pipeline.enrich.received import ReceivedPost
from pipeline.errors import Permanent
from pipeline.ports.events import Event

Place = tuple[int, int]
"""Partition and offset of a record of `posts.raw`."""

Opened = tuple[Event, ReceivedPost | Permanent]
"""An event, and what its record holds or why it is refused."""


def place_of(event: Event) -> Place:
    """Returns where the event's record lies in the topic."""
    return event.message.partition, event.message.offset
