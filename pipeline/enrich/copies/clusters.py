"""Recognises copies, near-copies and reposts, by clusters of the posts of a workspace that say the same.

It takes posts one after another, with their text masked, and returns the cluster of each with its size so far. A
worker knows only its own posts. What follows from a cluster is decided in triage and trends.

**The id follows from the content**, so that workers arrive at the same id without asking each other. It is a hash
of the workspace and of 16 positions of the cluster's signature. A cluster of exact copies has the id of its text
on every worker, in whatever order the copies come. A near-copy takes the id of the cluster that it resembles.
Where a worker meets an edited copy first, its cluster begins under another id. As the cluster grows, at 8, 16, 32
... 256 posts, its signature becomes what its members have in common (`consensus.py`), and its id thereby that of
the other workers.

This costs recall. The first posts of a cluster get another id on a worker that met an edited copy first, and so do
all posts of a cluster that stays below 8 there. The table shows the share of a campaign's posts outside its
largest id, over two workers and with a text of 37 words:

    posts                           10     100    1,000   10,000
    exact copies                     0       0        0        0
    20 % with two other words     14 %     3 %    0.1 %  < 0.1 %
    all with two other words      40 %    14 %      2 %    0.1 %

Reposts without text whose original went to another worker are a cluster of their own, and `repost_of` names the
original.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from xxhash import xxh3_64_intdigest

from pipeline.enrich.copies.comparable import MIN_CHARACTERS, comparable
from pipeline.enrich.copies.consensus import ConsensusVotes
from pipeline.enrich.copies.signatures import POSITIONS, Signature, SignatureRing, signature
from schemas.posts.signals import Cluster, CopyKind

WINDOW = timedelta(hours=24)
"""A post belongs to a cluster if the cluster's last or first post is at most so far away."""
CAPACITY = 200_000
"""Signatures that a worker remembers. They last a day at 2.3 posts a second, each with a text of its own."""
_POSITIONS_OF_ID = 16
"""Positions of a signature that make its id. Two texts with half of their pieces in common agree in all 16 of them
once in 65,000 pairs."""
_MERGE_AT_POSITIONS = 52
"""Two clusters whose signatures agree in so many of 64 positions (.8) become one. Each of them began with an
edited copy of the same text."""
_VOTING_SHARE = 400
"""At most one cluster in 400 collects votes, which bounds the votes of 500 clusters at 20 MB. All other clusters
keep the id that they began with."""


@dataclass(frozen=True)
class _Space:
    """Keeps workspaces apart, so that texts, post ids and signatures of two of them never meet."""

    seed: int
    mask: Signature

    def key(self, text: str) -> int:
        return xxh3_64_intdigest(text.encode(errors="surrogatepass"), self.seed)

    def id_of(self, value: Signature) -> int:
        return xxh3_64_intdigest(value[:_POSITIONS_OF_ID].tobytes(), self.seed)


@dataclass(slots=True, eq=False)
class _Group:
    """A cluster as this worker knows it."""

    id: int
    first_seen: datetime
    last_seen: datetime
    size: int = 0
    row: int | None = None
    """Row of its signature in the ring; None for reposts without text."""
    settled: bool = False
    """Whether its id is final."""
    into: "_Group | None" = None
    """The cluster with which it was merged."""

    def within_window(self, at: datetime) -> bool:
        return self.first_seen - WINDOW <= at <= self.last_seen + WINDOW


class _RememberedPost(NamedTuple):
    """The answer that a post got."""

    revision: int
    group: _Group
    kind: CopyKind


class Copies:
    """The clusters that one worker knows, of all workspaces. It is not thread-safe.

    Nothing expires by a clock. What is older than the window is passed over when it turns up, and new entries take
    the place of the oldest. `capacity` bounds the memory, at about 1 KB an entry and 0.2 GB with the default. A
    workspace that floods the worker shortens the memory for the others.

    Args:
        capacity: number of signatures, of texts and of post ids that are remembered, >= 1.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity: Final = capacity
        self._ring: Final = SignatureRing(capacity)
        self._owners: Final[list[_Group | None]] = [None] * capacity
        self._texts: Final[OrderedDict[int, _Group]] = OrderedDict()
        self._posts: Final[OrderedDict[int, _RememberedPost]] = OrderedDict()
        self._votes: Final[ConsensusVotes[_Group]] = ConsensusVotes(max(1, capacity // _VOTING_SHARE))

    def see(
        self,
        workspace: str,
        post_id: str,
        text: str,
        at: datetime,
        *,
        repost_of: str | None = None,
        revision: int = 0,
    ) -> Cluster | None:
        """Returns the cluster of a post, in which the post counts; None with too little text, unless it is a
        repost.

        A post counts once in a cluster. If it comes again, or is edited and stays in the cluster, it gets the same
        answer with the present size. The latest `capacity` posts are remembered for this.

        Args:
            workspace: only its own posts are compared.
            post_id: id of the post.
            text: title, newline and text, with personal data masked; empty where there is none.
            at: when the post was received. It may be earlier than the time of the post before.
            repost_of: post_id of the original.
            revision: revision of the post. A revision that is older than the one before changes nothing.
        """
        space = _space(workspace)
        key = space.key(post_id)
        previous = self._posts.get(key)
        if previous is not None and revision <= previous.revision:
            return _view(_lead(previous.group), previous.kind)
        match = self._find(space, comparable(text), at, repost_of)
        if match is None:
            return None
        group, kind, vote = match
        if previous is not None and _lead(previous.group) is group:
            kind = previous.kind
        else:
            self._count(space, group, vote, at)
            group = _lead(group)
        self._posts[key] = _RememberedPost(revision, group, kind)
        self._posts.move_to_end(key)
        _shorten(self._posts, self._capacity)
        return _view(group, kind)

    def _find(
        self, space: _Space, words: str, at: datetime, repost_of: str | None
    ) -> tuple[_Group, CopyKind, Signature | None] | None:
        """Returns the old or new cluster of a text, what the post is in it, and its vote if it has one."""
        if repost_of is not None:
            original = self._posts.get(space.key(repost_of))
            if original is not None and (group := _lead(original.group)).within_window(at):
                return group, "repost", None
        if len(words) >= MIN_CHARACTERS:
            group, kind, vote = self._find_text(space, words, at)
            return group, "repost" if repost_of is not None else kind, vote
        if repost_of is None:
            return None
        key = space.key(f"reposts of {repost_of}")
        group = self._group_of_text(key, at) or _Group(key, at, at, settled=True)
        self._remember_text(key, group)
        return group, "repost", None

    def _find_text(self, space: _Space, words: str, at: datetime) -> tuple[_Group, CopyKind, Signature | None]:
        key = space.key(words)
        kind: CopyKind = "copy"
        vote = None
        group = self._group_of_text(key, at)
        # A settled cluster with a fresh signature needs no vote, and a signature costs more than all the rest.
        if group is None or not group.settled or self._is_fading(group):
            vote = signature(words, space.mask)
        if group is None and vote is not None:
            kind = "near-copy"
            group = self._group_of_signature(vote, at)
        if group is None and vote is not None:
            kind = "original"
            group = _Group(space.id_of(vote), at, at)
        assert group is not None, "it has the text, a like signature, or began with this one"
        if vote is not None and self._is_fading(group):
            self._index(group, vote)
        self._remember_text(key, group)
        return group, kind, vote

    def _group_of_text(self, key: int, at: datetime) -> _Group | None:
        group = self._texts.get(key)
        if group is None:
            return None
        group = _lead(group)
        return group if group.within_window(at) else None

    def _group_of_signature(self, value: Signature, at: datetime) -> _Group | None:
        for row in self._ring.rows_agreeing(value):
            owner = self._owners[row]
            if owner is not None and (group := _lead(owner)).within_window(at):
                return group
        return None

    def _remember_text(self, key: int, group: _Group) -> None:
        previous = self._texts.get(key)
        # A very late post must not take the text away from the cluster of today.
        if previous is not None and previous is not group and _lead(previous).last_seen > group.last_seen:
            return
        self._texts[key] = group
        self._texts.move_to_end(key)
        _shorten(self._texts, self._capacity)

    def _is_fading(self, group: _Group) -> bool:
        """Returns whether its signature left the ring, or will soon do so although the cluster still grows."""
        if group.row is None:
            return True
        return self._owners[group.row] is not group or self._ring.age(group.row) * 2 > self._capacity

    def _index(self, group: _Group, value: Signature) -> None:
        if group.row is not None and self._owners[group.row] is group:
            # The cluster keeps its own signature, on which its members agreed, and not the one of the newest post.
            value = self._ring.at(group.row)
            self._owners[group.row] = None
        group.row = self._ring.add(value)
        self._owners[group.row] = group

    def _count(self, space: _Space, group: _Group, vote: Signature | None, at: datetime) -> None:
        group.size += 1
        group.first_seen = min(group.first_seen, at)
        group.last_seen = max(group.last_seen, at)
        if vote is None or group.settled or group.row is None or group.size == 1:
            return
        agreed = self._votes.vote(group, vote, self._ring.at(group.row))
        if agreed is not None:
            group.settled = self._votes.close(group)
            self._agree(space, group, agreed, at)

    def _agree(self, space: _Space, group: _Group, agreed: Signature, at: datetime) -> None:
        """Gives a cluster the signature of its members, and merges it with clusters that have become alike."""
        assert group.row is not None, "who votes has a signature"
        # The search comes before the replacement, which would take the slots that lead to the other clusters.
        alike = self._ring.rows_agreeing(agreed, _MERGE_AT_POSITIONS)
        group.id = space.id_of(agreed)
        self._ring.replace(group.row, agreed)
        for row in alike:
            owner = self._owners[row]
            other, group = None if owner is None else _lead(owner), _lead(group)
            if other is not None and other is not group and other.within_window(at):
                self._merge(*sorted((other, group), key=lambda cluster: cluster.size))

    def _merge(self, part: _Group, whole: _Group) -> None:
        part.into = whole
        whole.size += part.size
        whole.first_seen = min(whole.first_seen, part.first_seen)
        whole.last_seen = max(whole.last_seen, part.last_seen)
        self._votes.drop(part)


def _lead(group: _Group) -> _Group:
    while group.into is not None:
        group = group.into
    return group


def _view(group: _Group, kind: CopyKind) -> Cluster:
    return Cluster(id=f"{group.id:016x}", kind=kind, size=group.size, first_seen=group.first_seen)


def _shorten(memory: OrderedDict[int, _RememberedPost] | OrderedDict[int, _Group], max_size: int) -> None:
    while len(memory) > max_size:
        memory.popitem(last=False)


@lru_cache(maxsize=4096)
def _space(workspace: str) -> _Space:
    name = workspace.encode()
    seed, *masks = (xxh3_64_intdigest(name, number) for number in range(POSITIONS // 4 + 1))
    return _Space(seed, np.array(masks, dtype=np.uint64).view(np.uint16))
