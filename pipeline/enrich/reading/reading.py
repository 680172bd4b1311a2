"""What one pass of the model reads in a post: which text it sees, and its answer in the contract's form.

In: posts, a `TextModel`, and what is known of languages. Out: one `Reading` a post, empty where there is nothing
to read. Never here: the models themselves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, get_args

from pipeline.enrich.reading.intents.own import Intents
from pipeline.enrich.reading.language import detect_languages
from pipeline.enrich.text.bounds import MAX_SIGNAL_CHARS
from pipeline.enrich.text.normalise import normalise
from pipeline.ports.models import UNDETERMINED, LanguageModel, TextModel, TextScores
from schemas.policy.policy import Policy
from schemas.posts.raw import PostBody
from schemas.posts.scored import Language, Sentiment, SentimentLabel, SentimentProbabilities
from schemas.posts.signals import Intent

NO_POLICIES: Mapping[str, Policy] = {}
DECIMALS = 4
"""Three rounded probabilities are then at most 1.5e-4 away from 1 together; the contract allows 1e-3."""
_LABELS: tuple[SentimentLabel, ...] = get_args(SentimentLabel)
_Share = tuple[int, Language | None]
"""The place of a text in its batch, and its language."""


class Reading(NamedTuple):
    """The answers of all heads about one post; None where there is no text, or the model has no such head."""

    sentiment: Sentiment | None = None
    offence: float | None = None
    """Calibrated probability that the text is offensive, rounded."""
    complaint: float | None = None
    """Calibrated probability that it is about a problem that somebody should solve, rounded."""
    language: Language | None = None
    """What the text is written in; None too where nobody was asked."""
    intent: Intent | None = None
    """What the writer wants; None too where nobody was asked, or the model has no embedding."""


NOTHING_READ = Reading()
"""The reading of a post without readable text."""


@dataclass(frozen=True)
class Languages:
    """Who tells the languages, and who reads which of them.

    Args:
        detector: tells the language of each text.
        native: codes of the languages that the default model was made for; it reads all others too, weakly.
        models: code to the model that reads such texts instead of the default one.
    """

    detector: LanguageModel
    native: frozenset[str]
    models: Mapping[str, TextModel] = field(default_factory=dict)

    def is_weak(self, code: str) -> bool:
        """Whether the model that reads texts of this language was not made for it; a text of none is not weak."""
        return code != UNDETERMINED and code not in self.native and code not in self.models


def readable_text(post: PostBody) -> str:
    """Title and text as the model reads them; empty when nothing is left to read."""
    return normalise("\n".join(part[:MAX_SIGNAL_CHARS] for part in (post.title, post.text) if part))


def read_posts(
    posts: Sequence[PostBody],
    model: TextModel,
    languages: Languages | None = None,
    intents: Intents | None = None,
    policies: Mapping[str, Policy] = NO_POLICIES,
) -> list[Reading]:
    """The reading of each post, in order; `NOTHING_READ` for a post without readable text.

    Args:
        posts: any number.
        model: reads every text for which no other one is named.
        languages: None: they are not told, and `model` reads everything.
        intents: who tells the intents; None: they are not told.
        policies: workspace to policy, for its own intents.

    Raises:
        Transient: an engine failed.
        ValueError: an engine's answer has another length, or is no probability (distribution).
    """
    texts = [readable_text(post) for post in posts]
    places = [at for at, text in enumerate(texts) if text]
    spoken = _spoken([posts[at] for at in places], languages)
    readings = [NOTHING_READ] * len(posts)
    for reader, shares in _shared_out(places, spoken, model, languages):
        read = [texts[at] for at, _ in shares]
        answers = _answers(read, reader)
        told: Sequence[Intent | None] = [None] * len(read)
        if intents is not None:
            told = intents.tell(read, answers, [posts[at].workspace for at, _ in shares], reader, policies)
        for (at, language), scores, intent in zip(shares, answers, told, strict=True):
            weak = languages is not None and language is not None and languages.is_weak(language.code)
            readings[at] = _reading(scores, reader.name, language, weak=weak)._replace(intent=intent)
    return readings


def _spoken(posts: list[PostBody], languages: Languages | None) -> list[Language | None]:
    if languages is None:
        return [None] * len(posts)
    found = detect_languages(posts, languages.detector)
    return [Language(code=code, confidence=round(confidence, DECIMALS)) for code, confidence in found]


def _shared_out(
    places: list[int], spoken: list[Language | None], model: TextModel, languages: Languages | None
) -> list[tuple[TextModel, list[_Share]]]:
    """Each model that is needed, with the texts that it reads, in order."""
    models = {} if languages is None else languages.models
    shares: dict[int, tuple[TextModel, list[_Share]]] = {}
    for at, language in zip(places, spoken, strict=True):
        reader = model if language is None else models.get(language.code, model)
        shares.setdefault(id(reader), (reader, []))[1].append((at, language))
    return list(shares.values())


def _answers(texts: list[str], model: TextModel) -> list[TextScores]:
    answers = model.score(texts)
    if len(answers) != len(texts):
        raise ValueError(f"the model answered {len(answers)} of {len(texts)} texts")
    return answers


def _reading(scores: TextScores, model_name: str, language: Language | None, *, weak: bool) -> Reading:
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
    # Checked here and not only by the contract: a rule compares it before a ScoredPost is made of it.
    if not 0 <= value <= 1:
        raise ValueError(f"{head}: the model answered {value}, no probability")
    return round(value, DECIMALS)
