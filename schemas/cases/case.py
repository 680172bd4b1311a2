"""What the router publishes: assignments for desktops, the events of each case, and its current state.

A case is one conversation with one author about one matter. An offer holds it for one rep until it is assigned or
released. (case_id, attempt) names an offer. Of the records with that pair the later state wins, and of those in
one state the higher update. A record with a higher attempt supersedes all with lower ones.
"""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from schemas.base import (
    AuthorId,
    Count,
    Id,
    Message,
    NativeId,
    Part,
    PlatformName,
    PostId,
    Priority,
    ShortText,
    Slug,
    SourcePosition,
    Unknown,
    UtcDatetime,
)
from schemas.cases.context import Candidate, Deadline, Deadlines, EarlierCase, RingNumber, Scores
from schemas.people.event import CaseId, Code, RepId
from schemas.posts.raw import Author, Reply, Text, Visibility
from schemas.posts.scored import Influence, Reason, Sentiment, TriageAction

AssignmentState = Literal["offered", "assigned", "released", "closed"]
CaseState = Literal["waiting", "offered", "assigned", "held", "awaiting", "wrapping"]
"""A `held` case waits for the rep who has it, an `awaiting` one for the customer. A `wrapping` case is resolved,
and still takes its share of the rep's capacity."""
CaseEventType = Literal[
    "queued", "joined", "refused", "offered", "assigned", "rejected", "timed_out", "released",
    "replied", "resolved", "canceled", "request_refused", "revealed", "requeued",
    "reopened", "closed", "transferred", "consult_started", "consult_ended", "held", "awaiting", "resumed",
    "wrapping", "wrapped_up", "merged", "split", "reprioritised", "ring_changed", "sticky_ended",
    "due_soon", "breached", "rescheduled", "reply_window_ended", "noted",
]  # fmt: skip


class CasePost(Part):
    """One post of the case, which the rep reads before answering. Personal data is masked."""

    post_id: PostId
    revision: int = Field(ge=0, description="revision of the post, which grows with each edit")
    author: Author
    text: Text | None = Field(
        default=None, description="title and text, masked and cut to 2,000 characters; absent when there is none"
    )
    chars: int | None = Field(
        default=None,
        ge=1,
        lt=2**31,
        description="characters of the masked title and text before they were cut; absent when nothing was cut",
    )
    created_at: UtcDatetime = Field(description="when the post was written, by the platform")
    visibility: Annotated[Visibility, Unknown("direct")] = Field(
        description="direct for a private message to the brand, else public; one that the reader does not know "
        "counts as direct"
    )
    url: Annotated[str, StringConstraints(max_length=2000)] | None = Field(
        default=None, description="address at which a person can see it; absent when it has none"
    )
    sentiment: Sentiment | None = Field(default=None, description="absent when there is no text to read")
    own: bool = Field(default=False, description="whether one of the brand's own accounts wrote it")


class Candidates(Part):
    """Who could have got the offer, which is the short answer to "why did it go there?"."""

    eligible: int = Field(ge=0, description="reps who could take it at that moment, the chosen one included")
    present: int = Field(ge=0, description="reps of the team who were signed in, available and answering")
    excluded: dict[Code, int] = Field(
        default_factory=dict,
        max_length=20,
        description="number of signed-in reps of the team who could not take it, by reason code: away, "
        "not_responding, missing_skill, refused_before, offers_per_hour, at_capacity",
    )
    best: tuple[Candidate, ...] | None = Field(
        default=None,
        max_length=10,
        description="those who fitted best, the chosen one first, at most three; listed with a new offer for "
        "which the router has looked for a rep, and absent in all other records",
    )


class Assignment(Message):
    """A step of an offer that is complete in itself. It is sent to topic `assignments` with key case_id.

    A `state` that the reader does not know is refused, because no known one is safe in its place: a rep would be
    shown a case that nobody has offered, or lose one.
    """

    assignment_id: Id = Field(
        description="id derived from (case_id, attempt, state, update), the same for a repeat"
    )
    case_id: CaseId
    attempt: int = Field(
        ge=1, description="number of this offer of the case, from 1; the highest is the valid one"
    )
    state: AssignmentState = Field(
        description="offered to the rep, assigned by the accept, released to the queue, or closed with the case"
    )
    update: int = Field(
        default=0,
        ge=0,
        lt=2**31,
        description="0 for the first record of this state, then grows with each that repeats it with what is new",
    )
    reason: Code = Field(
        description="why this state: matched, accepted, timed_out, declined, signed_out, canceled, resolved, ..."
    )
    rep_id: RepId
    queue: Slug = Field(description="queue of the policy in which the case waits or waited")
    team: Slug = Field(description="team that takes the cases of the queue")
    platform: PlatformName = Field(description="network on which to answer")
    author: Author = Field(description="whom to answer, as described in the newest post")
    # The router sends 10 (`briefs.MAX_POSTS`). The limit leaves room for more without a new major version.
    posts: tuple[CasePost, ...] = Field(
        max_length=20,
        description="the newest posts of the case, at most ten, oldest first; the post that led is always one",
    )
    posts_total: int = Field(ge=1, description="all posts of the case, also those not listed, reposts included")
    copies: Count | None = Field(
        default=None,
        description="posts of posts_total by others with nearly the same text, which are not listed; absent for 0",
    )
    reposts: Count | None = Field(
        default=None, description="reposts of posts_total, none of which is listed; absent for 0"
    )
    sentiment: Sentiment | None = Field(
        default=None, description="sentiment of the post with the highest priority; absent when it has no text"
    )
    scores: Scores | None = Field(
        default=None, description="what was read in the post that led; absent when that is unknown"
    )
    topics: tuple[Slug, ...] | None = Field(
        default=None,
        max_length=50,
        description="listening topics of the posts of the case, by name, sorted; absent without any",
    )
    influence: Influence = Field(description="influence of the author")
    priority: Priority = Field(description="highest priority of the case's posts, from 0 to 100")
    action: Annotated[TriageAction, Unknown("respond")] = Field(
        description="what the case asks for, of its posts' actions the most pressing one; one that the reader "
        "does not know counts as respond"
    )
    channel: Annotated[Visibility, Unknown("direct")] = Field(
        description="where to answer: direct when the author ever wrote in private or triage ever asked for an "
        "answer in private; a channel that the reader does not know counts as direct"
    )
    reasons: tuple[Reason, ...] = Field(
        default=(),
        max_length=20,
        description="why to act, then why this case now and why this rep (codes route.*)",
    )
    candidates: Candidates
    case_state: Annotated[CaseState, Unknown("assigned")] | None = Field(
        default=None,
        description="state of the case, which also says what an assigned case waits for; one that the reader "
        "does not know counts as assigned; absent in records of older releases",
    )
    led_by: PostId | None = Field(
        default=None,
        description="post of the highest priority, which gave the case its place; absent when it was deleted, or "
        "left with a part of the case",
    )
    reply: Reply | None = Field(
        default=None,
        description="what the platform allows as an answer to the customer's newest post; absent when unknown. "
        "Its until is also the deadline of kind reply_window",
    )
    open_on_platform: bool | None = Field(
        default=None,
        description="true when no answer can be sent through the platform's interface, because reply says so or "
        "its until had passed at decided_at; then show the post's url or another channel and no reply box",
    )
    deadlines: Deadlines = None
    ring: RingNumber = None
    contact: tuple[AuthorId, ...] | None = Field(
        default=None,
        max_length=20,
        description="accounts of the contact besides author, who came with cases that were merged into this one; "
        "absent without any",
    )
    earlier: tuple[EarlierCase, ...] | None = Field(
        default=None,
        max_length=10,
        description="earlier cases of the contact, the one that ended last first, at most five: those of the last "
        "seven days at least, and none of a queue that reopens none; absent without any",
    )
    related_case: CaseId | None = Field(
        default=None, description="case of somebody else in whose thread this one began; absent when there is none"
    )
    consulted: tuple[RepId, ...] | None = Field(
        default=None,
        max_length=20,
        description="reps who are asked for advice and see the case; absent without any",
    )
    from_rep: RepId | None = Field(default=None, description="rep who handed the case on; absent when nobody did")
    brand: ShortText | None = Field(
        default=None,
        description="brand whose account the contact has addressed, by its name in the policy; absent when the "
        "workspace has only one brand, and when no post says which",
    )
    reply_as: NativeId | None = Field(
        default=None,
        description="the brand's account that shall answer, by the policy; absent for any of those on platform",
    )
    queued_at: UtcDatetime = Field(description="when the case was opened")
    decided_at: UtcDatetime = Field(description="when the router decided, by its own time")
    expires_at: UtcDatetime | None = Field(
        default=None, description="when an offer that is not accepted is released; absent in the other states"
    )
    respond_by: UtcDatetime = Field(description="deadline of the first reply by the policy of the queue")
    policy_version: int = Field(ge=0, description="version of the policy in force; 0 when there was none")
    cause: SourcePosition | None = Field(
        default=None, description="the input record that led to it; absent when a timer did"
    )
    trace_started_at: UtcDatetime = Field(description="append time of the raw record that opened the case")


class CaseEvent(Message):
    """One step of a case. It goes to topic `cases.events` with key case_id.

    It has ids, codes and numbers, but no text. A `revealed` step says that a rep has read the plain text of a post
    of the case. When the post is in no open case, the event stands under the id of the case that the post would
    have opened, without a queue. A `refused` post stands there as well.
    """

    event_id: Id = Field(description="id derived from what the event is about, the same for a repeat")
    case_id: CaseId
    seq: int = Field(
        ge=0,
        description="0 for the first event of the case, then without a gap; 0 when no open case is concerned",
    )
    type: Annotated[CaseEventType, Unknown("noted")] = Field(
        description="what happened; a step that the reader does not know counts as noted, which changes nothing"
    )
    at: UtcDatetime = Field(description="when it happened, by the router's time")
    reason: Code = Field(description="code that says why; for the refusals a code of x-refusals in asyncapi.yaml")
    post_id: PostId | None = Field(default=None, description="post that the step is about; absent when about none")
    revision: int | None = Field(default=None, ge=0, description="revision of that post; absent without post_id")
    rep_id: RepId | None = Field(default=None, description="rep whom the step is about; absent when about none")
    attempt: int | None = Field(
        default=None, ge=1, description="number of the case's newest offer; absent before the first one"
    )
    # The state of the case at this step is repeated, so that an analyst needs no join with the step before.
    queue: Slug | None = Field(
        default=None, description="queue of the case; absent when no open case is concerned"
    )
    team: Slug | None = Field(default=None, description="team of the queue; absent when no open case is concerned")
    priority: Priority | None = Field(
        default=None, description="priority of the case, from 0 to 100; absent when no open case is concerned"
    )
    respond_by: UtcDatetime | None = Field(
        default=None, description="deadline of the first reply; absent when no open case is concerned"
    )
    state: Annotated[CaseState, Unknown("assigned")] | None = Field(
        default=None,
        description="state of the case after the step; one that the reader does not know counts as assigned; "
        "absent when the case is closed, and in records of older releases",
    )
    ring: RingNumber = None
    deadline: Deadline | None = Field(
        default=None, description="clock that the step is about; absent when about none"
    )
    channel: Annotated[Visibility, Unknown("direct")] | None = Field(
        default=None,
        description="where the brand answered, of type replied alone; one that the reader does not know counts as "
        "direct; absent for an answer by phone, e-mail or chat",
    )
    answers_private: bool | None = Field(
        default=None,
        description="true when the answer is public, and the newest post of the customer is a private message; "
        "absent otherwise",
    )
    related_case: CaseId | None = Field(
        default=None,
        description="other case that the step is about: where a merged one went, where a split one came from, or "
        "in whose thread this one began; absent when about none",
    )
    policy_version: int = Field(ge=0, description="version of the policy in force; 0 when there was none")
    cause: SourcePosition | None = Field(
        default=None, description="the input record that led to it; absent when a timer did"
    )


class CaseCurrent(Message):
    """The state of an open case. It stands in topic `cases.current` under key case_id.

    A tombstone ends it when the case is closed.
    """

    case_id: CaseId
    state: Annotated[CaseState, Unknown("assigned")] = Field(
        description="waiting in its queue, offered to a rep, assigned to one, held by the rep, awaiting the "
        "customer, or wrapping up; a state that the reader does not know counts as assigned"
    )
    queue: Slug = Field(description="queue of the policy in which the case waits or waited")
    team: Slug = Field(description="team that takes the cases of the queue")
    priority: Priority = Field(description="highest priority of the case's posts, from 0 to 100")
    attempt: int = Field(ge=0, description="number of the newest offer, from 1; 0 before the first one")
    rep_id: RepId | None = Field(
        default=None, description="rep who has it or is offered it; absent while it waits"
    )
    root_post_id: PostId = Field(description="post that opened the case")
    author: Author = Field(description="whom to answer, as described in the newest post")
    posts_total: int = Field(ge=1, description="posts of the case, reposts included")
    queued_at: UtcDatetime = Field(description="when the case was opened")
    respond_by: UtcDatetime = Field(description="deadline of the first reply by the policy of the queue")
    replied_at: UtcDatetime | None = Field(default=None, description="when the first reply came; absent before it")
    waits_for: Code | None = Field(
        default=None,
        description="code of what it waits for, such as no_rep or closed; absent when not stated",
    )
    deadlines: Deadlines = None
    ring: RingNumber = None
    related_case: CaseId | None = Field(
        default=None, description="case of somebody else in whose thread this one began; absent when there is none"
    )
    updated_at: UtcDatetime = Field(description="when the newest event of the case happened")
    event_seq: int = Field(ge=0, description="seq of the newest event of the case")
