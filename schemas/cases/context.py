"""Parts of assignments and of the current state of a case: scores, deadlines, earlier cases, who else could have
it."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.base import LanguageCode, Part, Priority, Probability, Slug, Unknown, UtcDatetime
from schemas.people.event import CaseId, Code, RepId

DeadlineKind = Literal["first_response", "next_response", "resolution", "reply_window"]
"""The last one is the platform's (`reply.until` of a post), the others are the brand's own."""


class Deadline(Part):
    """One clock of a case."""

    kind: Annotated[DeadlineKind, Unknown("resolution")] = Field(
        description="what is due; a kind that the reader does not know counts as resolution"
    )
    due_at: UtcDatetime | None = Field(
        default=None,
        description="when it is due; absent while the customer owes an answer, unless it was missed before",
    )
    breached_at: UtcDatetime | None = Field(
        default=None, description="when it was missed, for good; absent when it was not"
    )


class Scores(Part):
    """What was read in the post that led. A part that is absent was not read."""

    priority: Priority = Field(
        description="priority of that post, from 0 to 100; that of the case may be another by now"
    )
    urgency: Probability | None = Field(
        default=None, description="how soon somebody must act by the words of the text, up to 1; absent for 0"
    )
    pressing: Probability | None = Field(
        default=None, description="calibrated probability from 0 to 1 that somebody must act within about an hour"
    )
    complaint: Probability | None = Field(
        default=None,
        description="calibrated probability from 0 to 1 that the text is about a problem to be solved",
    )
    offence: Probability | None = Field(
        default=None, description="calibrated probability from 0 to 1 that the text is offensive"
    )
    intent: Slug | None = Field(default=None, description="what the writer wants, in one word")
    language: LanguageCode | None = Field(
        default=None, description="language of the text (ISO 639-1 or 639-3); und when nobody can tell"
    )


class EarlierCase(Part):
    """A closed case of the same contact."""

    case_id: CaseId
    outcome: Code = Field(description="code of how it ended")
    at: UtcDatetime = Field(description="when it ended")
    queue: Slug | None = Field(default=None, description="queue in which it was; absent when no longer known")


class Candidate(Part):
    """A rep who could have got the offer."""

    rep_id: RepId
    fit: Probability = Field(description="share of the needed skills that the rep has at their level, from 0 to 1")
    load: Probability = Field(description="share of the rep's capacity that was taken, from 0 to 1")
    idle_s: int | None = Field(
        default=None, ge=0, lt=2**31, description="seconds since the rep's last offer; absent without one"
    )


Deadlines = Annotated[
    tuple[Deadline, ...] | None,
    Field(
        max_length=10,
        description="clocks of the case, the nearest first; respond_by is one of them; absent when not stated",
    ),
]
RingNumber = Annotated[
    int | None,
    Field(
        ge=0,
        le=6,
        description="ring that the case has reached, from 1; 0 before the first, absent when not stated",
    ),
]
