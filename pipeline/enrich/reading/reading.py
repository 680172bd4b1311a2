"""One pass of the model over a batch of posts, and its answers in the contract's form.

`read_posts` chooses which text a model sees and which model reads it, and returns one `Reading` a post. A post
without readable text gets an empty one. The models themselves are adapters.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, get_args

from pipeline.enrich.reading.intents.by_example import IntentReader
from pipeline.enrich.reading.language import detect_languages
from pipeline.enrich.reading.pressing.head import PressingModel
from pipeline.enrich.text.bounds import MAX_SIGNAL_CHARS
from pipeline.enrich.text.normalise import normalise
from pipeline.ports.models import UNDETERMINED, LanguageModel, TextModel, TextScores
from schemas.policy.policy import Policy
from schemas.posts.raw import PostBody
from schemas.posts.scored import Language, Sentiment, SentimentLabel, SentimentProbabilities
from schemas.posts.signals import Intent

NO_POLICIES: Mapping[str, Policy] = {}
DECIMALS = 4
"""With four decimals, three rounded probabilities add up to 1 within 1.5e-4, and the contract allows 1e-3."""
_LABELS: tuple[SentimentLabel, ...] = get_args(SentimentLabel)
_Share = tuple[int, Language | None]
"""A text by its index in the batch, and its language."""


class Reading(NamedTuple):
    """Holds the answers of all heads about one post. A field is None where there is no text or no such head."""

    sentiment: Sentiment | None = None
    offence: float | None = None
    """The calibrated probability that the text is offensive, rounded to `DECIMALS`."""
    complaint: float | None = None
    """The calibrated probability that somebody should solve a problem, rounded to `DECIMALS`."""
    language: Language | None = None
    """The language that the text is written in. It is None too where no detector was given."""
    intent: Intent | None = None
    """What the writer wants. It is None too where no intents were asked for, or the model gives no embedding."""
    pressing: float | None = None
    """The calibrated probability that somebody must act within about an hour, rounded. It is None too where it was
    not asked for, or the model was not made for the language."""


NOTHING_READ = Reading()
"""A post without readable text gets this reading."""


@dataclass(frozen=True)
class Languages:
    """Says which model reads which language.

    Args:
        detector: detects the language of each text.
        native: codes of the languages that the default model was made for; it reads all others too, weakly.
        models: code to the model that reads such texts instead of the default one.
    """

    detector: LanguageModel
    native: frozenset[str]
    models: Mapping[str, TextModel] = field(default_factory=dict)

    def is_weak(self, code: str) -> bool:
        """Returns whether the model that reads this language was not made for it; a text of no language is not
        weak."""
        return code != UNDETERMINED and code not in self.native and code not in self.models


def readable_text(post: PostBody) -> str:
    """Returns title and text as the model reads them, or an empty text when nothing is left to read."""
    return normalise("\n".join(part[:MAX_SIGNAL_CHARS] for part in (post.title, post.text) if part))


def read_posts(
    posts: Sequence[PostBody],
    model: TextModel,
    languages: Languages | None = None,
    intents: IntentReader | None = None,
    policies: Mapping[str, Policy] = NO_POLICIES,
    pressing: PressingModel | None = None,
) -> list[Reading]:
    """Returns the reading of each post, in order, and `NOTHING_READ` for a post without readable text.

    Args:
        posts: any number.
        model: reads every text for which no other one is named.
        languages: with None no language is detected, and `model` reads everything.
        intents: classifies the intents; with None no reading has one.
        policies: workspace to policy, for its own intents.
        pressing: tells what is pressing; with None no reading says it.

    Raises:
        Transient: an engine failed.
        ValueError: an engine's answer has another length, or is no probability (distribution).
    """
    texts = [readable_text(post) for post in posts]
    indexes = [index for index, text in enumerate(texts) if text]
    spoken = _spoken([posts[index] for index in indexes], languages)
    readings = [NOTHING_READ] * len(posts)
    # Each model reads its share at once, so readings come in another order and are put back by index.
    for reader, shares in _shared_out(indexes, spoken, model, languages):
        batch = [texts[index] for index, _ in shares]
        answers = _answers(batch, reader)
        wanted: Sequence[Intent | None] = [None] * len(batch)
        if intents is not None:
            workspaces = [posts[index].workspace for index, _ in shares]
            wanted = intents.classify(batch, answers, workspaces, reader, policies)
        pressed: Sequence[float | None] = [None] * len(batch)
        if pressing is not None:
            pressed = pressing.classify(batch, answers, reader.name)
        for (index, language), scores, intent, urgent in zip(shares, answers, wanted, pressed, strict=True):
            weak = languages is not None and language is not None and languages.is_weak(language.code)
            # Its words are of the model's language, and a guess by nothing but foreign words would look like one.
            readings[index] = _reading(scores, reader.name, language, weak=weak)._replace(
                intent=intent, pressing=None if weak else urgent
            )
    return readings


def _spoken(posts: list[PostBody], languages: Languages | None) -> list[Language | None]:
    if languages is None:
        return [None] * len(posts)
    detected = detect_languages(posts, languages.detector)
    return [Language(code=code, confidence=round(confidence, DECIMALS)) for code, confidence in detected]


def _shared_out(
    indexes: list[int], spoken: list[Language | None], model: TextModel, languages: Languages | None
) -> list[tuple[TextModel, list[_Share]]]:
    """Returns each model that is needed with the texts that it reads, in order."""
    models = {} if languages is None else languages.models
    shares: dict[int, tuple[TextModel, list[_Share]]] = {}
    for index, language in zip(indexes, spoken, strict=True):
        reader = model if language is None else models.get(language.code, model)
        # Several codes may share one model, which then reads all of their texts in one batch.
        shares.setdefault(id(reader), (reader, []))[1].append((index, language))
    return list(shares.values())


def _answers(texts: list[str], model: TextModel) -> list[TextScores]:
    answers = model.score(texts)
    # Answers are paired with texts by their order. With one missing, posts would get the feelings of others.
    if len(answers) != len(texts):
        raise ValueError(f"the model answered {len(answers)} of {len(texts)} texts")
    return answers


def _reading(scores: TextScores, model_name: str, language: Language | None, *, weak: bool) -> Reading:
    # Of equal probabilities the first label of the contract wins, so that a text always has the same one.
    label = max(_LABELS, key=lambda name: getattr(scores, name))
    rounded = {name: round(getattr(scores, name), DECIMALS) for name in _LABELS}
    probabilities = SentimentProbabilities(**rounded)
    return Reading(
        Sentiment(label=label, probabilities=probabilities, model=model_name, weak=weak),
        _probability("offence", scores.offence),
        _probability("complaint", scores.complaint),
        language,
    )


def _probability(head: str, value: float | None) -> float | None:
    if value is None:
        return None
    # The contract checks it too, but a rule compares it before a ScoredPost is made of it.
    if not 0 <= value <= 1:
        raise ValueError(f"{head}: the model answered {value}, no probability")
    return round(value, DECIMALS)
