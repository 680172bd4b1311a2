"""Finds what the members of a cluster have in common: in each position, the value that most signatures share.

Members vote with their signatures while a cluster grows, and the votes are counted at a few sizes. Each edit of a
text spoils other positions of its signature, so that the unspoiled value wins in each of them. A worker that saw
only edited copies thereby arrives at the signature of the text that they were made of, as does every other worker.
"""

from collections import Counter, OrderedDict
from collections.abc import Hashable
from typing import Final, Generic, TypeVar

import numpy as np

from pipeline.enrich.copies.signatures import Signature

COUNT_AT_VOTES = (8, 16, 32, 64, 128, 256)
"""Numbers of votes at which they are counted. The last count is final. Smaller clusters keep the id that they
began with. Edits of a single text nearly always agree after 16 votes, and the later counts are for campaigns of
several texts."""
_TIE_SHARE = 0.7
"""A value with this share of the winner's votes ties with it, and the smallest value of a tie wins. Without ties
two workers would each choose by chance where a campaign uses two texts in turn, and a share of .5 is what three
texts have. It is the best of .4 to .99. Of campaigns of 2, 3, 5 and 10 texts over two workers, .92, .91, .88 and
.98 of the posts get the same id (measured with other seeds than those it was chosen with). In one campaign of
twenty, each worker keeps a cluster of its own."""

Member = TypeVar("Member", bound=Hashable)


class ConsensusVotes(Generic[Member]):
    """The votes of clusters that are growing. Clusters that rest the longest lose their votes.

    A cluster takes the memory of at most 256 signatures of 161 bytes.

    Args:
        max_clusters: clusters whose votes are kept, >= 1.
    """

    def __init__(self, max_clusters: int) -> None:
        self._max_clusters: Final = max_clusters
        self._votes: Final[OrderedDict[Member, list[bytes]]] = OrderedDict()

    def vote(self, cluster: Member, value: Signature, first: Signature) -> Signature | None:
        """Adds a vote and returns the consensus where it is time to count, otherwise None.

        Args:
            cluster: hashable by identity.
            value: signature of the new member.
            first: signature of the cluster itself, which votes first where no other vote is remembered.
        """
        votes = self._votes.get(cluster)
        if votes is None:
            votes = self._votes[cluster] = [first.tobytes()]
            if len(self._votes) > self._max_clusters:
                self._votes.popitem(last=False)
        votes.append(value.tobytes())
        self._votes.move_to_end(cluster)
        return consensus(votes) if len(votes) in COUNT_AT_VOTES else None

    def close(self, cluster: Member) -> bool:
        """Forgets the votes after the last count, and returns whether that count is done."""
        if len(self._votes.get(cluster, ())) < COUNT_AT_VOTES[-1]:
            return False
        del self._votes[cluster]
        return True

    def drop(self, cluster: Member) -> None:
        """Forgets the votes of a cluster that is no more."""
        self._votes.pop(cluster, None)


def consensus(votes: list[bytes]) -> Signature:
    """Returns in each position the value with the most votes, or the smallest of those that tie with it."""
    columns = np.frombuffer(b"".join(votes), dtype=np.uint16).reshape(len(votes), -1).T.tolist()
    return np.array([_winner(Counter(column)) for column in columns], dtype=np.uint16)


def _winner(counts: Counter[int]) -> int:
    most = max(counts.values())
    return min(value for value, count in counts.items() if count >= _TIE_SHARE * most)
