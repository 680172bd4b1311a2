"""Policy is how one workspace wants to be served. It is written as YAML and published to topic `policies`."""

from typing import Annotated, Literal, get_args

from pydantic import Field, StringConstraints, model_validator

from schemas.base import LanguageCode, Message, NativeId, Part, PlatformName, Probability, Slug
from schemas.policy.agreement import NAMED, Disagreements, disagreements, queue_mistake
from schemas.policy.calendar import Calendar
from schemas.policy.queues import Queue
from schemas.policy.sla import Sla
from schemas.policy.staffing import Department, Lease
from schemas.posts.raw import Visibility
from schemas.posts.scored import SentimentLabel, TriageAction
from schemas.posts.signals import IntentName, TopicKind

Query = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
"""A word, a phrase, a `#hashtag`, an `@handle`, or `"two words"~5`, which means within 5 words of each other in
any order."""
Keyword = Annotated[str, StringConstraints(min_length=2, max_length=100, strip_whitespace=True)]

RulePlatform = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
"""Every `PlatformName`, and besides names with dashes, which no platform has but the first policies could hold."""
BrandHandle = Annotated[str, StringConstraints(min_length=1, max_length=200)]
"""`platform:handle` in any case, because the same handle on another platform may be anybody's. A bare handle,
which the first policies have, counts only on the platforms of the brand's `author_ids`."""


class Brand(Part):
    """The brand is who the workspace is on the networks. Posts by its accounts are its own and never become
    work."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=200)] = Field(description="name for people")
    author_ids: tuple[NativeId, ...] = Field(
        default=(), max_length=1000, description='accounts of the brand by id: "<platform>:<native id>"'
    )
    handles: tuple[BrandHandle, ...] = Field(
        default=(),
        max_length=1000,
        description="accounts of the brand as platform:handle, in any case; a bare handle counts only on the "
        "platforms of author_ids",
    )
    sender: NativeId | None = Field(
        default=None, description="account of author_ids that answers in the name of the brand; absent for any"
    )


class Condition(Part):
    """What a rule asks of a post. All parts that are given must hold, so that an empty condition always holds."""

    sentiment: tuple[SentimentLabel, ...] | None = Field(
        default=None, min_length=1, max_length=3, description="the post has one of these labels"
    )
    min_probability: Probability | None = Field(
        default=None, description="the post's sentiment label has at least this probability, from 0 to 1"
    )
    min_complaint: Probability | None = Field(
        default=None,
        description="the text is about a problem that somebody should solve, with at least this probability from "
        "0 to 1; never holds when the post has no such value",
    )
    min_offence: Probability | None = Field(
        default=None,
        description="the text is offensive, with at least this probability from 0 to 1; never holds when the post "
        "has no such value",
    )
    min_influence: Annotated[float, Field(ge=0, le=100)] | None = Field(
        default=None, description="the lower bound of the author's influence is at least this, from 0 to 100"
    )
    any_keyword: tuple[Keyword, ...] | None = Field(
        default=None, min_length=1, max_length=500, description="the text has one of these whole words or phrases"
    )
    visibility: tuple[Visibility, ...] | None = Field(
        default=None, min_length=1, max_length=2, description="the post is one of these, public or direct"
    )
    platform: tuple[RulePlatform, ...] | None = Field(
        default=None, min_length=1, max_length=50, description="the post was written on one of these networks"
    )
    language: tuple[LanguageCode, ...] | None = Field(
        default=None,
        min_length=1,
        max_length=50,
        description="the text is in one of these languages, as detected; when nothing was detected, the tag that "
        "the platform states counts",
    )
    question: bool | None = Field(default=None, description="the text asks something (true) or does not (false)")
    topic: tuple[Slug, ...] | None = Field(
        default=None, min_length=1, max_length=50, description="the post concerns one of these listening topics"
    )
    intent: tuple[Slug, ...] | None = Field(
        default=None, min_length=1, max_length=50, description="the writer wants one of these, built in or own"
    )
    min_urgency: Probability | None = Field(
        default=None, description="the words of the text are at least this urgent, from 0 to 1"
    )
    min_intensity: Probability | None = Field(
        default=None, description="the text is at least this heated, from 0 to 1"
    )
    min_spam: Probability | None = Field(
        default=None, description="the spam score is at least this, from 0 to 1; never holds when there is none"
    )
    max_rating: float | None = Field(
        default=None, ge=0, le=10, description="the review has at most so many stars, from 0 to 10"
    )
    repost: bool | None = Field(default=None, description="the post is a repost (true) or is none (false)")


class ListeningTopic(Part):
    """What the workspace listens for. It concerns a post when `any`, `all` and `none` agree.

    A query finds whole words in any case and any script, and a plain word also finds the hashtag. `"two words"~5`
    finds words within 5 words of each other, in any order.
    """

    name: Slug = Field(description="name of the listening topic, unique in the policy")
    kind: TopicKind = Field(default="topic", description="what it is: a brand, product, competitor or any topic")
    any: tuple[Query, ...] = Field(
        default=(), max_length=2000, description="at least one of these queries must be found, when any is given"
    )
    all: tuple[Query, ...] = Field(default=(), max_length=50, description="all of these queries must be found")
    none: tuple[Query, ...] = Field(default=(), max_length=500, description="none of these queries may be found")


class OwnIntent(Part):
    """An intent of the workspace's own, which is recognised by likeness to examples."""

    name: Slug = Field(description="name of the intent, unique in the policy")
    examples: tuple[Annotated[str, StringConstraints(min_length=3, max_length=500)], ...] = Field(
        min_length=5, max_length=20, description="what people write who want this, in their own words"
    )


class NumberPattern(Part):
    """A pattern says how order, account or other personal numbers look. They are masked as `[<name>]`."""

    name: Slug = Field(description="name of the pattern, which replaces the number in brackets")
    pattern: Annotated[str, StringConstraints(min_length=4, max_length=60)] = Field(
        description="a whole word such as ACC-########, where # is a digit, @ a letter, * either, and anything "
        "else stands for itself in any case; at least four must be # or *"
    )

    @model_validator(mode="after")
    def _says_something(self) -> "NumberPattern":
        # An @ does not count, because a pattern of letters alone would match words.
        if sum(sign in "#*" for sign in self.pattern) < 4:
            raise ValueError("at least four # or * are needed: less would mask ordinary words and numbers")
        return self


class TriageRule(Part):
    """What to do about a post when a condition holds. The first rule of the list whose condition holds decides."""

    name: Slug = Field(description="name of the rule, unique in the policy; reasons quote it")
    when: Condition = Field(default=Condition(), description="what the rule asks of a post; when absent, nothing")
    action: TriageAction = Field(description="what should be done; none means that nobody needs to act")
    queue: Slug | None = Field(
        default=None, description="queue in which the case waits; required unless the action is none"
    )
    skills: tuple[Slug, ...] = Field(
        default=(),
        max_length=20,
        description="skills that a rep must have, all of them; empty when any rep will do",
    )
    urgency: Probability = Field(
        default=0.0, description="how urgent posts of this rule are, from 0 to 1; the words of a text may raise it"
    )

    @model_validator(mode="after")
    def _work_has_a_queue(self) -> "TriageRule":
        # Asked of the same function as in `agreement`, so that a mistake is worded alike wherever it is noticed.
        if mistake := queue_mistake(self.action, self.queue):
            raise ValueError(mistake)
        return self


class Policy(Message):
    """The whole policy of one workspace, which goes to topic `policies` with the workspace as key."""

    version: int = Field(ge=1, lt=2**31, description="number that grows with each change of the policy")
    brand: Brand
    brands: tuple[Brand, ...] = Field(
        default=(), max_length=50, description="further brands of the workspace, each with its own accounts"
    )
    departments: tuple[Department, ...] = Field(
        default=(), max_length=50, description="which teams belong together, for people and reports"
    )
    queues: tuple[Queue, ...] = Field(min_length=1, max_length=200, description="where cases wait, and for whom")
    rules: tuple[TriageRule, ...] = Field(
        min_length=1, max_length=500, description="what to do about posts; the first rule that holds decides"
    )
    topics: tuple[ListeningTopic, ...] = Field(
        default=(), max_length=1000, description="what the workspace listens for"
    )
    intents: tuple[OwnIntent, ...] = Field(
        default=(), max_length=50, description="intents of its own, besides the built-in ones"
    )
    numbers: tuple[NumberPattern, ...] = Field(
        default=(), max_length=50, description="personal numbers of its customers, which are masked"
    )
    calendars: tuple[Calendar, ...] = Field(default=(), max_length=50, description="opening hours")
    slas: tuple[Sla, ...] = Field(
        default=(), max_length=50, description="what the brand promises itself, by opening hours"
    )
    regions: tuple[Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")], ...] = Field(
        default=("US", "GB"),
        max_length=20,
        description="countries (ISO 3166, two letters) whose phone numbers are recognised without a leading +",
    )
    oldest_every: int = Field(
        default=10,
        ge=2,
        le=1000,
        description="n, where every n-th pick by reps of the same teams and skills takes the oldest case that "
        "they may take, whatever its queue",
    )
    default_queue: Slug | None = Field(
        default=None,
        description="queue of the posts and cases whose own queue the policy does not have; absent for the first "
        "of queues",
    )
    sign_out_release: Literal["all", "unanswered"] = Field(
        default="unanswered",
        description="which cases go back to their queues when a rep has signed out: all, or those without a reply",
    )
    away_release: Literal["all", "unanswered", "none"] = Field(
        default="none",
        description="which cases go back when a rep is away: all, those without a reply, or none",
    )
    missed_offers: int = Field(
        default=1,
        ge=1,
        le=20,
        description="offers in a row that a rep lets time out before no more come, until the rep does something",
    )
    offers_per_hour: int | None = Field(
        default=None,
        ge=1,
        le=3600,
        description="most offers to one rep within an hour; absent for any number",
    )
    lease: Lease = Field(default=Lease(), description="when a desktop that sends heartbeats counts as gone")
    link_identity: tuple[PlatformName, ...] = Field(
        default=(), max_length=50, description="networks whose handles may be joined to one contact"
    )

    @model_validator(mode="after")
    def _parts_agree(self) -> "Policy":
        # All mistakes at once, so that whoever writes a policy need not apply it once for each.
        said = self.model_dump(include={*NAMED, "brand", "default_queue"})
        mistakes = list(disagreements(said, get_args(IntentName)))
        if mistakes:
            raise Disagreements(mistakes)
        return self

    def queue(self, name: str) -> Queue | None:
        """Returns the queue of that name."""
        return next((queue for queue in self.queues if queue.name == name), None)

    @property
    def fallback(self) -> Queue:
        """Returns the queue of posts and cases whose own queue the policy does not have."""
        queue = None if self.default_queue is None else self.queue(self.default_queue)
        return self.queues[0] if queue is None else queue

    @property
    def teams(self) -> tuple[str, ...]:
        """Returns the teams that have queues or stand in a department, sorted."""
        of_departments = {team for department in self.departments for team in department.teams}
        return tuple(sorted({queue.team for queue in self.queues} | of_departments))

    @property
    def all_brands(self) -> tuple[Brand, ...]:
        """Returns every brand, `brand` first."""
        return (self.brand, *self.brands)
