"""TriageRule says what to do about a post, and Condition which posts it means. Both are parts of a policy."""

from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from schemas.base import LanguageCode, Part, Probability, Slug
from schemas.people.customer import CustomerKind, Label
from schemas.policy.agreement import rule_mistake
from schemas.policy.needs import NeedOrName
from schemas.posts.raw import Visibility
from schemas.posts.scored import SentimentLabel, TriageAction
from schemas.posts.signals import CopyKind, UrgencyKind

Keyword = Annotated[str, StringConstraints(min_length=2, max_length=100, strip_whitespace=True)]

RulePlatform = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
"""Every `PlatformName`, and besides names with dashes, which no platform has but the first policies could hold."""


class Condition(Part):
    """What a rule asks of a post. All parts that are given must hold, so that an empty condition always holds."""

    sentiment: tuple[SentimentLabel, ...] | None = Field(
        default=None,
        min_length=1,
        max_length=3,
        description="the post has one of these labels; a positive post with urgent words, a problem topic, a "
        "likely complaint or a likely pressing matter has none of them",
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
    min_pressing: Probability | None = Field(
        default=None,
        description="somebody must act within about an hour, with at least this probability from 0 to 1; never "
        "holds when the post has no such value",
    )
    urgency_kind: tuple[UrgencyKind, ...] | None = Field(
        default=None, min_length=1, max_length=7, description="the words speak of one of these kinds of urgency"
    )
    min_customer_value: Probability | None = Field(
        default=None,
        description="the author's value as a customer, times the confidence of the link, is at least this, from 0 "
        "to 1; never holds while the value is not known",
    )
    customer_kind: tuple[CustomerKind, ...] | None = Field(
        default=None,
        min_length=1,
        max_length=3,
        description="the author is one of these, by a link that is more likely right than wrong",
    )
    segment: tuple[Label, ...] | None = Field(
        default=None,
        min_length=1,
        max_length=50,
        description="the author is in one of these segments of customers, written in any case, by a link that is "
        "more likely right than wrong",
    )
    min_language_confidence: Probability | None = Field(
        default=None,
        description="the detector is at least this sure of the language, from 0 to 1; never holds without a text",
    )
    copies: tuple[CopyKind, ...] | None = Field(
        default=None,
        min_length=1,
        max_length=4,
        description="the text is one of these among its copies: original, repost, copy or near-copy; never holds "
        "when there is too little text to compare",
    )
    min_copies: int | None = Field(
        default=None, ge=1, le=10**9, description="there are at least so many posts of the text, this one included"
    )
    reply_allowed: bool | None = Field(
        default=None,
        description="the platform lets the brand answer (true) or does not (false); never holds where the source "
        "does not know",
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


class TriageRule(Part):
    """What to do about a post when a condition holds.

    The rules are asked in order. A rule with an action decides, and no further rule is asked. A rule without one
    adds its skills, tags, priority and urgency to what a later rule decides.
    """

    name: Slug = Field(description="name of the rule, unique in the policy; reasons quote it")
    when: Condition = Field(default=Condition(), description="what the rule asks of a post; when absent, nothing")
    action: TriageAction | None = Field(
        default=None,
        description="what should be done; none means that nobody needs to act, context that the post only joins a "
        "case; absent for a rule that adds and does not decide",
    )
    queue: Slug | None = Field(
        default=None, description="queue in which the case waits; required unless the action is none or context"
    )
    skills: tuple[NeedOrName, ...] = Field(
        default=(),
        max_length=20,
        description="skills that a rep must have, all of them, with least levels; empty when any rep will do",
    )
    tags: tuple[Slug, ...] = Field(
        default=(), max_length=20, description="words that stay with the post, for people and later rules"
    )
    urgency: Probability = Field(
        default=0.0,
        description="which share of the posts of this rule is urgent, from 0 to 1; the text of a post raises it "
        "or lowers it",
    )
    priority: Probability = Field(
        default=0.0,
        description="one more factor of the priority, from 0 to 1, which brings it so much nearer to 100",
    )

    @model_validator(mode="after")
    def _does_one_thing(self) -> "TriageRule":
        # Asked of the same function as in `agreement`, so that a mistake is worded alike wherever it is noticed.
        if mistake := rule_mistake(
            self.model_dump(include={"action", "queue", "skills", "tags", "urgency", "priority"})
        ):
            raise ValueError(mistake)
        return self
