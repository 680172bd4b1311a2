"""The row of an author: what is remembered of the author's posts and of the people who react to them.

It has at most `MOST_BYTES` bytes, whoever writes and whatever happens, because there is one for each author. Its
form is fixed (`struct`, little-endian), because it is read and written for each event: 94 bytes after one post.
"""

import struct
from itertools import chain

import msgspec

from pipeline.errors import Misconfigured

POSTS = 24
"""The row knows so many posts one by one. They are the latest, and none is older than `history.KEPT_MS`."""
IDS = 64
"""The ids of so many events are remembered, so that each counts once."""
PAIRS = 16
"""So many people who react are remembered, those who did it most."""
MAX_COUNT = 2**32 - 2
"""A count that is higher is cut to this, which changes its logarithm only."""
UNKNOWN = 2**32 - 1
"""Stands for a counter that nobody stated."""
FORM = 1
_HEAD = struct.Struct("<BBBbBBqqqqdd")
_POST = struct.Struct("<9I")
_PAIR = struct.Struct("<IId")
MOST_BYTES = _HEAD.size + POSTS * _POST.size + IDS * 4 + PAIRS * _PAIR.size


class Seen(msgspec.Struct, array_like=True):
    """A post that the row knows one by one. Counters may be `UNKNOWN`, and sums of events are in thousandths."""

    key: int
    """Hash of the post's id."""
    at: int
    """When it was written, in seconds since the epoch."""
    likes: int = UNKNOWN
    reposts: int = UNKNOWN
    quotes: int = UNKNOWN
    replies: int = UNKNOWN
    liked: int = 0
    shared: int = 0
    talked: int = 0


class Pair(msgspec.Struct, array_like=True):
    """Somebody who reacted to the author."""

    actor: int
    """Hash of the author's id."""
    at: int
    """When it was the last time, in seconds since the epoch."""
    times: float
    """How often it was by then, where older times count less."""


class Row(msgspec.Struct):
    """Everything that is remembered of one author in one workspace."""

    offset: int = -1
    """Of the last record that changed the row. Those up to it have been counted."""
    clock_ms: int = 0
    """The latest time of an event, in milliseconds since the epoch."""
    followers: int | None = None
    verified: bool | None = None
    reported: bool = False
    """Whether a source counts the author's engagement, so that a silent post is one that nobody liked."""
    authored: bool = False
    """Whether posts of the author are reported, so that an unknown post is an old one."""
    settled_ms: int = 0
    """Time to which `total` and `posts` are decayed, in milliseconds since the epoch."""
    total: float = 0.0
    """Q: the decayed sum of ln(1 + engagement) of posts that are no longer known one by one."""
    weight: float = 0.0
    """W: the decayed number of these posts."""
    posts: list[Seen] = msgspec.field(default_factory=list)
    """By time and key, the oldest first."""
    ids: list[int] = msgspec.field(default_factory=list)
    """Hashes of the ids of events, the latest last."""
    pairs: list[Pair] = msgspec.field(default_factory=list)
    """By actor."""

    def to_bytes(self) -> bytes:
        """Returns the row in its stored form."""
        head = _HEAD.pack(
            FORM, self.reported + 2 * self.authored, len(self.posts),
            -1 if self.verified is None else self.verified, len(self.ids), len(self.pairs),
            self.offset, self.clock_ms, -1 if self.followers is None else self.followers, self.settled_ms,
            self.total, self.weight,
        )  # fmt: skip
        return b"".join((
            head,
            *(_POST.pack(*msgspec.structs.astuple(post)) for post in self.posts),
            struct.pack(f"<{len(self.ids)}I", *self.ids),
            *(_PAIR.pack(*msgspec.structs.astuple(pair)) for pair in self.pairs),
        ))  # fmt: skip


def row_of(stored: bytes) -> Row:
    """Returns the row of its stored form.

    Raises:
        Misconfigured: a later release wrote it, or it is damaged.
    """
    if len(stored) < _HEAD.size or stored[0] != FORM:
        raise Misconfigured(
            "the row of an author has a form that this release does not know: run the release that wrote it"
        )
    (
        _, flags, posts, verified, ids, pairs, offset, clock_ms, followers, settled_ms, total, weight
    ) = _HEAD.unpack_from(stored)  # fmt: skip
    to_ids = _HEAD.size + posts * _POST.size
    to_pairs = to_ids + 4 * ids
    if len(stored) != to_pairs + pairs * _PAIR.size:
        raise Misconfigured("the row of an author is cut off")
    return Row(
        offset=offset,
        clock_ms=clock_ms,
        followers=None if followers < 0 else followers,
        verified=None if verified < 0 else bool(verified),
        reported=bool(flags & 1),
        authored=bool(flags & 2),
        settled_ms=settled_ms,
        total=total,
        weight=weight,
        posts=[Seen(*fields) for fields in _POST.iter_unpack(stored[_HEAD.size : to_ids])],
        ids=list(chain.from_iterable(struct.iter_unpack("<I", stored[to_ids:to_pairs]))),
        pairs=[Pair(*fields) for fields in _PAIR.iter_unpack(stored[to_pairs:])],
    )
