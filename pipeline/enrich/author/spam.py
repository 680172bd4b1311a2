"""Scores how much an author posts like a spammer or a bot, 0..1 with reasons.

No post is ever dropped for its score. The brand's own accounts post like bots, so nobody should ask about them.

The signs are a heuristic that was not validated. A noisy-OR joins them. One sign alone gives about even odds,
and two give .8.
"""

from collections import OrderedDict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from xxhash import xxh3_64_intdigest

from pipeline.enrich.text.bounds import MAX_SIGNAL_CHARS
from pipeline.enrich.text.lexical import HANDLE, LINK_WITH_TARGET
from schemas.posts.raw import Author, PostBody
from schemas.posts.signals import Cluster, Spam, SpamReason

HOUR = timedelta(hours=1)
REPEATS = 5
"""So many posts of one cluster by one author within an hour, this one included, are a sign."""
MOST_PER_HOUR = 30
NEW_ACCOUNT = timedelta(days=7)
MANY_FOLLOWING = 1_000
FEW_FOLLOWERS = 0.05
"""Fewer followers than this for each account that is followed are few."""
BRANDS = 3
"""An author who sent the same text to so many handles within an hour shows a sign. A single post shows none,
because an answer in a conversation names everybody in it."""
WEIGHTS: Final[dict[SpamReason, float]] = {
    "repeated_text": 0.55,
    "posting_rate": 0.5,
    "new_account_with_links": 0.55,
    "follows_many": 0.5,
    "many_brands": 0.6,
}
"""The probability of spam by one sign alone. It is judged and not fitted. The text is the better witness than the
profile, because busy people post often and newcomers follow many."""
DECIMALS = 4
AUTHORS = 100_000
_POSTS_PER_AUTHOR = MOST_PER_HOUR + 1
"""More posts need not be kept, because the rate alone is then a sign."""
_MEAN_POSTS = 5
"""Memory holds so many posts for each author on average, and most authors wrote once in the last hour."""
_MOST_HANDLES = 10
"""At most so many handles of one post are looked at."""


class _Posted(NamedTuple):
    """Holds what is remembered of a post of the last hour."""

    post: int
    at: datetime
    cluster: str | None
    handles: tuple[int, ...]


class SpamMeter:
    """Remembers how the authors of all workspaces post, as far as one worker sees it. It is not thread-safe.

    The number of authors and five posts for each of them on average bound the memory, to 0.2 GB with the default.
    The authors who were silent the longest are forgotten first.

    Args:
        authors: the most authors that are remembered, >= 1.
    """

    def __init__(self, authors: int = AUTHORS) -> None:
        self._most: Final = authors
        self._authors: Final[OrderedDict[int, list[_Posted]]] = OrderedDict()
        self._posts = 0

    def see(self, post: PostBody, cluster: Cluster | None, at: datetime) -> Spam:
        """Returns the score of a post with four decimals, and its signs in the order of the contract.

        A post that is seen again, or edited, counts once. A sign that the platform gives no numbers for is absent.

        Args:
            post: a post of any workspace, also a direct message.
            cluster: the copies of its text that this worker knows; None where there is too little text.
            at: when it was received, which may be earlier than for the post before.
        """
        hour = [posted for posted in self._remember(post, cluster, at) if abs(at - posted.at) < HOUR]
        same = [posted for posted in hour if cluster is not None and posted.cluster == cluster.id]
        reasons = (*_of_posting(hour, same), *_of_account(post))
        return Spam(score=_score(reasons), reasons=tuple(reason for reason in WEIGHTS if reason in reasons))

    def _remember(self, post: PostBody, cluster: Cluster | None, at: datetime) -> list[_Posted]:
        """Returns the latest posts of the author with this one, in the order in which they were received."""
        author = xxh3_64_intdigest(f"{post.workspace} {post.author.author_id}".encode())
        new = _Posted(
            xxh3_64_intdigest(post.post_id.encode()),
            at,
            cluster.id if cluster else None,
            _handles((post.text or "")[:MAX_SIGNAL_CHARS]),
        )
        before = self._authors.get(author, [])
        # Times of receipt may go back, so the newest post before decides what is too old, and not this one.
        oldest = max((posted.at for posted in before), default=at) - HOUR
        # A post that comes again replaces itself. A redelivery or an edit would else count as a repetition.
        latest = [posted for posted in before if posted.post != new.post and posted.at > oldest]
        latest = [*latest[-(_POSTS_PER_AUTHOR - 1) :], new]
        self._authors[author] = latest
        # The author who was silent the longest must stand first, because the loop below forgets from there.
        self._authors.move_to_end(author)
        self._posts += len(latest) - len(before)
        while len(self._authors) > self._most or (
            self._posts > self._most * _MEAN_POSTS and len(self._authors) > 1
        ):
            self._posts -= len(self._authors.popitem(last=False)[1])
        return latest


def _of_posting(hour: list[_Posted], same: list[_Posted]) -> Iterator[SpamReason]:
    if len(same) >= REPEATS:
        yield "repeated_text"
    if len(hour) > MOST_PER_HOUR:
        yield "posting_rate"
    if len(same) > 1 and len({handle for posted in same for handle in posted.handles}) >= BRANDS:
        yield "many_brands"


def _of_account(post: PostBody) -> Iterator[SpamReason]:
    author = post.author
    if author.created_at is not None and LINK_WITH_TARGET.search((post.text or "")[:MAX_SIGNAL_CHARS]):
        # Some platforms state only the day of the account, so a post may seem up to a day older than its account.
        # An age further below 0 is a mistake of theirs.
        age = post.created_at - author.created_at
        if timedelta(days=-1) <= age < NEW_ACCOUNT:
            yield "new_account_with_links"
    if _follows_many(author):
        yield "follows_many"


def _follows_many(author: Author) -> bool:
    if author.followers is None or author.following is None:
        return False
    return author.following > MANY_FOLLOWING and author.followers < FEW_FOLLOWERS * author.following


def _score(reasons: tuple[SpamReason, ...]) -> float:
    innocent = 1.0
    for reason in reasons:
        innocent *= 1 - WEIGHTS[reason]
    return round(1 - innocent, DECIMALS)


def _handles(text: str) -> tuple[int, ...]:
    handles = HANDLE.findall(text)[:_MOST_HANDLES] if "@" in text else ()
    # Hashes bound the memory, for a handle may be as long as the text.
    return tuple(xxh3_64_intdigest(handle.casefold().encode()) for handle in handles)
