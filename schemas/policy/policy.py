"""Policy is how one workspace wants to be served. It is written as YAML and published to topic `policies`."""

from typing import Annotated, Literal, get_args

from pydantic import Field, StringConstraints, model_validator

from schemas.base import Message, NativeId, Part, PlatformName, Slug
from schemas.people.customer import may_link
from schemas.policy.agreement import NAMED, Disagreements, disagreements
from schemas.policy.calendar import Calendar
from schemas.policy.doubt import Doubt
from schemas.policy.influence import InfluenceModel
from schemas.policy.queues import Queue
from schemas.policy.rules import TriageRule
from schemas.policy.sla import Sla
from schemas.policy.staffing import Department, Lease
from schemas.posts.signals import IntentName, TopicKind

Query = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
"""A word, a phrase, a `#hashtag`, an `@handle`, or `"two words"~5`, which means within 5 words of each other in
any order."""
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


class ListeningTopic(Part):
    """What the workspace listens for. It concerns a post when `any`, `all` and `none` agree.

    A query finds whole words in any case and any script, and a plain word also finds the hashtag. `"two words"~5`
    finds words within 5 words of each other, in any order.
    """

    name: Slug = Field(description="name of the listening topic, unique in the policy")
    kind: TopicKind = Field(default="topic", description="what it is: a brand, product, competitor or any topic")
    problem: bool = Field(
        default=False,
        description="whether it is a problem, such as an outage, so that praise beside it is not believed",
    )
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
        min_length=1,
        max_length=500,
        description="what to do about posts; the first rule with an action that holds decides, and rules without "
        "one that hold before it add",
    )
    topics: tuple[ListeningTopic, ...] = Field(
        default=(), max_length=1000, description="what the workspace listens for"
    )
    doubt: Doubt | None = Field(
        default=None, description="where posts go of which nobody can be sure; absent when the rules decide them"
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
    silent_release: Literal["all", "unanswered", "none"] = Field(
        default="none",
        description="which cases go back after `missed_offers`: all, those without a reply, or none",
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
        description="most offers to one rep within an hour, of urgent cases as well, those that timed out "
        "included; absent for any number",
    )
    lease: Lease = Field(default=Lease(), description="when a desktop that sends heartbeats counts as gone")
    influence: InfluenceModel = Field(
        default=InfluenceModel(), description="how influence is computed from engagement"
    )
    link_identity: Annotated[tuple[PlatformName, ...], Field(max_length=50)] | None = Field(
        default=None,
        description="networks whose handles may be linked to a customer; absent for all but those whose terms "
        "forbid it, which is reddit",
    )

    @model_validator(mode="after")
    def _parts_agree(self) -> "Policy":
        # All mistakes at once, so that whoever writes a policy need not apply it once for each.
        said = self.model_dump(include={*NAMED, "brand", "default_queue", "doubt"})
        mistakes = list(disagreements(said, get_args(IntentName)))
        if mistakes:
            raise Disagreements(mistakes)
        return self

    def may_link(self, platform: str) -> bool:
        """Returns whether handles of that network may be linked to a customer."""
        return may_link(platform) if self.link_identity is None else platform in self.link_identity

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
