"""Posts made ready for scoring: personal data is masked, and the facts are gathered that need no model.

A `Preparation` turns received posts into `Facts`, or says why a post cannot be scored. Everything after masking
sees the masked words, so that no position, no cluster and no reason can give away what was masked. Only the models
read the plain text, and they keep none of it. The model and triage come later and are no part of this module.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from threading import Lock

from pipeline.enrich.author.brand import is_own
from pipeline.enrich.author.customers import CustomerOf, linked, nobody_known
from pipeline.enrich.author.spam import SpamMeter
from pipeline.enrich.copies.clusters import Copies
from pipeline.enrich.facts import Facts, Words, joined, words_of
from pipeline.enrich.privacy.mask import mask_post
from pipeline.enrich.received import ClockMode, ReceivedPost
from pipeline.enrich.text.bounds import MAX_SIGNAL_CHARS
from pipeline.errors import Misconfigured, Permanent
from pipeline.influence.estimate import DEFAULT, influence_of
from pipeline.influence.row import row_of
from schemas.policy.policy import Policy
from schemas.posts.raw import Author, RawPost
from schemas.posts.scored import Influence
from schemas.posts.signals import PersonalData

BLANK = "\u00b7"
"""A middle dot is neither a letter nor white space, so that no phrase is found across it."""


class Preparation:
    """Prepares the posts of one worker. It remembers texts and authors, so that it recognises copies and spam.

    Any thread may call it. Batches count in the order in which they come.

    Args:
        copies: the memory of recent texts; None stands for an empty one.
        spam: the memory of recent authors; None stands for an empty one.
        customer_of: knows who is behind a handle.
    """

    def __init__(
        self,
        copies: Copies | None = None,
        spam: SpamMeter | None = None,
        customer_of: CustomerOf = nobody_known,
    ) -> None:
        self._copies = Copies() if copies is None else copies
        self._spam = SpamMeter() if spam is None else spam
        self._customer_of = customer_of
        self._lock = Lock()

    def prepare(
        self, posts: Sequence[ReceivedPost], policies: Mapping[str, Policy], clock_mode: ClockMode
    ) -> list[Facts | Permanent]:
        """Returns the facts of each post, in order; `scoring_failed` in the place of a post that raises.

        Args:
            posts: any number, of any workspaces.
            policies: workspace to its policy.
            clock_mode: which time counts as the time of receipt.
        """
        with self._lock:
            return [self._isolated(received, policies, clock_mode) for received in posts]

    def _isolated(
        self, received: ReceivedPost, policies: Mapping[str, Policy], clock_mode: ClockMode
    ) -> Facts | Permanent:
        try:
            return self._prepare(received, policies.get(received.post.workspace), clock_mode)
        except Exception as error:  # a text that breaks a library must not stop the others
            return Permanent("scoring_failed", type(error).__name__)

    def _prepare(self, received: ReceivedPost, policy: Policy | None, clock_mode: ClockMode) -> Facts:
        post, pii = _masked(received.post, policy)
        influence = _influence(received, post.author, policy, clock_mode)
        own = policy is not None and any(is_own(post, brand) for brand in policy.all_brands)
        customer = None if own else linked(post, policy, self._customer_of)
        if post.deleted:
            return Facts(post, influence, own=own, words=Words(pii=pii), customer=customer)
        title, text = _without_placeholders(post, pii)
        whole = joined(title, text)
        at = received.received_at(clock_mode)
        cluster = self._copies.see(
            post.workspace, post.post_id, whole, at, repost_of=post.repost_of, revision=post.revision
        )
        # A support desk looks like a bot.
        spam = None if own else self._spam.see(post, cluster, at)
        words = words_of(title, text, policy, cluster=cluster, spam=spam, pii=pii)
        return Facts(post, influence, whole, own=own, words=words, customer=customer)


def _influence(received: ReceivedPost, author: Author, policy: Policy | None, clock_mode: ClockMode) -> Influence:
    row = None
    if received.history is not None:
        # A row that a later release wrote costs the history, and never the post.
        with suppress(Misconfigured):
            row = row_of(received.history)
    now_s = received.received_at(clock_mode).timestamp()
    return influence_of(row, author, now_s, DEFAULT if policy is None else policy.influence)


def _without_placeholders(post: RawPost, pii: tuple[PersonalData, ...]) -> tuple[str | None, str | None]:
    """Returns title and text as far as signals read them, without the placeholders, which the writer did not
    write."""
    title, text = _blanked("title", post.title, pii), _blanked("text", post.text, pii)
    return _cut(title), _cut(text)


def _blanked(field: str, text: str | None, pii: tuple[PersonalData, ...]) -> str | None:
    """Fills the place of each placeholder with as many signs of no word, so that positions stay."""
    if text is None:
        return None
    for masked in pii:
        if masked.at.field == field:
            text = f"{text[: masked.at.start]}{BLANK * (masked.at.end - masked.at.start)}{text[masked.at.end :]}"
    return text


def _cut(text: str | None) -> str | None:
    return None if text is None else text[:MAX_SIGNAL_CHARS]


def _masked(post: RawPost, policy: Policy | None) -> tuple[RawPost, tuple[PersonalData, ...]]:
    """Returns the post without personal data, and what was masked. A post that holds none is the same object."""
    masked = mask_post(post, policy)
    changed = {
        "title": masked.title, "text": masked.text, "author": masked.author, "place": masked.place,
        "url": masked.url,
    }  # fmt: skip
    same = all(getattr(post, name) is value for name, value in changed.items())
    return (post if same else post.model_copy(update=changed)), masked.findings
