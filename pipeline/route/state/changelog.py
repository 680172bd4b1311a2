"""Writes entities as values of `route.state`, and reads those of this release and of the one before.

Each value carries the version of its kind's form in `v`. A value without one is of version 1, as the releases
before versions wrote it. To change a form, raise its version, write the function that makes the old form new into
`_UPGRADES`, and keep the old golden changelog (`tests/golden/route_state`). The form never depends on the order in
which something was added, so that equal entities have equal bytes.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable
from sys import intern
from typing import Any

import msgspec
import orjson
from msgspec.structs import force_setattr

from pipeline.errors import Misconfigured
from pipeline.route.state.brief import MAX_REASONS, Brief, BriefParts
from pipeline.route.state.entities import (
    CLOSED_TTL_MS,
    KINDS,
    NO_EXTRAS,
    Away,
    Case,
    Closed,
    Entity,
    Extras,
    HashChunk,
    Kept,
    Kind,
    Lending,
    Member,
    Move,
    Opening,
    Picks,
    PolicyInForce,
    Rep,
    Seen,
    Sender,
    skill_set,
)
from schemas.policy.policy import Policy

Fields = dict[str, Any]

VERSIONS: dict[Kind, int] = {
    "policy": 1,
    "move": 2,
    "hours": 1,
    "away": 1,
    "lending": 1,
    "case": 7,
    "closed": 5,
    "brief": 2,
    "post": 2,
    "rep": 7,
    "picks": 2,
    "handled": 1,
    "seen-post": 1,
    "seen-rep": 1,
}

_encode = msgspec.json.Encoder().encode
_HEADS: dict[Kind, bytes] = {kind: b'{"v":%d,' % version for kind, version in VERSIONS.items()}
_BRIEF = _HEADS["brief"]


def encode(kind: Kind, entity: Entity) -> bytes:
    """Returns JSON that `decode` turns into an equal entity."""
    if isinstance(entity, Kept):
        return b"".join((_HEADS[kind], _encode(entity)[1:]))
    if isinstance(entity, Brief):
        return b"".join((_BRIEF, entity, b"}"))
    assert not isinstance(entity, bytes), "what has changed is packed only after it was written"
    fields: Fields = {"v": VERSIONS[kind], **entity._asdict()}
    if isinstance(entity, HashChunk):
        fields["hashes"] = b64encode(entity.hashes).decode()
    elif isinstance(entity, PolicyInForce):
        fields["policy"] = msgspec.Raw(entity.policy.model_dump_json(exclude_defaults=True))
    return _encode(fields)


def decode(entity_key: str, value: bytes, names: dict[str, str]) -> Entity | None:
    """Reads the entity that this release or the one before wrote under that key.

    Args:
        entity_key: as it was written.
        value: its value.
        names: ids that were read before, so that the same id is held once. It grows.

    Returns:
        The entity, or None for one that has no meaning in this release. Its value is left in the changelog as it
        is, for the release that wrote it.

    Raises:
        Misconfigured: a newer release wrote the value, or it is not whole.
    """
    name = entity_key.split("/", 1)[0]
    if name not in KINDS:
        return None
    kind: Kind = name  # type: ignore[assignment] # it is one of them
    try:
        if kind == "brief" and value.startswith(_BRIEF + Brief.BEGIN):
            return _written_brief(value)
        fields: Fields = orjson.loads(value)
        version = fields.pop("v", 1)
        while version < VERSIONS[kind]:
            if (kind, version) in _ENDED:
                return None
            fields = _UPGRADES[kind, version](fields)
            version += 1
        if version == VERSIONS[kind]:
            return _READERS[kind](_shared(fields, names))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Misconfigured(
            f"route.state, {entity_key}: the value is damaged or no release wrote it "
            f"({type(error).__name__}). "
            "Nothing was decided; restore the topic, or run the release that wrote it."
        ) from error
    raise Misconfigured(
        f"route.state, {entity_key}: written in version {version} of its form, this release reads up to "
        f"{VERSIONS[kind]}. A newer release has run here: run that one or a newer one."
    )


def _shared(fields: Fields, names: dict[str, str]) -> Fields:
    """Replaces texts by equal ones that are held already, because a text takes more room than most entities."""
    for name in _WORDS & fields.keys():
        fields[name] = intern(fields[name])
    for name in _SETS & fields.keys():
        fields[name] = skill_set(tuple(fields[name]))
    for name in _IDS & fields.keys():
        fields[name] = names.setdefault(fields[name], fields[name])
    if fields.get("case") is not None:
        _shared(fields["case"], names)
    return fields


_WORDS = frozenset({"workspace", "queue", "team", "action", "channel", "state"})
_IDS = frozenset({"case_id", "root_post_id"})
_SETS = frozenset({"skills", "topics"})
_LIKE_QUEUED = ("updated_at_ms", "active_ms", "entered_ms", "owed_ms")
"""Times that a case which waits for its first offer mostly has in common with `queued_at_ms`."""


def _case(fields: Fields) -> Case:
    queued_ms = fields["queued_at_ms"]
    for name in _LIKE_QUEUED:
        if fields.get(name) == queued_ms:
            fields[name] = queued_ms  # the same object, because each takes 32 bytes
    case: Case = msgspec.convert(fields, Case)
    if case.extras == NO_EXTRAS:
        force_setattr(case, "extras", NO_EXTRAS)  # as `extras_of` does
    # The conversion makes tuples of its own.
    if case.skills:
        force_setattr(case, "skills", fields["skills"])
    if case.topics:
        force_setattr(case, "topics", fields["topics"])
    return case


def _closed(fields: Fields) -> Closed:
    case = fields.pop("case", None)
    closed: Closed = msgspec.convert(fields, Closed)
    return closed if case is None else closed._replace(case=_case(case))


def _policy(fields: Fields) -> PolicyInForce:
    return PolicyInForce(fields["digest"], Policy.model_validate(fields["policy"], strict=False))


def _written_brief(value: bytes) -> Brief:
    # Kept as it was written, so that an assignment has the same bytes as before the restore.
    brief = Brief(value[len(_BRIEF) : -1])
    brief.parts()
    return brief


def _brief(fields: Fields) -> Brief:
    # Earlier releases wrote the fields in another order, null for no sentiment, and all reasons of triage.
    fields = {name: value for name, value in fields.items() if value is not None}
    fields["reasons"] = fields["reasons"][:MAX_REASONS]
    return msgspec.json.decode(orjson.dumps(fields), type=BriefParts).joined()


def _chunk(fields: Fields) -> HashChunk:
    hashes = b64decode(fields["hashes"], validate=True)
    if len(hashes) % 8:
        raise ValueError("a hash has 8 bytes")
    return HashChunk(hashes)


def _rep(fields: Fields) -> Rep:
    senders = tuple(Sender(**sender) for sender in fields["senders"])
    tuples = {"teams": tuple(fields["teams"]), "offers": tuple(fields.get("offers", ()))}
    turns = tuple((queue, at_ms) for queue, at_ms in fields.get("turns", ()))
    return Rep(**fields | tuples | {"turns": turns, "senders": senders})


def _rep_with_senders(fields: Fields) -> Fields:
    """Upgrades version 1, which kept one sequence number a rep, counted by the events that name no sender."""
    only = {
        "name": "",
        "seq": fields.pop("presence_seq"),
        "at_ms": fields.pop("presence_at_ms"),
        "signed_in": fields["signed_in"],
    }
    return fields | {"senders": [only]}


def _rep_who_left(fields: Fields) -> Fields:
    """Upgrades version 2, in which nobody was forgotten. The time since a rep left counts from the last event."""
    left_ms = None if fields["signed_in"] else max(sender["at_ms"] for sender in fields["senders"])
    return fields | {"left_ms": left_ms}


def _rep_who_missed_offers(fields: Fields) -> Fields:
    """Upgrades version 4, in which one missed offer was too many."""
    return fields | {"missed": int(fields["not_responding"])}


def _case_with_times_of_refusal(fields: Fields) -> Fields:
    """Upgrades version 1, in which a refusal never lapsed. It counts from the last step of the case."""
    refused = [(rep_id, fields["updated_at_ms"]) for rep_id in fields["refused"]]
    return fields | {"refused": refused, "timer_parked": False}


def _case_with_its_matter(fields: Fields) -> Fields:
    """Upgrades version 2, which knew one case a contact, and nothing of what that was about."""
    return fields | {
        "active_ms": fields["updated_at_ms"],
        "entered_ms": fields["queued_at_ms"],
        "public": fields["channel"] == "public",
        "owed_ms": fields["queued_at_ms"] if fields["replied_at_ms"] is None else None,
    }


def _case_with_times(fields: Fields) -> Fields:
    """Upgrades version 5, which kept when a case was refused, which counted for half an hour, and when a hold
    ends."""
    until_ms = fields.pop("until_ms", None)
    refused = [(rep_id, at_ms + 30 * 60_000) for rep_id, at_ms in fields["refused"]]
    return fields | {"refused": refused, "times": None if until_ms is None else {"until_ms": until_ms}}


def _case_with_extras(fields: Fields) -> Fields:
    """Upgrades version 6, which kept all of a case side by side."""
    extras = {name: fields.pop(name) for name in Extras.__struct_fields__ if name in fields}
    return fields | {"extras": extras} if extras else fields


def _closed_with_extras(fields: Fields) -> Fields:
    """Upgrades version 4, which did the same with the case at its end."""
    return fields if fields.get("case") is None else fields | {"case": _case_with_extras(fields["case"])}


def _closed_with_its_end(fields: Fields) -> Fields:
    """Upgrades version 1, which could not be reopened."""
    return fields | {"until_ms": fields["closed_ms"] + CLOSED_TTL_MS}


_READERS: dict[Kind, Callable[[Fields], Entity]] = {
    "policy": _policy,
    "move": lambda fields: Move(**fields),
    "hours": lambda fields: Opening(**fields),
    "away": lambda fields: Away(**fields),
    "lending": lambda fields: msgspec.convert(fields, Lending),
    "case": _case,
    "closed": _closed,
    "brief": _brief,
    "post": lambda fields: msgspec.convert(fields, Member),
    "rep": _rep,
    "picks": lambda fields: Picks(**fields),
    "handled": _chunk,
    "seen-post": lambda fields: Seen(**fields),
    "seen-rep": lambda fields: Seen(**fields),
}

_UPGRADES: dict[tuple[Kind, int], Callable[[Fields], Fields]] = {
    ("case", 1): _case_with_times_of_refusal,
    ("move", 1): lambda fields: fields,  # without deadlines
    ("case", 2): lambda fields: fields,  # without clocks, which a queue without an SLA has not
    ("case", 3): _case_with_its_matter,
    ("case", 4): lambda fields: fields,  # without levels of skills
    ("case", 5): _case_with_times,
    ("case", 6): _case_with_extras,
    ("closed", 1): _closed_with_its_end,
    ("closed", 2): lambda fields: fields,  # without levels of skills
    ("closed", 3): lambda fields: fields,  # its case has no refusals, and without its outcome
    ("closed", 4): _closed_with_extras,
    ("brief", 1): lambda fields: fields,  # without the post that led
    ("post", 1): lambda fields: fields,
    ("rep", 1): _rep_with_senders,
    ("rep", 2): _rep_who_left,
    ("rep", 3): lambda fields: fields,  # without levels of skills
    ("rep", 4): _rep_who_missed_offers,
    ("rep", 5): lambda fields: fields,  # without leases, which no desktop had
    ("rep", 6): lambda fields: fields,  # without the times of single offers
}
"""By (kind, version) the function that turns fields of that version into those of the next one."""
_ENDED: frozenset[tuple[Kind, int]] = frozenset({("picks", 1)})
"""Forms that nothing is made of. The picks of version 1 were counted by queue, and now count by rep class."""
