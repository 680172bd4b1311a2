"""What both routers say, in one form, so that it can be compared."""

from typing import NamedTuple


class Due(NamedTuple):
    """What is said of one clock of a case."""

    kind: str
    due_ms: int | None
    breached_ms: int | None


class Said(NamedTuple):
    """A step of a case. A case is named by the post that opened it."""

    what: str
    case: str | None
    reason: str
    post_id: str | None = None
    rep_id: str | None = None
    attempt: int | None = None
    state: str | None = None
    queue: str | None = None
    priority: float | None = None
    ring: int | None = None
    related: str | None = None
    due: Due | None = None
    respond_by_ms: int | None = None


class Shown(NamedTuple):
    """A record of `assignments` that is no new offer of the matching."""

    state: str
    case: str
    attempt: int
    reason: str
    rep_id: str
    update: int
    case_state: str
    queue: str
    priority: float
    posts: tuple[str, ...]
    led_by: str | None
    posts_total: int
    action: str
    channel: str
    ring: int
    consulted: tuple[str, ...]
    from_rep: str | None
    related: str | None
    expires_ms: int | None
    deadlines: tuple[Due, ...]
    on_platform: bool
    """Whether no answer can be sent by the platform's interface."""


class Offer(NamedTuple):
    """An offer, and how many reps could or could not have had it."""

    case: str
    rep_id: str
    reason: str
    attempt: int
    expires_ms: int
    eligible: int
    present: int
    excluded: tuple[tuple[str, int], ...]
    on_platform: bool
    """Whether no answer can be sent by the platform's interface."""


class GivenUp(Exception):
    """A record that becomes a dead letter, with its code."""
