"""All signals of a batch of posts: the pure heart of the enrich stage.

In: received posts, a model, the policies. Out: one ScoredPost a post, in order, or a refusal in the place of each
post that cannot be scored. Never here: Kafka, Faust, the machine's clock.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.enrich.author.influence import prior_influence
from pipeline.enrich.author.own import is_own
from pipeline.enrich.reading.intents.own import Intents
from pipeline.enrich.reading.reading import DECIMALS, Languages, Reading, read_posts
from pipeline.enrich.received import ClockMode, ReceivedPost
from pipeline.enrich.signals import Prepared, Signals
from pipeline.enrich.tone.intensity import intensity_of
from pipeline.enrich.triage.rules import Facts
from pipeline.enrich.triage.triage import triage
from pipeline.errors import Permanent, Transient
from pipeline.ports.models import TextModel
from schemas.policy.policy import Policy
from schemas.posts.raw import PostBody
from schemas.posts.scored import ScoredPost

_PROBE = "the train is late"
"""A text that every working engine can score: tells a broken engine from a poisonous post."""


@dataclass(frozen=True)
class Scorer:
    """What scoring needs besides the posts.

    Args:
        model: blocking; one caller at a time.
        live_within_s: age in seconds at receipt beyond which a post is backfill.
        clock_mode: which time counts as the time of receipt.
        languages: who tells the languages and who else reads; None: they are not told, `model` reads everything.
        intents: who tells the intents; None: they are not told.
        signals: remembers texts and authors from call to call.
    """

    model: TextModel
    live_within_s: float
    clock_mode: ClockMode
    languages: Languages | None = None
    intents: Intents | None = None
    signals: Signals = field(default_factory=Signals)

    def score(self, posts: Sequence[ReceivedPost], policies: Mapping[str, Policy]) -> list[ScoredPost | Permanent]:
        """Scores the posts; same length and order. Blocking: call it from an executor.

        A post that cannot be scored stands alone: `Permanent("scoring_failed")`. A failing batch is halved until
        the culprits are alone. A single failing post is at fault if every engine can score another text, else the
        engine is.

        Args:
            posts: any number, of any workspaces.
            policies: workspace to its policy.

        Raises:
            Transient: an engine does not work at all.
        """
        # Once: what they remember must not count a post again when its batch is halved.
        prepared = self.signals.prepare(posts, policies, self.clock_mode)
        good = [one for one in prepared if isinstance(one, Prepared)]
        scored = iter(_isolated(good, lambda some: self._score(some, policies), self._models()))
        return [one if isinstance(one, Permanent) else next(scored) for one in prepared]

    def try_engines(self, number: int) -> None:
        """Scores a harmless text with every model. Blocking, and hangs if one of them does.

        Args:
            number: makes the text another one each time, so that no cache knows it.

        Raises:
            Transient: an engine does not work at all.
        """
        _require_working(self._models(), f"{_PROBE}, number {number}")

    def _models(self) -> list[TextModel]:
        return [self.model, *(self.languages.models.values() if self.languages else ())]

    def _score(self, prepared: Sequence[Prepared], policies: Mapping[str, Policy]) -> list[ScoredPost]:
        posts = [one.received.post for one in prepared]
        readings = read_posts(posts, self.model, self.languages, self.intents, policies)
        return [
            _score_one(
                one,
                reading,
                policies.get(one.masked.workspace),
                backfill=one.received.is_backfill(self.live_within_s, self.clock_mode),
                clock_mode=self.clock_mode,
            )
            for one, reading in zip(prepared, readings, strict=True)
        ]


def _isolated(
    posts: Sequence[Prepared],
    score: Callable[[Sequence[Prepared]], list[ScoredPost]],
    models: Sequence[TextModel],
) -> list[ScoredPost | Permanent]:
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


def _score_one(
    prepared: Prepared,
    reading: Reading,
    policy: Policy | None,
    *,
    backfill: bool,
    clock_mode: ClockMode,
) -> ScoredPost:
    received, post, signals = prepared.received, prepared.masked, prepared.signals
    own = policy is not None and is_own(post, policy.brand)
    influence = prior_influence(post.author)
    negative = None if reading.sentiment is None else reading.sentiment.probabilities.negative
    intensity = round(intensity_of(signals.words, negative), DECIMALS)
    facts = Facts(
        post,
        influence=influence,
        sentiment=reading.sentiment,
        offence=reading.offence,
        complaint=reading.complaint,
        language=reading.language,
        intent=reading.intent,
        signals=signals,
        intensity=intensity,
    )
    return ScoredPost(
        **{name: getattr(post, name) for name in PostBody.model_fields},
        received_at=received.received_at(clock_mode),
        backfill=backfill,
        own=own,
        sentiment=reading.sentiment,
        offence=reading.offence,
        complaint=reading.complaint,
        language=reading.language,
        topics=signals.topics,
        intent=reading.intent,
        urgency=round(signals.urgency.score, DECIMALS),
        urgency_kinds=signals.urgency.kinds,
        intensity=intensity,
        cluster=signals.cluster,
        spam=signals.spam,
        pii=signals.pii,
        influence=influence,
        triage=triage(facts, policy=policy, backfill=backfill, own=own),
        source=received.source,
        appended_ms=received.appended_ms,
    )
