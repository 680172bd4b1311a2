"""RepEvent is what a desktop says about a rep. It goes to topic `reps.events` with the workspace as key."""

from typing import Annotated

from pydantic import Field, RootModel

from schemas.people.casework import (
    CaseHeld,
    CasePicked,
    CaseResolved,
    CaseResumed,
    CaseTransferred,
    ConsultEnded,
    ConsultStarted,
    ContactNoted,
    CustomerAwaited,
    OfferAccepted,
    OfferRejected,
    PostRevealed,
    ReplySent,
    WrappedUp,
)
from schemas.people.presence import Heartbeat, PresenceChanged, SignedIn, SignedOut
from schemas.people.supervision import CaseClosedBy, CaseReprioritised, CasesMerged, CaseSplit

AnyRepEvent = Annotated[
    SignedIn
    | PresenceChanged
    | SignedOut
    | Heartbeat
    | OfferAccepted
    | OfferRejected
    | CasePicked
    | ReplySent
    | CaseResolved
    | WrappedUp
    | CaseTransferred
    | ConsultStarted
    | ConsultEnded
    | CaseHeld
    | CustomerAwaited
    | CaseResumed
    | ContactNoted
    | CasesMerged
    | CaseSplit
    | CaseReprioritised
    | CaseClosedBy
    | PostRevealed,
    Field(discriminator="type"),
]


class RepEvent(RootModel[AnyRepEvent]):
    """One of the rep events, which `type` tells apart. The key of the record is the workspace.

    An event of a type that the reader does not know becomes a dead letter. What it asks for cannot be guessed, and
    a reader that passed over it would leave a rep with a request that nobody answers. After an upgrade it is
    replayed.
    """
