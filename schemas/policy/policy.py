"""Policy: how one workspace wants to be served. Written as YAML, published to topic `policies`, key workspace."""

from typing import Annotated, Literal, get_args

from pydantic import Field, StringConstraints, model_validator

from schemas.base import LanguageCode, Message, NativeId, Part, Probability, Slug
from schemas.policy.agreement import NAMED, Disagreements, disagreements, queue_mistake
from schemas.posts.raw import Visibility
from schemas.posts.scored import SentimentLabel, TriageAction
from schemas.posts.signals import IntentName, TopicKind

Query = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
"""A word, a phrase, `#hashtag`, `@handle`, or `"two words"~5`: within 5 words of each other, in any order."""
Keyword = Annotated[str, StringConstraints(min_length=2, max_length=100, strip_whitespace=True)]

RulePlatform = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
"""Every `PlatformName`, and names with dashes, which no platform has: the first policies could hold them."""
BrandHandle = Annotated[str, StringConstraints(min_length=1, max_length=200)]
"""`platform:handle`, any case: the same handle on another platform may be anybody's. A bare handle, which the
first policies have, counts only on the platforms of the brand's `author_ids`."""


class Brand(Part):
    """Who the workspace is on the networks: posts by these accounts are its own and never become work."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    author_ids: tuple[NativeId, ...] = Field(default=(), max_length=1000)
    handles: tuple[BrandHandle, ...] = Field(
        default=(),
        max_length=1000,
        description="platform:handle, any case; a bare handle counts only on platforms of author_ids",
    )


class Condition(Part):
    """All given parts must hold; an empty condition always holds."""

    sentiment: tuple[SentimentLabel, ...] | None = Field(default=None, min_length=1, max_length=3)
    min_probability: Probability | None = Field(default=None, description="of the label that the post got")
    min_complaint: Probability | None = Field(
        default=None,
        description="the text is about a problem that somebody should solve; never holds where not known",
    )
    min_offence: Probability | None = Field(
        default=None, description="the text is offensive; never holds where not known"
    )
    min_influence: Annotated[float, Field(ge=0, le=100)] | None = Field(default=None, description="lower bound")
    any_keyword: tuple[Keyword, ...] | None = Field(default=None, min_length=1, max_length=500)
    visibility: tuple[Visibility, ...] | None = Field(default=None, min_length=1, max_length=2)
    platform: tuple[RulePlatform, ...] | None = Field(default=None, min_length=1, max_length=50)
    language: tuple[LanguageCode, ...] | None = Field(
        default=None,
        min_length=1,
        max_length=50,
        description="that was detected, else (und, or no text) of the platform's lang tag",
    )
    question: bool | None = Field(default=None, description="the text asks something")
    topic: tuple[Slug, ...] | None = Field(
        default=None, min_length=1, max_length=50, description="the post concerns one of these listening topics"
    )
    intent: tuple[Slug, ...] | None = Field(default=None, min_length=1, max_length=50)
    min_urgency: Probability | None = Field(default=None, description="of the words of the text")
    min_intensity: Probability | None = Field(default=None, description="how heated the text is")
    min_spam: Probability | None = Field(default=None, description="never holds where not known")
    max_rating: float | None = Field(default=None, ge=0, le=10)
    repost: bool | None = None


class ListeningTopic(Part):
    """What the workspace listens for: it concerns a post when `any` holds, all of `all`, and none of `none`.

    Whole words, any case, any script; a plain word also finds the hashtag.
    """

    name: Slug
    kind: TopicKind = "topic"
    any: tuple[Query, ...] = Field(default=(), max_length=2000)
    all: tuple[Query, ...] = Field(default=(), max_length=50)
    none: tuple[Query, ...] = Field(default=(), max_length=500)


class OwnIntent(Part):
    """An intent of the workspace, told by examples."""

    name: Slug
    examples: tuple[Annotated[str, StringConstraints(min_length=3, max_length=500)], ...] = Field(
        min_length=5, max_length=20
    )


class NumberPattern(Part):
    """How order, account or other personal numbers of the workspace look; they are masked as `[<name>]`."""

    name: Slug
    pattern: Annotated[str, StringConstraints(min_length=4, max_length=60)] = Field(
        description="# a digit, @ a letter, * either, anything else itself (any case); a whole word: ACC-########"
    )

    @model_validator(mode="after")
    def _says_something(self) -> "NumberPattern":
        if sum(sign in "#*" for sign in self.pattern) < 4:
            raise ValueError("at least four # or * are needed: less would mask ordinary words and numbers")
        return self


class TriageRule(Part):
    """The first rule whose condition holds decides; list order is precedence."""

    name: Slug
    when: Condition = Condition()
    action: TriageAction
    queue: Slug | None = None
    skills: tuple[Slug, ...] = Field(default=(), max_length=20)
    urgency: Probability = Field(default=0.0, description="how urgent posts of this rule are, 0..1")

    @model_validator(mode="after")
    def _work_has_a_queue(self) -> "TriageRule":
        if mistake := queue_mistake(self.action, self.queue):
            raise ValueError(mistake)
        return self


class Queue(Part):
    """Where cases wait for one team."""

    name: Slug
    team: Slug
    offer_timeout_s: int = Field(
        default=120, ge=5, le=86_400, description="Twilio TaskRouter: default 120, at most 86,400"
    )
    first_response_s: int = Field(
        default=3600, ge=60, le=30 * 86_400, description="SLA of the first reply, by the clock"
    )


class Policy(Message):
    """The whole policy of one workspace; `version` grows with each change."""

    version: int = Field(ge=1, lt=2**31)
    brand: Brand
    queues: tuple[Queue, ...] = Field(min_length=1, max_length=200)
    rules: tuple[TriageRule, ...] = Field(min_length=1, max_length=500)
    topics: tuple[ListeningTopic, ...] = Field(default=(), max_length=1000)
    intents: tuple[OwnIntent, ...] = Field(default=(), max_length=50)
    numbers: tuple[NumberPattern, ...] = Field(default=(), max_length=50)
    regions: tuple[Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")], ...] = Field(
        default=("US", "GB"), max_length=20, description="ISO 3166: whose phone numbers are told without a +"
    )
    oldest_every: int = Field(
        default=10, ge=2, le=1000, description="every n-th pick of a queue takes its oldest case"
    )
    sign_out_release: Literal["all", "unanswered"] = Field(
        default="unanswered", description="what goes back when a rep signs out"
    )

    @model_validator(mode="after")
    def _parts_agree(self) -> "Policy":
        found = list(disagreements(self.model_dump(include=set(NAMED)), get_args(IntentName)))
        if found:
            raise Disagreements(found)
        return self

    def queue(self, name: str) -> Queue | None:
        """The queue of that name."""
        return next((queue for queue in self.queues if queue.name == name), None)

    @property
    def teams(self) -> tuple[str, ...]:
        """The teams that own queues, sorted."""
        return tuple(sorted({queue.team for queue in self.queues}))
