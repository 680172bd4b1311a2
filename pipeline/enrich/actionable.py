"""Which scored posts the router needs: work, and what belongs to the conversations that work is about.

In: a ScoredPost. Out: yes or no. Never here: backfill on its way to the router: it is stored, not worked.
"""

from schemas.posts.scored import ScoredPost


def belongs_in_actionable(post: ScoredPost) -> bool:
    """Whether the post goes to `posts.actionable`.

    Yes when triage wants something done, and as context of cases: direct messages, the brand's own posts, replies,
    quotes, reposts, edits and deletions. Never backfill.
    """
    if post.backfill:
        return False
    return post.triage.action != "none" or _is_context(post)


def _is_context(post: ScoredPost) -> bool:
    related = post.in_reply_to or post.quote_of or post.repost_of
    changed = post.revision > 0 or post.deleted
    return bool(post.visibility == "direct" or post.own or related or changed)
