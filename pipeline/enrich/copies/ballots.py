"""What the members of a cluster have in common: the signature that the most of them share.

In: signatures of the members of a cluster, while it grows. Out: their consensus, at a few sizes. Never here: ids,
times.

Each edit of a text spoils other positions of its signature. In each position the unspoiled value therefore wins,
and a worker that saw only edited copies arrives at the signature of the text that they were made of, as does every
other worker.
"""

from collections import Counter, OrderedDict
from collections.abc import Hashable
from typing import Final, Generic, TypeVar

import numpy as np

from pipeline.enrich.copies.signatures import Signature

COUNT_AT_VOTES = (8, 16, 32, 64, 128, 256)
"""How many votes there are when they are counted; the last count is final. Small clusters keep the id that they
began with. Edits of one text agree after 16 votes nearly always; the rest is for campaigns of several texts."""
_TIE_SHARE = 0.7
"""A value with this share of the votes of the first is its equal, and the smaller of them wins. Else two workers
would each choose by chance where a campaign uses 2 texts in turn; and .5 is what 3 texts have. The best of .4 to
.99: of campaigns of 2, 3, 5 and 10 texts over two workers, .92, .91, .88 and .98 of the posts get one id (other
seeds than those it was chosen with); one in twenty campaigns stays two clusters, one a worker."""

Member = TypeVar("Member", bound=Hashable)


class Ballots(Generic[Member]):
    """The votes of clusters that are growing; of those that rest the longest, the votes are forgotten.

    Memory: at most 256 signatures of 161 bytes a cluster.

    Args:
        most: clusters whose votes are kept, >= 1.
    """

    def __init__(self, most: int) -> None:
        self._most: Final = most
        self._votes: Final[OrderedDict[Member, list[bytes]]] = OrderedDict()

    def vote(self, cluster: Member, value: Signature, first: Signature) -> Signature | None:
        """Adds a vote; the consensus when it is time to count them, else None.

        Args:
            cluster: hashable by identity.
            value: of the new member.
            first: of the member before, the cluster's own: its vote where no other is remembered.
        """
        votes = self._votes.get(cluster)
        if votes is None:
            votes = self._votes[cluster] = [first.tobytes()]
            if len(self._votes) > self._most:
                self._votes.popitem(last=False)
        votes.append(value.tobytes())
        self._votes.move_to_end(cluster)
        return consensus(votes) if len(votes) in COUNT_AT_VOTES else None

    def close(self, cluster: Member) -> bool:
        """Forgets the votes if the last count is done; whether it is."""
        if len(self._votes.get(cluster, ())) < COUNT_AT_VOTES[-1]:
            return False
        del self._votes[cluster]
        return True

    def drop(self, cluster: Member) -> None:
        """Forgets the votes of a cluster that is no more."""
        self._votes.pop(cluster, None)


def consensus(votes: list[bytes]) -> Signature:
    """In each position the value that most votes have; of several with nearly as many, the smallest."""
    columns = np.frombuffer(b"".join(votes), dtype=np.uint16).reshape(len(votes), -1).T.tolist()
    return np.array([_winner(Counter(column)) for column in columns], dtype=np.uint16)


def _winner(counts: Counter[int]) -> int:
    most = max(counts.values())
    return min(value for value, count in counts.items() if count >= _TIE_SHARE * most)
