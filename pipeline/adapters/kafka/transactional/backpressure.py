"""Says when an input is no longer fetched because too much of it waits to be decided."""

from typing import NamedTuple

BUFFER_BATCHES = 4
"""An input is paused while so many batches of it wait. Otherwise a slow input would let the others fill memory."""
BUFFER_BYTES = 16 * 1_048_576
"""It is also paused while so many bytes wait, which are 8,000 posts of 2 KB. A record may have 1 MiB, so that a
limit in records alone would allow 8 GiB."""


class Waiting(NamedTuple):
    """What is buffered of an input, or how much may be."""

    records: int
    bytes: int


def must_pause(waiting: Waiting, limit: Waiting, *, paused: bool) -> bool:
    """Returns whether the input is paused from now on: from either limit on, until half of both is reached.

    A pause drops what librdkafka has fetched ahead. If it ended just below the limit, an input that arrives faster
    than it is decided would be paused, resumed and fetched again with each transaction.
    """
    if paused:
        return waiting.records > limit.records // 2 or waiting.bytes > limit.bytes // 2
    return waiting.records >= limit.records or waiting.bytes >= limit.bytes
