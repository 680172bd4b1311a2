"""What is known about one post: the facts that a `ScoredPost` is built from and that rules ask about.

A signal has the same name here and in `ScoredPost`, so nothing copies it by name: `Facts.as_fields` hands over all
of them at once. A signal by the text is a field of `Words` and a line of `words_of`. A signal by the model is a
field of `Reading`. The functions here are pure. Memory of other posts, models and I/O stay outside.
"""

from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any, NamedTuple

from pipeline.enrich.listening.topics import topic_matcher
from pipeline.enrich.reading.reading import NOTHING_READ, Reading
from pipeline.enrich.tone.intensity import intensity_of
from pipeline.enrich.tone.urgency import urgency_of
from schemas.base import Probability
from schemas.people.customer import Customer
from schemas.policy.policy import Policy
from schemas.posts.raw import PostBody
from schemas.posts.scored import Influence
from schemas.posts.signals import Cluster, PersonalData, Spam, TopicHit, UrgencyKind

# Every post passes here, and one call in C for all fields is faster than a getattr for each.
_BODY = tuple(PostBody.model_fields)
_body_of = attrgetter(*_BODY)


class Words(NamedTuple):
    """Holds the signals that the words of a post give, without a model. `ScoredPost` describes each of them."""

    topics: tuple[TopicHit, ...] = ()
    urgency: Probability = 0.0
    urgency_kinds: tuple[UrgencyKind, ...] = ()
    cluster: Cluster | None = None
    spam: Spam | None = None
    pii: tuple[PersonalData, ...] = ()


NO_WORDS = Words()
"""A post without words has these signals."""


def words_of(
    title: str | None,
    text: str | None,
    policy: Policy | None,
    *,
    cluster: Cluster | None = None,
    spam: Spam | None = None,
    pii: tuple[PersonalData, ...] = (),
) -> Words:
    """Returns the signals that the words of one post give.

    Args:
        title: the masked title up to `bounds.MAX_SIGNAL_CHARS`, with no word where something was masked.
        text: the masked text, likewise.
        policy: the workspace's policy, which names the listening topics; without one there are no topics.
        cluster: the copies of this text that the worker knows.
        spam: what the worker knows about the author's way of posting.
        pii: what was masked.
    """
    urgency = urgency_of(joined(title, text))
    return Words(
        topics=() if policy is None else topic_matcher(policy.topics).find(title, text),
        urgency=urgency.score,
        urgency_kinds=urgency.kinds,
        cluster=cluster,
        spam=spam,
        pii=pii,
    )


def joined(title: str | None, text: str | None) -> str:
    """Returns title and text as one text; an empty one when both are absent or empty."""
    return "\n".join(part for part in (title, text) if part)


@dataclass(frozen=True)
class Facts:
    """Holds everything that scoring finds out about one post before triage decides.

    Args:
        post: the masked post.
        influence: how far the author's voice carries.
        text: the masked title and text up to `bounds.MAX_SIGNAL_CHARS`, with no word where something was masked.
        own: whether one of the brand's accounts wrote the post.
        words: the signals of the text.
        reading: the signals of the model, which reads the plain text.
        intensity: how heated the text is: its words decide, and a negative sentiment adds to them.
        customer: who is behind the handle, where the company knows it and may link it.
    """

    post: PostBody
    influence: Influence
    text: str = ""
    own: bool = False
    words: Words = NO_WORDS
    reading: Reading = NOTHING_READ
    intensity: Probability = 0.0
    customer: Customer | None = None

    def with_reading(self, reading: Reading) -> "Facts":
        """Returns the same facts and what the model read, with the intensity that both of them make."""
        negative = None if reading.sentiment is None else reading.sentiment.probabilities.negative
        return replace(self, reading=reading, intensity=intensity_of(self.text, negative))

    def as_fields(self) -> dict[str, Any]:
        """Returns the fields of `ScoredPost` that follow from the facts, each under its name there."""
        return {
            **dict(zip(_BODY, _body_of(self.post), strict=True)),
            **self.words._asdict(),
            **self.reading._asdict(),
            "own": self.own,
            "intensity": self.intensity,
            "influence": self.influence,
            "customer": self.customer,
        }
