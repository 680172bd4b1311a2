"""Scores a batch of posts: the pure heart of the enrich stage.

Received posts, a model and the policies give one `ScoredPost` a post, in order, or a refusal in the place of each
post that cannot be scored. Kafka, Faust and the machine's clock have no place here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from pipeline.enrich.facts import Facts
from pipeline.enrich.preparation import Preparation
from pipeline.enrich.reading.intents.by_example import IntentReader
from pipeline.enrich.reading.pressing.head import PressingModel
from pipeline.enrich.reading.reading import Languages, read_posts
from pipeline.enrich.received import ClockMode, ReceivedPost
from pipeline.enrich.triage.triage import triage
from pipeline.errors import Permanent, Transient
from pipeline.ports.models import TextModel
from schemas.policy.policy import Policy
from schemas.posts.scored import ScoredPost

T = TypeVar("T")
_PROBE = "the train is late"
"""Every working engine can score this text, so it tells a broken engine from a poisonous post."""

Prepared = tuple[ReceivedPost, Facts]
"""A post with its plain text, which the models read, and the facts that its masked words gave."""


@dataclass(frozen=True)
class Scorer:
    """Scores posts with what it needs besides them.

    Args:
        model: blocking; one caller at a time.
        live_within_s: age in seconds at receipt beyond which a post is backfill.
        clock_mode: which time counts as the time of receipt.
        languages: which model reads which language; with None no language is detected and `model` reads
            everything.
        intents: classifies the intents; with None no post has one.
        pressing: tells what is pressing; with None no post says it.
        preparation: remembers texts and authors from call to call.
    """

    model: TextModel
    live_within_s: float
    clock_mode: ClockMode
    languages: Languages | None = None
    intents: IntentReader | None = None
    pressing: PressingModel | None = None
    preparation: Preparation = field(default_factory=Preparation)

    def score(self, posts: Sequence[ReceivedPost], policies: Mapping[str, Policy]) -> list[ScoredPost | Permanent]:
        """Scores the posts and returns as many results in the same order. It blocks, so call it from an executor.

        In the place of a post that cannot be scored stands `Permanent("scoring_failed")`. A failing batch is
        halved until the culprits are alone. A single failing post is at fault if every engine can score another
        text. Otherwise the engine is.

        Args:
            posts: any number, of any workspaces.
            policies: workspace to its policy.

        Raises:
            Transient: an engine does not work at all.
        """
        # Once only: a batch that is halved below must not count its copies and its authors' posts again.
        return self.score_prepared(posts, self.prepare(posts, policies), policies)

    def prepare(self, posts: Sequence[ReceivedPost], policies: Mapping[str, Policy]) -> list[Facts | Permanent]:
        """Returns the facts of each post that need no model, as `Preparation.prepare`."""
        return self.preparation.prepare(posts, policies, self.clock_mode)

    def score_prepared(
        self,
        posts: Sequence[ReceivedPost],
        prepared: Sequence[Facts | Permanent],
        policies: Mapping[str, Policy],
    ) -> list[ScoredPost | Permanent]:
        """Scores posts whose facts are known already, as `score`."""
        return self._each(
            posts, prepared, policies, lambda received, facts: self._score_one(received, facts, policies)
        )

    def read(self, posts: Sequence[ReceivedPost], policies: Mapping[str, Policy]) -> list[Facts | Permanent]:
        """Does the same as `score` up to the facts, by which triage would decide.

        Raises:
            Transient: an engine does not work at all.
        """
        return self._each(posts, self.prepare(posts, policies), policies, lambda _, facts: facts)

    def _each(
        self,
        posts: Sequence[ReceivedPost],
        prepared: Sequence[Facts | Permanent],
        policies: Mapping[str, Policy],
        finish: Callable[[ReceivedPost, Facts], T],
    ) -> list[T | Permanent]:
        accepted = [
            (received, facts)
            for received, facts in zip(posts, prepared, strict=True)
            if not isinstance(facts, Permanent)
        ]
        read = iter(_isolated(accepted, lambda part: self._read(part, policies, finish), self._models()))
        return [facts if isinstance(facts, Permanent) else next(read) for facts in prepared]

    def try_engines(self, number: int) -> None:
        """Scores a harmless text with every model. It blocks, and hangs if one of them does.

        Args:
            number: makes the text another one each time, so that no cache knows it.

        Raises:
            Transient: an engine does not work at all.
        """
        _require_working(self._models(), f"{_PROBE}, number {number}")

    def _models(self) -> list[TextModel]:
        return [self.model, *(self.languages.models.values() if self.languages else ())]

    def _read(
        self,
        prepared: Sequence[Prepared],
        policies: Mapping[str, Policy],
        finish: Callable[[ReceivedPost, Facts], T],
    ) -> list[T]:
        posts = [received.post for received, _ in prepared]
        readings = read_posts(posts, self.model, self.languages, self.intents, policies, self.pressing)
        return [
            finish(received, facts.with_reading(reading))
            for (received, facts), reading in zip(prepared, readings, strict=True)
        ]

    def _score_one(self, received: ReceivedPost, facts: Facts, policies: Mapping[str, Policy]) -> ScoredPost:
        backfill = received.is_backfill(self.live_within_s, self.clock_mode)
        return ScoredPost(
            **facts.as_fields(),
            received_at=received.received_at(self.clock_mode),
            backfill=backfill,
            triage=triage(facts, policy=policies.get(facts.post.workspace), backfill=backfill),
            source=received.source,
            appended_ms=received.appended_ms,
        )


def _isolated(
    posts: Sequence[Prepared],
    score: Callable[[Sequence[Prepared]], list[T]],
    models: Sequence[TextModel],
) -> list[T | Permanent]:
    try:
        return list(score(posts))
    except Exception as error:
        if len(posts) <= 1:
            _require_working(models, _PROBE, error)
            return [Permanent("scoring_failed", type(error).__name__) for _ in posts]
    middle = len(posts) // 2
    return [*_isolated(posts[:middle], score, models), *_isolated(posts[middle:], score, models)]


def _require_working(models: Sequence[TextModel], text: str, cause: Exception | None = None) -> None:
    for model in models:
        try:
            answers = model.score([text])
        except Exception as error:
            raise Transient(f"the model {model.name} does not work: {type(error).__name__}") from cause
        if len(answers) != 1:
            raise Transient(f"the model {model.name} does not work: {len(answers)} answers to one text") from cause
