"""What the words of a post say before any model reads them: personal data masked, topics, urgency, copies, spam.

In: received posts and the policies. Out: for each a masked post with these signals, or why it cannot be scored.
Never here: the model, triage. Everything after masking sees the masked words only, so that no position, no cluster
and no reason can give away what was masked; only the models read the plain text, which they do not keep in words.
"""

from collections.abc import Mapping, Sequence
from threading import Lock
from typing import NamedTuple

from pipeline.enrich.author.own import is_own
from pipeline.enrich.author.spam import SpamMeter
from pipeline.enrich.copies.clusters import Copies
from pipeline.enrich.listening.topics import topic_matcher
from pipeline.enrich.privacy.mask import mask_post
from pipeline.enrich.received import ClockMode, ReceivedPost
from pipeline.enrich.text.bounds import MOST_READ
from pipeline.enrich.tone.urgency import CALM, Urgency, urgency_of
from pipeline.errors import Permanent
from schemas.policy.policy import Policy
from schemas.posts.raw import RawPost
from schemas.posts.signals import Cluster, PersonalData, Spam, TopicHit

BLANK = "\u00b7"
"""A middle dot: neither a letter nor white space, so that no phrase is found across it."""


class WordSignals(NamedTuple):
    """What the words of one post say."""

    words: str = ""
    """Title and text, as far as they are read; blanks for what was masked: `[phone]` is no word of the writer."""
    topics: tuple[TopicHit, ...] = ()
    urgency: Urgency = CALM
    cluster: Cluster | None = None
    spam: Spam | None = None
    pii: tuple[PersonalData, ...] = ()


NOTHING_SAID = WordSignals()
"""Of a post without words."""


class Prepared(NamedTuple):
    """One post ready to be scored."""

    received: ReceivedPost
    """With the plain words: for the models only."""
    masked: RawPost
    signals: WordSignals


class Signals:
    """The word signals of one worker: it remembers texts and authors, so that it tells copies and spam.

    Any thread may call it; batches count in the order in which they come.

    Args:
        copies: what is known of recent texts; None: nothing yet.
        spam: what is known of recent authors; None: nothing yet.
    """

    def __init__(self, copies: Copies | None = None, spam: SpamMeter | None = None) -> None:
        self._copies = Copies() if copies is None else copies
        self._spam = SpamMeter() if spam is None else spam
        self._lock = Lock()

    def prepare(
        self, posts: Sequence[ReceivedPost], policies: Mapping[str, Policy], clock_mode: ClockMode
    ) -> list[Prepared | Permanent]:
        """Each post masked and with its signals, in order; `scoring_failed` in the place of one that raises."""
        with self._lock:
            return [self._isolated(received, policies, clock_mode) for received in posts]

    def _isolated(
        self, received: ReceivedPost, policies: Mapping[str, Policy], clock_mode: ClockMode
    ) -> Prepared | Permanent:
        try:
            return self._prepare(received, policies.get(received.post.workspace), clock_mode)
        except Exception as error:  # a text that breaks a library must not stop the others
            return Permanent("scoring_failed", type(error).__name__)

    def _prepare(self, received: ReceivedPost, policy: Policy | None, clock_mode: ClockMode) -> Prepared:
        masked, pii = _masked(received.post, policy)
        if masked.deleted:
            return Prepared(received, masked, WordSignals(pii=pii))
        title, text = (_read(_blanked(*field, pii)) for field in (("title", masked.title), ("text", masked.text)))
        words = "\n".join(part for part in (title, text) if part)
        at = received.received_at(clock_mode)
        own = policy is not None and is_own(masked, policy.brand)
        cluster = self._copies.see(
            masked.workspace, masked.post_id, words, at, repost_of=masked.repost_of, revision=masked.revision
        )
        return Prepared(
            received,
            masked,
            WordSignals(
                words=words,
                topics=() if policy is None else topic_matcher(policy.topics).find(title, text),
                urgency=urgency_of(words),
                cluster=cluster,
                # A support desk looks like a bot.
                spam=None if own else self._spam.see(masked, cluster, at),
                pii=pii,
            ),
        )


def _blanked(field: str, text: str | None, pii: tuple[PersonalData, ...]) -> str | None:
    """The text with as many signs of no word in the place of each placeholder, so that positions stay."""
    if text is None:
        return None
    for one in pii:
        if one.at.field == field:
            text = f"{text[: one.at.start]}{BLANK * (one.at.end - one.at.start)}{text[one.at.end :]}"
    return text


def _read(text: str | None) -> str | None:
    return None if text is None else text[:MOST_READ]


def _masked(post: RawPost, policy: Policy | None) -> tuple[RawPost, tuple[PersonalData, ...]]:
    found = mask_post(post, policy)
    changed = {
        "title": found.title, "text": found.text, "author": found.author, "place": found.place, "url": found.url,
    }  # fmt: skip
    same = all(getattr(post, name) is value for name, value in changed.items())
    return (post if same else post.model_copy(update=changed)), found.found
