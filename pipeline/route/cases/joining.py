"""Says what a post is to the cases that there are: part of one, a copy, an answer, a new case, or nothing.

This is a pure function of the post and of what can be looked up. The rules, in this order:

1. A post that is in a case stays there. Its edits and its deletion follow it.
2. A repost is never a case. One of a customer's post in a case is counted, once.
3. The brand's own post that answers a case is its answer, whatever tool it came from.
4. A reply to or a quote of a post of a case joins it if the same contact wrote it. Somebody else's is a copy, a
   case of its own, or small talk.
5. A public reply to or quote of anything that is neither the brand's nor the contact's own is talk with others,
   and joins no case of the contact.
6. Without such a link, a post joins the contact's newest case on the same channel within 24 hours if they share a
   topic, or one of them has none.
7. A closed case that rule 4 or 6 would have joined is reopened within a window. Thanks reopen nothing. A post that
   asks for something takes the case to its own queue.
8. A public post with nearly the same text as that of an open case is a copy of it.

What fits none of them opens a case if something should be done about it, and is refused otherwise. An anonymous
author is nobody known, so there the thread stands for the contact.
"""

from collections.abc import Iterable
from typing import Literal, NamedTuple, Protocol, get_args

from pipeline.route.messages import ScoredPost
from pipeline.route.state.entities import Case, Closed, Member
from schemas.posts.scored import NO_WORK, TriageAction

SAME_MATTER_MS = 24 * 3_600_000
"""A contact who is silent for longer speaks of another matter, unless there is a link."""
URGENCY: dict[TriageAction, int] = {action: rank for rank, action in enumerate(get_args(TriageAction))}
"""A case whose posts ask for different actions keeps the highest, which is the one that owes the author most."""

Kind = Literal["follow", "repost", "answer", "join", "copy", "reopen", "open", "refuse"]


class Verdict(NamedTuple):
    """What becomes of a post."""

    kind: Kind
    reason: str
    """The code that its case event carries."""
    case: Case | None = None
    """The open case that it is about."""
    closed: Closed | None = None
    """The closed case that it is about."""
    related: str | None = None
    """The id of the case of somebody else in whose conversation it stands."""


class Found(NamedTuple):
    """A post that is in a case, open or closed."""

    member: Member
    case: Case
    """The case; of a closed one as it was at its end."""
    closed: Closed | None


class Known(Protocol):
    """What can be looked up about the cases of one workspace."""

    def post(self, post_id: str) -> Found | None:
        """Returns the post where it is in a case."""
        ...

    def open_cases(self, contact: str) -> Iterable[Case]:
        """Returns the open cases of a contact, the newest first."""
        ...

    def closed_cases(self, contact: str) -> Iterable[Closed]:
        """Returns the cases of a contact that can be reopened, the one closed last first."""
        ...

    def original(self, cluster: str) -> Case | None:
        """Returns the oldest open case that a public post of this cluster has opened."""
        ...

    def is_brand(self, author_id: str) -> bool:
        """Whether that is one of the brand's own accounts."""
        ...

    def reopens(self, closed: Closed) -> bool:
        """Whether the case may still be reopened."""
        ...


def contact_of(post: ScoredPost) -> str:
    """Returns whose case a post may join or open: the author, or the thread of an anonymous one."""
    if post.author.anonymous:
        # A slash apart from ids of authors, which begin with the name of a platform.
        return f"thread/{post.conversation_id or post.post_id}"
    return post.author.author_id


def verdict_on(post: ScoredPost, known: Known, now_ms: int) -> Verdict:
    """Returns what becomes of the post."""
    found = known.post(post.post_id)
    if found is not None:
        return _follow(post, known, found)
    if post.deleted:
        return Verdict("refuse", "no_case")
    if post.own:
        return _own(post, known)
    if post.repost_of is not None:
        return _repost(post, known)
    return _linked(post, known) or _unlinked(post, known, now_ms)


def _follow(post: ScoredPost, known: Known, found: Found) -> Verdict:
    reason = "deleted" if post.deleted else "edit"
    asks_again = not is_outdated(post, found.member) and _asks_more(post, found)
    if found.closed is None:
        # It is resolved, and would be reopened if its rep did not have it still.
        goes_on = asks_again and found.case.state == "wrapping"
        return Verdict("join" if goes_on else "follow", reason, found.case)
    reopens = asks_again and known.reopens(found.closed)
    return Verdict("reopen" if reopens else "follow", reason, closed=found.closed)


def is_outdated(post: ScoredPost, member: Member) -> bool:
    """Whether more is known about the post already than it says."""
    if post.triage.pull_id is None:
        return post.revision <= member.revision or member.copy
    # A supervisor pulls it as it was when somebody looked at it.
    return post.revision < member.revision or (post.revision == member.revision and member.deleted)


def _asks_more(post: ScoredPost, found: Found) -> bool:
    """Whether something is to be done about the post again, after its case was resolved."""
    if post.triage.pull_id is not None:
        return True
    if post.deleted or found.member.deleted or found.member.own:
        return False
    return URGENCY[post.triage.action] > URGENCY[found.case.action] or (
        post.triage.action not in NO_WORK and post.triage.priority > found.case.priority
    )


def _repost(post: ScoredPost, known: Known) -> Verdict:
    found = None if post.repost_of is None else known.post(post.repost_of)
    # Only the first record of a repost counts, and none where it spreads the brand's own words.
    if found is None or found.closed is not None or found.member.own or post.revision > 0:
        return Verdict("refuse", "repost", closed=None if found is None else found.closed)
    return Verdict("repost", "repost", found.case)


def _own(post: ScoredPost, known: Known) -> Verdict:
    targets = [post.in_reply_to, post.quote_of]
    if post.visibility == "direct" and post.in_reply_to is None:
        targets.append(post.conversation_id)
    for target in targets:
        found = None if target is None else known.post(target)
        if found is not None and found.closed is None and post.repost_of is None:
            # Whoever was only a copy was answered, and the contact of the case was not.
            return Verdict("join" if found.member.copy else "answer", "own_reply", found.case)
    if post.in_reply_to_author is not None and post.repost_of is None:
        cases = list(known.open_cases(post.in_reply_to_author))
        if len(cases) == 1:
            return Verdict("answer", "own_reply", cases[0])
    return Verdict("refuse", "own_post")


def _linked(post: ScoredPost, known: Known) -> Verdict | None:
    """Returns the verdict on a reply or quote; None where it has no link that decides."""
    contact = contact_of(post)
    others: Case | None = None
    for target, reason in ((post.in_reply_to, "reply"), (post.quote_of, "quote")):
        found = None if target is None else known.post(target)
        if found is None:
            continue
        if contact not in found.case.contacts:
            others = others or found.case
        elif found.closed is None:
            return _into(post, found.case, reason)
        elif known.reopens(found.closed):
            return _again(post, found.closed, reason)
    if others is not None:
        return _elsewhere(post, known, others)
    return _elsewhere(post, known, None) if _talks_with_others(post, known) else None


def _talks_with_others(post: ScoredPost, known: Known) -> bool:
    if post.visibility == "direct":
        return False
    if post.in_reply_to is not None:
        return not _is_of(post.in_reply_to, post.in_reply_to_author, known, contact_of(post))
    return post.quote_of is not None and not _is_of(post.quote_of, post.quote_of_author, known, contact_of(post))


def _is_of(post_id: str, author_id: str | None, known: Known, contact: str) -> bool:
    """Whether the post is the brand's or was in a case of the contact."""
    if author_id is not None and known.is_brand(author_id):
        return True
    found = known.post(post_id)
    return found is not None and contact in found.case.contacts


def _elsewhere(post: ScoredPost, known: Known, others: Case | None) -> Verdict:
    related = None if others is None else others.case_id
    has_case = others is not None or any(True for _ in known.open_cases(contact_of(post)))
    return _copy(post, known) or _new(post, "unrelated" if has_case else "no_case", related)


def _unlinked(post: ScoredPost, known: Known, now_ms: int) -> Verdict:
    contact = contact_of(post)
    reason = "edit" if post.revision > 0 else "direct" if post.visibility == "direct" else "same_author"
    case = None
    for case in known.open_cases(contact):
        if _is_same_matter(post, case, now_ms):
            return _into(post, case, reason)
    for closed in known.closed_cases(contact):
        if closed.case is not None and _is_same_matter(post, closed.case, now_ms):
            return _again(post, closed, reason)
    return _copy(post, known) or _new(post, "no_case" if case is None else "unrelated", None)


def _is_same_matter(post: ScoredPost, case: Case, now_ms: int) -> bool:
    if now_ms - case.active_ms > SAME_MATTER_MS:
        return False
    # A public post says nothing about a conversation that was private from the first word.
    if post.visibility == "public" and not case.public:
        return False
    topics = {hit.topic for hit in post.topics}
    return not topics or not case.topics or not topics.isdisjoint(case.topics)


def _into(post: ScoredPost, case: Case, reason: str) -> Verdict:
    # It is resolved, and would be reopened if its rep did not have it still.
    if case.state == "wrapping" and _is_thanks(post):
        return Verdict("refuse", "thanks", case)
    return Verdict("join", reason, case)


def _again(post: ScoredPost, closed: Closed, reason: str) -> Verdict:
    return (
        Verdict("refuse", "thanks", closed=closed)
        if _is_thanks(post)
        else Verdict("reopen", reason, closed=closed)
    )


def _is_thanks(post: ScoredPost) -> bool:
    pleased = post.sentiment is not None and post.sentiment.label == "positive"
    return post.triage.action == "thank" or (post.triage.action in NO_WORK and pleased)


def _copy(post: ScoredPost, known: Known) -> Verdict | None:
    # Whoever asks in private waits for an answer in private, however many others have asked the same.
    if post.cluster is None or post.visibility != "public":
        return None
    case = known.original(post.cluster.id)
    return None if case is None or contact_of(post) in case.contacts else Verdict("copy", "copy", case)


def _new(post: ScoredPost, otherwise: str, related: str | None) -> Verdict:
    if post.triage.action in NO_WORK:
        return Verdict("refuse", otherwise)
    return Verdict("open", "opened", related=related)
