"""Ids that the router derives from its input, so that the same input always gives the same id.

A consumer may therefore drop what it has read twice by its id alone, also when a router that was restarted decides
the same again. No id is a secret. Nothing here is random.
"""

from hashlib import sha1
from uuid import UUID

from schemas.cases.case import CaseEventType

NAMESPACE = UUID("6f2d0a1e-3c54-5b8e-9d27-5e0b8f4c7a31")
"""It was chosen once for Earshot's router. Changing it would give every open case a second identity."""
_begin = sha1(NAMESPACE.bytes, usedforsecurity=False).copy
"""Every name is hashed after the namespace. To copy what that gives takes less time than to begin anew."""
_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


def _derived(name: str) -> str:
    """Returns the uuid5 of the name (RFC 9562, 5.5) as text."""
    # Written out, because the library's detour over UUID objects was a tenth of the time of a decision.
    hash_ = _begin()
    hash_.update(name.encode())
    digest = hash_.hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-{_VARIANT[digest[16]]}{digest[17:20]}-{digest[20:32]}"


def case_id(workspace: str, root_post_id: str, generation: int) -> str:
    """Returns the id of the case that a post opens.

    `generation` is the revision of the opening post. Each revision is handled once, so a case that an edit opens
    after the first case was closed gets an id of its own, although nothing remembers the first.
    """
    return _derived(f"case/{workspace}/{generation}/{root_post_id}")


def split_case_id(case: str, seq: int) -> str:
    """Returns the id of the case for which posts leave another one after its event number `seq`."""
    return _derived(f"split/{case}/{seq}")


def event_id(case: str, seq: int) -> str:
    """Returns the id of the event number `seq` of a case."""
    return _derived(f"event/{case}/{seq}")


def refusal_id(workspace: str, post_id: str, revision: int) -> str:
    """Returns the id of the `refused` event of a post, which belongs to no case."""
    return _derived(f"refused/{workspace}/{revision}/{post_id}")


def request_refusal_id(workspace: str, rep_event_id: str) -> str:
    """Returns the id of the `request_refused` event of a request about a case that is not open."""
    return _derived(f"request/{workspace}/{rep_event_id}")


def caseless_id(type_: CaseEventType, workspace: str, rep_event_id: str) -> str:
    """Returns the id of an event to which a rep event leads although no open case is concerned."""
    return _derived(f"{type_}/{workspace}/{rep_event_id}")


def assignment_id(case: str, attempt: int, state: str, update: int = 0) -> str:
    """Returns the id of the assignment record of (case, attempt, state, update); there is at most one."""
    name = f"assignment/{case}/{attempt}/{state}"
    return _derived(f"{name}/{update}" if update else name)
