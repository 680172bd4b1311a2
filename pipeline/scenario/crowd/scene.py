"""The scene of a scenario: who is there, and how a text and a post are made. It does not decide who writes when
and why."""

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from random import Random
from typing import Any

from pipeline.scenario.crowd.authors import Crowd, Person
from pipeline.scenario.crowd.incident import Incident
from pipeline.scenario.crowd.personal import details
from pipeline.scenario.texts.grammar import expand
from pipeline.scenario.texts.library import texts_of
from pipeline.scenario.texts.noise import Mood, typed
from schemas.posts.raw import PostMetrics, RawPost

TAGS: dict[Mood, str] = {"negative": "tag", "neutral": "tag", "positive": "happy_tag"}


@dataclass
class Scene:
    """What all posts of a scenario share."""

    rng: Random
    seed: int
    workspace: str
    crowd: Crowd
    incident: Incident
    _made: int = field(default=0, init=False)

    def text(
        self, person: Person, symbol: str, mood: Mood, *, local: bool = False, slots: dict[str, str] | None = None
    ) -> str:
        """Returns what the person writes for a symbol of the grammar, as they would type it.

        Args:
            person: the writer.
            symbol: a symbol of the grammar of their language.
            mood: mood of the text.
            local: whether it happens at the place of the outage.
            slots: fixed words for symbols of the grammar.
        """
        grammar = dict(texts_of(person.language).grammar)
        grammar |= {name: (value,) for name, value in (slots or {}).items()}
        if local:
            grammar["place"] = (grammar["place"][self.incident.place],)
        tags = () if symbol in ("direct", "identity") else grammar[TAGS[mood]]
        return typed(self.rng, expand(self.rng, grammar, symbol), person.language, mood, tags, person.care)

    def phrase(self, person: Person, symbol: str, *, local: bool = False, **slots: str) -> str:
        """Returns what the brand writes in the person's language, without slips of the keyboard."""
        grammar = dict(texts_of(person.language).grammar)
        grammar["initials"] = (self.rng.choice(("KM", "JT", "AL", "RS", "BN", "EO", "DW")),)
        grammar |= {name: (value,) for name, value in slots.items()}
        if local:
            grammar["place"] = (grammar["place"][self.incident.place],)
        return expand(self.rng, grammar, symbol)

    def details_of(self, person: Person) -> dict[str, str]:
        """Returns personal details as the grammar's slots."""
        return details(self.rng, person.language, person.name)

    def post(self, person: Person, at: datetime, text: str | None, **fields: Any) -> RawPost:
        """Returns a new post by the person.

        Args:
            person: the writer.
            at: when the post is created.
            text: text of the post; None for a repost.
            fields: further fields of RawPost.
        """
        self._made += 1
        native = self._native()
        values: dict[str, Any] = {
            "workspace": self.workspace,
            "post_id": f"{person.platform}:{native}",
            "platform": person.platform,
            "author": person.author,
            "text": text,
            "created_at": at,
            "lang": person.language if self.rng.random() < 0.75 else None,
            "place": texts_of(person.language).street.rsplit(", ")[-1] if self.rng.random() < 0.12 else None,
            "metrics": self._metrics(person),
        }
        if fields.get("visibility") != "direct":
            values["url"] = f"https://{person.platform}.example/{person.handle}/{native}"
        return RawPost(**(values | fields))

    def _native(self) -> str:
        # The id is derived, so that a seed always gives the same ids. With 63 bits, two seeds share none.
        digest = blake2b(f"{self.workspace}/{self.seed}/{self._made}".encode(), digest_size=8).digest()
        return str(int.from_bytes(digest) >> 1)

    def _metrics(self, person: Person) -> PostMetrics | None:
        # Posts are read soon after they are written, when the counters of an ordinary account are small or
        # missing.
        if self.rng.random() < 0.5 or person.author.followers is None:
            return None
        likes = int(self.rng.lognormvariate(-1.0, 1.2) * (1 + person.author.followers) ** 0.35)
        return PostMetrics(likes=likes, reposts=likes // 6, replies=likes // 9)
