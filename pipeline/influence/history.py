"""What a record of engagement does to the row of its target.

The same records in the same order give the same row. A record that comes again changes nothing: by its offset, and
by its id when it was published twice. Nothing happens by timers, because a post that grows old counts for more
whenever the row is read (`estimate.sums`).
"""

from bisect import insort

import msgspec
from xxhash import xxh3_64_intdigest

from pipeline.clock import to_ms
from pipeline.influence.estimate import DEFAULT, MATURE_S, THOUSAND, faded, observed, prior_mean
from pipeline.influence.row import IDS, MAX_COUNT, PAIRS, POSTS, UNKNOWN, Pair, Row, Seen
from schemas.policy.influence import InfluenceModel
from schemas.posts.engagement import Engagement

KEPT_MS = 7 * 86_400_000
"""A post is known one by one for so long, so that counters that come late still correct it."""
PAIR_HALF_LIFE_S = 30 * 86_400
"""Somebody who reacts again counts 1 / (1 + n), where n is how often it was before and fades by this half-life. A
few accounts that praise each other so gain little, also when they do it once a week."""
_COUNTERS = {"like": "likes", "repost": "reposts", "quote": "quotes", "reply": "replies"}
_SUMS = {"like": "liked", "repost": "shared", "quote": "shared", "reply": "talked", "mention": "talked"}


def apply(row: Row | None, engagement: Engagement, offset: int, model: InfluenceModel = DEFAULT) -> Row:
    """Returns the row after a record. The row before is left as it was, and returned where nothing changes.

    Args:
        row: of the target; None for an author of whom nothing was seen.
        engagement: of this author.
        offset: of the record in its partition. A row that has seen it does not change.
        model: the constants.
    """
    if row is not None and offset <= row.offset:
        return row
    # Lists are replaced and never changed, so that the row before stays what it was.
    new = Row() if row is None else msgspec.structs.replace(row)
    new.offset = offset
    new.reported = new.reported or engagement.target_author_id.partition(":")[0] in model.complete
    if engagement.kind == "post":
        _take_post(new, engagement)
    elif engagement.kind != "other" and engagement.actor_id != engagement.target_author_id:
        _take_reaction(new, engagement)
    new.clock_ms = max(new.clock_ms, to_ms(engagement.created_at))
    _settle(new, model)
    return new


def counted(engagement: Engagement) -> bool:
    """Returns whether a source must count engagement to know of it. Posts show replies, quotes and reposts by
    themselves, but neither likes nor sums."""
    return engagement.kind == "like" or (engagement.mode == "counter" and engagement.kind in _COUNTERS)


def _take_post(row: Row, engagement: Engagement) -> None:
    row.authored = True
    newest = to_ms(engagement.created_at) >= row.clock_ms
    if engagement.followers is not None and (newest or row.followers is None):
        row.followers = engagement.followers
    if engagement.verified is not None and (newest or row.verified is None):
        row.verified = engagement.verified
    key = _hash(engagement.post_id)
    known = _find(row, key)
    # A post that is no longer known one by one was counted, and comes again.
    if not _is_new(row, _hash(engagement.engagement_id)) and known is None:
        return
    post = Seen(key, _second(engagement)) if known is None else msgspec.structs.replace(known)
    post.at = _second(engagement)
    if engagement.metrics is not None:
        for name in ("likes", "reposts", "replies"):
            _raise(post, name, getattr(engagement.metrics, name))
    _put(row, post)


def _take_reaction(row: Row, engagement: Engagement) -> None:
    counter = _COUNTERS.get(engagement.kind) if engagement.mode == "counter" else None
    if engagement.mode == "counter" and counter is None:
        return
    row.reported = row.reported or counted(engagement)
    # Its id is remembered also where nothing is known of the post, so that it never counts later for another.
    if counter is None and not _is_new(row, _hash(engagement.engagement_id)):
        return
    post = _target(row, engagement)
    if post is None:
        return
    if counter is not None:
        _raise(post, counter, engagement.count)
    else:
        name = _SUMS[engagement.kind]
        thousandths = round(THOUSAND * engagement.count * _damping(row, engagement))
        setattr(post, name, min(MAX_COUNT, getattr(post, name) + thousandths))
    _put(row, post)


def _target(row: Row, engagement: Engagement) -> Seen | None:
    """Returns a copy of the post that was reacted to, or a new one; None where nothing can be said of it."""
    second = to_ms(engagement.created_at) // 1000
    if engagement.kind == "mention":
        # It names the author and no post, so the latest post must have been its cause.
        latest = row.posts[-1] if row.posts else None
        return None if latest is None or second - latest.at >= MATURE_S else msgspec.structs.replace(latest)
    key = _hash(engagement.post_id)
    known = _find(row, key)
    if known is not None:
        return msgspec.structs.replace(known)
    written = _second(engagement)
    if engagement.post_created_at is None and row.authored:
        return None  # an old post, which was counted long ago
    if 1000 * written <= max(row.clock_ms, 1000 * second) - KEPT_MS:
        return None
    if len(row.posts) == POSTS and written <= row.posts[0].at:
        return None
    return Seen(key, written)


def _damping(row: Row, engagement: Engagement) -> float:
    """Returns 1 / (1 + n) for the one who reacted, and remembers that it happened once more."""
    if engagement.actor_id is None:
        return 1.0
    actor, second = _hash(engagement.actor_id), to_ms(engagement.created_at) // 1000
    before = next((pair for pair in row.pairs if pair.actor == actor), Pair(actor, second, 0.0))
    latest = max(before.at, second)
    times = _times(before, second)
    others = [pair for pair in row.pairs if pair.actor != actor]
    if len(others) == PAIRS:
        others.remove(min(others, key=lambda pair: (_times(pair, latest), pair.actor)))
    insort(others, Pair(actor, latest, _times(before, latest) + 1), key=lambda pair: pair.actor)
    row.pairs = others
    return 1 / (1 + times)


def _times(pair: Pair, second: int) -> float:
    return float(pair.times * 0.5 ** (max(0, second - pair.at) / PAIR_HALF_LIFE_S))


def _settle(row: Row, model: InfluenceModel) -> None:
    """Adds the posts to the sums that are too old, or too many, to be known one by one."""
    for post in list(row.posts):
        if len(row.posts) <= POSTS and 1000 * post.at > row.clock_ms - KEPT_MS:
            return
        row.posts = row.posts[1:]
        settled_s = max(row.settled_ms // 1000, post.at)
        decay = faded(settled_s - row.settled_ms / 1000, model)
        row.total, row.weight, row.settled_ms = row.total * decay, row.weight * decay, 1000 * settled_s
        prior = prior_mean(row.followers, row.verified, model)
        value, share = observed(post, MATURE_S, prior, model, reported=row.reported)
        decay = faded(settled_s - post.at, model)
        row.total += value * decay * share
        row.weight += decay * share


def _find(row: Row, key: int) -> Seen | None:
    return next((post for post in row.posts if post.key == key), None)


def _put(row: Row, post: Seen) -> None:
    posts = [other for other in row.posts if other.key != post.key]
    insort(posts, post, key=lambda one: (one.at, one.key))
    row.posts = posts


def _is_new(row: Row, id_: int) -> bool:
    """Whether the id was not seen before. It is remembered."""
    if id_ in row.ids:
        return False
    row.ids = [*row.ids[-(IDS - 1) :], id_]
    return True


def _raise(post: Seen, name: str, count: int | None) -> None:
    # A counter that falls back is a platform that hides accounts, not one whose readers left.
    if count is not None:
        before = getattr(post, name)
        setattr(post, name, min(count, MAX_COUNT) if before == UNKNOWN else max(before, min(count, MAX_COUNT)))


def _second(engagement: Engagement) -> int:
    return to_ms(engagement.post_created_at or engagement.created_at) // 1000


def _hash(id_: str) -> int:
    return xxh3_64_intdigest(id_.encode()) & 0xFFFFFFFF
