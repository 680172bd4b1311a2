"""What the router says: assignments for desktops, events of each case, its current state.

A case is one conversation with one author about one matter. An offer holds it for one rep until it is
assigned or released. (case_id, attempt) names an offer; of the records with that pair the later state wins, of
those in one state the higher update, and a record with a higher attempt supersedes all lower ones.
"""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from schemas.base import Id, Message, Part, PlatformName, PostId, Priority, Slug, SourcePosition, UtcDatetime
from schemas.people.rep import CaseId, RepId
from schemas.posts.raw import Author, Text, Visibility
from schemas.posts.scored import Influence, Reason, Sentiment, TriageAction

Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
AssignmentState = Literal["offered", "assigned", "released", "closed"]
CaseState = Literal["waiting", "offered", "assigned"]
CaseEventType = Literal[
    "queued", "joined", "refused", "offered", "assigned", "rejected", "timed_out", "released",
    "replied", "resolved", "canceled", "request_refused", "revealed",
]  # fmt: skip


class CasePost(Part):
    """One post of the case, masked: what the rep must read before answering."""

    post_id: PostId
    revision: int = Field(ge=0)
    author: Author
    text: Text | None = Field(default=None, description="masked text, cut to the case's context limit")
    created_at: UtcDatetime
    visibility: Visibility
    url: Annotated[str, StringConstraints(max_length=2000)] | None = None
    sentiment: Sentiment | None = None
    own: bool = False


class Candidates(Part):
    """Who could have got the offer: the short answer to "why did it go there?"."""

    eligible: int = Field(ge=0, description="reps that could take it, the chosen one included")
    present: int = Field(ge=0, description="reps signed in and available in the queue's team")
    excluded: dict[Code, int] = Field(default_factory=dict, max_length=20, description="reason code: reps")


class Assignment(Message):
    """An offer or assignment, complete in itself. Topic `assignments`, key case_id."""

    assignment_id: Id = Field(description="uuid5 of (case_id, attempt, state, update)")
    case_id: CaseId
    attempt: int = Field(ge=1, description="grows with each offer of the case")
    state: AssignmentState
    update: int = Field(
        default=0, ge=0, lt=2**31, description="grows when the offer in this state is told again, with what is new"
    )
    reason: Code = Field(description="why this state: matched, accepted, timed_out, declined, signed_out, ...")
    rep_id: RepId
    queue: Slug
    team: Slug
    platform: PlatformName
    author: Author
    posts: tuple[CasePost, ...] = Field(max_length=20, description="the newest posts of the case, oldest first")
    posts_total: int = Field(ge=1, description="posts collapsed into the case, reposts included")
    sentiment: Sentiment | None = None
    influence: Influence
    priority: Priority
    action: TriageAction
    channel: Visibility = Field(description="where to answer: direct when the author wrote privately")
    reasons: tuple[Reason, ...] = Field(default=(), max_length=20)
    candidates: Candidates
    queued_at: UtcDatetime
    decided_at: UtcDatetime = Field(description="the router's now when it decided")
    expires_at: UtcDatetime | None = Field(
        default=None, description="an offer that is not accepted by then is released"
    )
    respond_by: UtcDatetime = Field(description="first-response deadline of the queue's SLA")
    policy_version: int = Field(ge=0)
    cause: SourcePosition | None = Field(
        default=None, description="the input record that led to it; absent for a timer"
    )
    trace_started_at: UtcDatetime = Field(description="append time of the raw record that opened the case")


class CaseEvent(Message):
    """One step of a case: ids, codes and numbers, no text. Topic `cases.events`, key case_id.

    `revealed`: a rep read the plain text of a post of the case. Where the post is in no open case, the event
    stands under the id of the case that the post would have opened, without a queue, as a refused post does.
    """

    event_id: Id = Field(description="uuid5 of (case_id, seq)")
    case_id: CaseId
    seq: int = Field(ge=0, description="0 for the first event of the case, then without a gap")
    type: CaseEventType
    at: UtcDatetime
    reason: Code
    post_id: PostId | None = None
    revision: int | None = Field(default=None, ge=0)
    rep_id: RepId | None = None
    attempt: int | None = Field(default=None, ge=1)
    queue: Slug | None = None
    team: Slug | None = None
    priority: Priority | None = None
    respond_by: UtcDatetime | None = None
    policy_version: int = Field(ge=0)
    cause: SourcePosition | None = Field(default=None, description="the input record; absent for a timer")


class CaseCurrent(Message):
    """The state of one open case, for newcomers; a tombstone ends it. Topic `cases.current`, key case_id."""

    case_id: CaseId
    state: CaseState
    queue: Slug
    team: Slug
    priority: Priority
    attempt: int = Field(ge=0)
    rep_id: RepId | None = None
    root_post_id: PostId
    author: Author
    posts_total: int = Field(ge=1)
    queued_at: UtcDatetime
    respond_by: UtcDatetime
    replied_at: UtcDatetime | None = None
    updated_at: UtcDatetime
    event_seq: int = Field(ge=0, description="seq of the last event of the case")
