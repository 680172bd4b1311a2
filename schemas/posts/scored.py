"""ScoredPost: a post with its signals and what triage decided, with reasons."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from schemas.base import EpochMs, LanguageCode, Part, Priority, Probability, Slug, SourcePosition, UtcDatetime
from schemas.posts.raw import PostBody
from schemas.posts.signals import Cluster, Intent, PersonalData, Spam, TopicHit, UrgencyKind

SentimentLabel = Literal["negative", "neutral", "positive"]
TriageAction = Literal["none", "thank", "engage", "respond"]
ReasonCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.-]{0,63}$")]


class SentimentProbabilities(Part):
    """Calibrated class probabilities; they sum to 1 within 1e-3 (rounding)."""

    negative: Probability
    neutral: Probability
    positive: Probability

    @model_validator(mode="after")
    def _sums_to_one(self) -> "SentimentProbabilities":
        total = self.negative + self.neutral + self.positive
        if abs(total - 1.0) > 1e-3:
            raise ValueError(f"probabilities sum to {total:.4f}, not 1")
        return self


class Sentiment(Part):
    """How the writer feels, by the transformer."""

    label: SentimentLabel
    probabilities: SentimentProbabilities
    model: Annotated[str, StringConstraints(max_length=200)] = Field(description="model id and revision")
    weak: bool = Field(
        default=False,
        description="the text is in a language that the model was not made for: route on it with care, and on "
        "offence and complaint too, which the same model gave",
    )


class Language(Part):
    """The language of the text, by a detector; the platform's own tag is `lang`."""

    code: LanguageCode = Field(description="ISO 639-1, or 639-3 where that has none; und: nobody can tell")
    confidence: Probability = Field(description="of the likeliest language, also where the code is und")


class Influence(Part):
    """How far the author's voice carries: expected engagement per post on a log scale."""

    score: Annotated[float, Field(ge=0, le=100)] = Field(description="20 points = ten times the engagement")
    confidence: Probability = Field(description="0: only the profile is known, towards 1 with history")
    lower_bound: Annotated[float, Field(ge=0, le=100)] = Field(description="90 % one-sided lower bound of score")
    percentile: Annotated[float, Field(ge=0, le=100)] | None = None


class Reason(Part):
    """One reason of a decision, in the order of its weight."""

    code: ReasonCode
    detail: Annotated[str, StringConstraints(max_length=300)] = ""
    weight: float = Field(default=0.0, ge=0, le=100, description="share in the decision; 0 where it is not a sum")


class Triage(Part):
    """What should be done about a post, by whom, and why.

    The reason `weak_sentiment`, weight 0, says that the rules and the severity went by a sentiment that is `weak`,
    and in which language the text is.
    """

    action: TriageAction
    queue: Slug | None = Field(default=None, description="queue of the policy; absent when action is none")
    skills: tuple[Slug, ...] = Field(default=(), max_length=20)
    priority: Priority = 0.0
    reasons: tuple[Reason, ...] = Field(default=(), max_length=20)
    policy_version: int = Field(ge=0, description="0: no policy was known for the workspace")

    @model_validator(mode="after")
    def _work_has_a_queue(self) -> "Triage":
        if (self.action == "none") != (self.queue is None):
            raise ValueError("queue must be given exactly when there is something to do")
        return self


class ScoredPost(PostBody):
    """A post with its signals: topics `posts.scored` and `posts.actionable`.

    Title and text are masked: personal data is replaced by its kind in brackets, and listed in `pii`.
    """

    received_at: UtcDatetime = Field(
        description="append time of the raw record; its event time on the event clock"
    )
    backfill: bool = Field(default=False, description="older than live_within at receipt: stored, not worked")
    own: bool = Field(default=False, description="written by one of the brand's own handles")
    sentiment: Sentiment | None = Field(default=None, description="absent when there is no text to read")
    offence: Probability | None = Field(
        default=None,
        description="calibrated probability that the text is offensive; absent without text or such a head",
    )
    complaint: Probability | None = Field(
        default=None,
        description="calibrated probability that the text is about a problem that somebody should solve; absent "
        "without text or such a head",
    )
    language: Language | None = Field(default=None, description="absent when there is no text to read")
    topics: tuple[TopicHit, ...] = Field(default=(), max_length=50, description="of the policy, in its order")
    intent: Intent | None = Field(default=None, description="absent when there is no text to read")
    urgency: Probability = Field(default=0.0, description="by the words of the text; the rule's own may be higher")
    urgency_kinds: tuple[UrgencyKind, ...] = Field(default=(), max_length=7, description="the gravest first")
    intensity: Probability = Field(default=0.0, description="how heated the text is, whatever its sentiment")
    cluster: Cluster | None = Field(default=None, description="absent when there is too little text to compare")
    spam: Spam | None = Field(default=None, description="absent for deletions and the brand itself")
    pii: tuple[PersonalData, ...] = Field(
        default=(), max_length=100, description="what was masked, in order; the plain text is only in posts.raw"
    )
    influence: Influence
    triage: Triage
    source: SourcePosition = Field(description="the raw record that this was made from")
    appended_ms: EpochMs = Field(description="append time of the raw record; never the event clock")

    @property
    def ver(self) -> int:
        """Row version, 62 bits: a higher revision wins, then the later raw record.

        42 bits of milliseconds last until the year 2109.
        """
        return (self.revision << 42) | self.appended_ms
