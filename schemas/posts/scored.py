"""ScoredPost is a post with its signals and with what triage decided about it, each decision with its reasons."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, GetCoreSchemaHandler, StringConstraints, model_validator

from schemas.base import (
    EpochMs,
    Id,
    LanguageCode,
    Part,
    Priority,
    Probability,
    Slug,
    SourcePosition,
    Unknown,
    UtcDatetime,
)
from schemas.people.customer import Customer
from schemas.posts.raw import PostBody, Visibility
from schemas.posts.signals import Cluster, Intent, PersonalData, Spam, TopicHit, UrgencyKind

SentimentLabel = Literal["negative", "neutral", "positive"]
TriageAction = Literal[
    "none", "context", "thank", "engage", "moderate", "respond", "respond_privately", "escalate"
]
"""What should be done about a post, and of later ones what owes the author more. `context` opens no case and joins
one, `moderate` is to hide or report, and `escalate` is to answer above the ordinary reps."""
NO_WORK: frozenset[TriageAction] = frozenset({"none", "context"})
"""After these no case waits for anybody, so that they have no queue."""
ReasonCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.-]{0,63}$")]


class SentimentProbabilities(Part):
    """Calibrated probabilities of the three labels, which add up to 1 within .001."""

    negative: Probability = Field(description="probability from 0 to 1 that the writer is unhappy or angry")
    neutral: Probability = Field(description="probability from 0 to 1 that the text shows no feeling")
    positive: Probability = Field(description="probability from 0 to 1 that the writer is pleased")

    @model_validator(mode="after")
    def _sums_to_one(self) -> "SentimentProbabilities":
        # Each is rounded to a few digits before it is published, so the sum is seldom exactly 1.
        total = self.negative + self.neutral + self.positive
        if abs(total - 1.0) > 1e-3:
            raise ValueError(f"probabilities sum to {total:.4f}, not 1")
        return self


class Sentiment(Part):
    """How the writer feels, as the language model reads the text."""

    label: Annotated[SentimentLabel, Unknown("neutral")] = Field(
        description="the likeliest of the three labels; a label that the reader does not know counts as neutral"
    )
    probabilities: SentimentProbabilities
    model: Annotated[str, StringConstraints(max_length=200)] = Field(description="model id and revision")
    weak: bool = Field(
        default=False,
        description="whether the model was not made for the language of the text; then be careful with routing by "
        "the sentiment, and by offence and complaint, which the same model gave",
    )


class Language(Part):
    """The language of the text as a detector sees it. The tag that the platform states is `lang`."""

    code: LanguageCode = Field(
        description="code of ISO 639-1, or of 639-3 where there is no shorter one; und when nobody can tell"
    )
    confidence: Probability = Field(
        description="probability from 0 to 1 of the likeliest language, given also when the code is und"
    )


class InfluenceParts(Part):
    """What made an influence, for people."""

    from_profile: Annotated[float, Field(ge=0, le=100)] = Field(
        description="score that followers and verification alone would give, from 0 to 100"
    )
    posts: Annotated[float, Field(ge=0, le=1e9)] = Field(
        description="posts whose engagement was seen, where older ones count less"
    )
    engagement: Annotated[float, Field(ge=0, le=1e15)] = Field(
        description="typical engagement of these posts, in likes or what weighs as much (a geometric mean)"
    )


class Influence(Part):
    """How far the author's voice carries: the engagement expected of a post, on a logarithmic scale."""

    score: Annotated[float, Field(ge=0, le=100)] = Field(
        description="from 0 to 100; 20 points more mean ten times the engagement"
    )
    confidence: Probability = Field(
        description="from 0, when only the profile is known, towards 1 as the author's posts are observed"
    )
    lower_bound: Annotated[float, Field(ge=0, le=100)] = Field(
        description="the score is at least this high with a probability of 90 %; from 0 to 100"
    )
    percentile: Annotated[float, Field(ge=0, le=100)] | None = Field(
        default=None,
        description="share of active authors with a lower score, in percent; absent when not computed",
    )
    parts: InfluenceParts | None = Field(
        default=None, description="what made the score; absent when the profile alone did"
    )


class Reason(Part):
    """One reason for a decision. Reasons are listed by weight, with the heaviest first."""

    code: ReasonCode = Field(description="stable code of the reason, for programs")
    detail: Annotated[str, StringConstraints(max_length=300)] = Field(
        default="",
        description="the reason in words, for people; it may change from release to release, but for codes rule "
        "and adds it always begins with the name of the rule, and a colon where more follows",
    )
    weight: float = Field(
        default=0.0,
        ge=0,
        le=100,
        description="points of the priority that this reason gave, from 0 to 100; 0 when it gave none",
    )

    @property
    def rule(self) -> str | None:
        """Name of the rule that the reason is about; None when it is about none."""
        return self.detail.partition(":")[0] if self.code in ("rule", "adds") else None


class SkillNeed(Part):
    """A skill that a case needs of its rep."""

    name: Slug = Field(description="name of the skill")
    level: int = Field(default=1, ge=1, le=5, description="least level that will do, from 1 to 5")
    required: bool = Field(default=False, description="whether nobody without it may ever get the case")


class Triage(Part):
    """What should be done about a post, by whom, and why.

    The reason `weak_sentiment` with weight 0 says that the decision went by a sentiment that is `weak`, and names
    the language of the text.
    """

    action: Annotated[TriageAction, Unknown("respond")] = Field(
        description="what should be done; none means that nobody needs to act, context that the post only joins "
        "a case, and an action that the reader does not know counts as respond with a queue, as none without"
    )
    queue: Slug | None = Field(
        default=None,
        description="queue of the policy in which the case waits; absent exactly when action is none or context",
    )
    skills: tuple[Slug, ...] = Field(
        default=(),
        max_length=20,
        description="skills that a rep must have, all of them; empty when any rep will do",
    )
    needs: tuple[SkillNeed, ...] = Field(
        default=(),
        max_length=20,
        description="those of skills that need a level above 1 or are required; the others need level 1, and the "
        "rings of the queue may drop them",
    )
    tags: tuple[Slug, ...] = Field(
        default=(), max_length=20, description="words that rules added, for people and for later rules"
    )
    priority: Priority = Field(
        default=0.0,
        description="from 0 to 100; the higher goes first, and 0 is the value when action is none or context",
    )
    reasons: tuple[Reason, ...] = Field(
        default=(), max_length=20, description="why this action and priority, the heaviest reason first"
    )
    policy_version: int = Field(
        ge=0, description="version of the policy that decided; 0 when the workspace had none"
    )
    by: Id | None = Field(
        default=None, description="who pulled a post that the rules had left alone; absent when the rules decided"
    )
    pull_id: Id | None = Field(
        default=None, description="tells one pull of a post from others; given exactly when by is"
    )

    @model_validator(mode="after")
    def _work_has_a_queue(self) -> "Triage":
        # A case without a queue would wait where nobody looks.
        if (self.action in NO_WORK) != (self.queue is None):
            raise ValueError("queue must be given exactly when there is something to do")
        if (self.by is None) != (self.pull_id is None):
            raise ValueError("by and pull_id must be given together")
        return self


@dataclass(frozen=True)
class UnknownWork(Unknown):
    """Says that an unknown action without a queue is none. As `respond` it would need a queue."""

    default: str = "none"

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> Any:
        """Returns the schema of the triage, which sees known actions only where there is no queue."""

        def known(said: Any) -> Any:
            if not isinstance(said, dict) or said.get("queue") is not None:
                return said
            action = said.get("action")
            new = isinstance(action, str) and action not in get_args(TriageAction)
            return said | {"action": self.default} if new else said

        return BeforeValidator(known).__get_pydantic_core_schema__(source, handler)


class ScoredPost(PostBody):
    """A post with its signals, as it goes to the topics `posts.scored` and `posts.actionable`.

    Title and text are masked: personal data is replaced by its kind in brackets, and listed in `pii`.
    """

    visibility: Annotated[Visibility, Unknown("direct")] = Field(
        default="public",
        description="direct for a private message to the brand, public for everything else; a visibility that the "
        "reader does not know counts as direct, so that nobody answers it in public",
    )
    received_at: UtcDatetime = Field(
        description="append time of the raw record; on the event clock the time of writing"
    )
    backfill: bool = Field(
        default=False,
        description="whether the post was already old when it was received (by the setting live_within_h); such "
        "posts are stored and never become work",
    )
    own: bool = Field(default=False, description="whether one of the brand's own accounts wrote it")
    sentiment: Sentiment | None = Field(default=None, description="absent when there is no text to read")
    offence: Probability | None = Field(
        default=None,
        description="calibrated probability from 0 to 1 that the text is offensive; absent when there is no text, "
        "or when the model does not answer this question",
    )
    complaint: Probability | None = Field(
        default=None,
        description="calibrated probability from 0 to 1 that the text is about a problem that somebody should "
        "solve; absent when there is no text, or when the model does not answer this question",
    )
    language: Language | None = Field(default=None, description="absent when there is no text to read")
    topics: tuple[TopicHit, ...] = Field(
        default=(), max_length=50, description="listening topics that the post concerns, in the policy's order"
    )
    intent: Intent | None = Field(default=None, description="absent when there is no text to read")
    pressing: Probability | None = Field(
        default=None,
        description="calibrated probability from 0 to 1 that somebody must act within about an hour, or the "
        "writer loses something that matters; absent when there is no text, or when the model does not answer "
        "this question in the language of the text",
    )
    urgency: Probability = Field(
        default=0.0,
        description="how soon somebody must act by the words of the text, from 0 to 1; triage takes the rule's "
        "urgency when that is higher",
    )
    urgency_kinds: Annotated[tuple[UrgencyKind, ...], Unknown(None)] = Field(
        default=(),
        max_length=7,
        description="kinds of urgency that the words speak of, the gravest first; leave out what you do not know",
    )
    intensity: Probability = Field(
        default=0.0, description="how heated the text is, from 0 to 1, whatever its sentiment"
    )
    cluster: Cluster | None = Field(
        default=None, description="the posts that it is a copy of; absent when there is too little text to compare"
    )
    spam: Spam | None = Field(default=None, description="absent for deletions and posts of the brand itself")
    pii: tuple[PersonalData, ...] = Field(
        default=(),
        max_length=100,
        description="personal data that was masked, in the order of the text; its plain text is only in posts.raw",
    )
    influence: Influence
    customer: Customer | None = Field(
        default=None,
        description="who is behind the handle; absent when the company has linked it to nobody or may not link it",
    )
    triage: Annotated[Triage, UnknownWork()]
    source: SourcePosition = Field(description="the raw record of which this post was made")
    appended_ms: EpochMs = Field(
        description="append time of the raw record in milliseconds since 1970-01-01 UTC, also on the event clock"
    )

    @property
    def ver(self) -> int:
        """Returns the version of the row in ClickHouse: a higher revision wins, then the later raw record, then a
        pull.

        It has 62 bits. The 42 bits of milliseconds last until the year 2109. A pulled post counts as one
        millisecond later than the same post before, whose raw record it names.
        """
        return ((self.revision << 42) | self.appended_ms) + (self.triage.pull_id is not None)
