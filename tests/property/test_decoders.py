"""The router's decoders take what the contract's models take and read the same from it. They refuse every mistake
in what they read, for the same reason, and look at nothing else."""

import json
import random
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import msgspec
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from pipeline.codec import decode, encode
from pipeline.errors import Permanent
from pipeline.route import inputs
from pipeline.route.decoders import Decoder
from schemas.base import EARLIEST, LATEST
from schemas.cases.steps import RouteSignal
from schemas.people.rep import RepEvent
from schemas.posts.scored import ScoredPost
from tests.builders import record, scored, signed_in
from tests.messages import messages

DECODERS: dict[type[BaseModel], Decoder[Any]] = {
    ScoredPost: inputs._POSTS,
    RepEvent: inputs._REP_EVENTS,
    RouteSignal: inputs._SIGNALS,
}
MODELS = pytest.mark.parametrize("model", DECODERS)
EXAMPLES = settings(max_examples=40, deadline=None)

ODD = [
    None, True, False, 0, 1, -1, 1.0, 0.5, 1e-7, -0.0, 101, 2**31, 2**53, 2**63, 2**64 - 1, 1e300,
    "", "x", "x:", "x:1", "x:1\n", "x:a b", "acme", "Acme", "3", "1.0", "true", "es",
    "a" * 64, "a" * 201, " a ", "\u0085a", "public", "respond", "none", "followers", "signed_in",
    "case_transferred", "\x00", "é" * 300,
    "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000Z", "2026-02-29T00:00:00.000Z", "2024-02-29T00:00:00.000Z",
    "2026-01-01 00:00:00+01:00", "2026-01-01T00:00:00.1239999Z", "2026-01-01", "1989-12-31T23:59:59.999Z",
    "2100-01-01T00:00:00.000Z", "2099-12-31T23:59:59.999Z", "2026-01-01T24:00:00.000Z", "2026-04-31T00:00:00.000Z",
    1767225600,
    [], {}, [1], ["x"], {"x": 1},
]  # fmt: skip
TEXTS = [
    b"NaN", b"1e999", b"01", b"-", b"tru", b"18446744073709551616", b"1" + b"0" * 400, b"\x22\\ud800\x22",
    b"\x22\\u0000\x22", b"\x22\xff\x22", b"\x22\x01\x22", b"[" * 300 + b"]" * 300,
]  # fmt: skip


def said(read: Callable[[], Any]) -> Any:
    """Everything that the message says, or why it was refused."""
    try:
        return json.loads(read())
    except Permanent as refusal:
        return refusal.code, refusal.detail, refusal.field


GOOD: dict[type[BaseModel], bytes | None] = {
    ScoredPost: record(scored()).value,
    RepEvent: (
        b'{"schema_version":1,"channel":"public","case_id":"c1","attempt":1,"with_rep":"r2","direction":"in",'
        b'"at":"2026-01-01T00:00:00.000Z","note_id":"n1","post_ids":["x:p1"],"priority":1.0}'
    ),
    RouteSignal: b'{"schema_version":1}',
}
"""Right values of all that is not read."""
GOOD_PARTS: dict[str, dict[str, Any]] = {
    "topics": {"kind": "topic", "at": [{"field": "text", "start": 0, "end": 1}]},
    "language": {"confidence": 1.0},
    "intent": {"confidence": 1.0},
    "cluster": {"kind": "copy", "size": 1, "first_seen": "2026-01-01T00:00:00.000Z"},
}
"""The same for parts of a message of which only some fields are read."""


def completed(heard: dict[str, Any]) -> dict[str, Any]:
    """What was read, beside right values of the rest of each part."""
    whole = dict(heard)
    for name, good in GOOD_PARTS.items():
        if isinstance(whole.get(name), list):
            whole[name] = [good | part for part in whole[name]]
        elif whole.get(name) is not None:
            whole[name] = good | whole[name]
    return whole


def read_of(said: Any) -> Any:
    """The fields that are read, each part of the message with its own."""
    if isinstance(said, msgspec.Struct):
        return {name: read_of(getattr(said, name)) for name in said.__struct_fields__}
    return [read_of(part) for part in said] if isinstance(said, tuple) else None


def only(said: Any, read: Any) -> Any:
    """What is said in the fields that are read."""
    if isinstance(said, dict) and isinstance(read, dict):
        return {name: only(value, read[name]) for name, value in said.items() if name in read}
    if isinstance(said, list) and isinstance(read, list):
        return [only(one, part) for one, part in zip(said, read, strict=True)]
    return said


def check(model: type[BaseModel], value: bytes) -> Any:
    """Compares what both say, and returns it."""
    by_model = said(lambda: encode(decode(model, value)))
    read: dict[str, Any] = {}

    def by_decoder() -> bytes:
        message = DECODERS[model].decode(value)
        read.update(read_of(message) | {"type": None})
        return msgspec.json.encode(message)

    heard = said(by_decoder)
    if isinstance(by_model, tuple) and isinstance(heard, dict):
        # The mistake lies in what is not read: beside right values of that, the model takes the message as well.
        # Not by orjson, which writes no integer of more than 64 bits.
        whole = json.dumps(
            {**orjson.loads(GOOD[model] or b""), **dict.fromkeys(read), **completed(heard)}
        ).encode()
        by_model = said(lambda: encode(decode(model, whole)))
    if isinstance(by_model, dict) and isinstance(heard, dict):
        by_model = only(by_model, read)
    assert heard == by_model
    return heard


def places(part: Any) -> Iterator[tuple[Any, Any]]:
    """Yields every (container, key) within a JSON value."""
    keys = list(part) if isinstance(part, dict) else range(len(part)) if isinstance(part, list) else ()
    for key in keys:
        yield part, key
        yield from places(part[key])


def mutated(fields: dict[str, Any], chance: random.Random) -> bytes:
    """Returns the message with one to three changes of any kind, down to single bytes."""
    planted: list[bytes] = []
    for _ in range(chance.randint(1, 3)):
        container, key = chance.choice(list(places(fields)))
        change = chance.randrange(6)
        if change == 0 and isinstance(container, dict):
            del container[key]
        elif change == 1 and isinstance(container, dict):
            container[f"new_{key}"] = container[key]
        elif change == 2:
            planted.append(chance.choice(TEXTS))
            container[key if chance.random() < 0.5 or isinstance(container, list) else "unknown"] = "PLANTED"
        else:
            # A copy, because later changes may fall within it, and would else stay for all messages after it.
            container[key] = deepcopy(chance.choice(ODD))
    value = orjson.dumps(fields)
    for text in planted:
        value = value.replace(b'"PLANTED"', text, 1)
    if chance.random() < 0.1:
        at = chance.randrange(len(value))
        value = value[:at] + bytes([chance.randrange(256)]) + value[at + chance.randrange(2) :]
    return value


@MODELS
@EXAMPLES
@given(data=st.data())
def test_valid_messages_are_read_as_the_model_reads_them(model: type[BaseModel], data: st.DataObject) -> None:
    message = data.draw(messages(model))
    assert isinstance(check(model, encode(message)), dict)
    check(model, message.model_dump_json().encode())


@MODELS
@EXAMPLES
@given(data=st.data())
def test_mutated_messages_are_taken_or_refused_as_by_the_model(
    model: type[BaseModel], data: st.DataObject
) -> None:
    fields = orjson.loads(encode(data.draw(messages(model))))
    chance = data.draw(st.randoms(use_true_random=False))
    for _ in range(20):
        check(model, mutated(orjson.loads(orjson.dumps(fields)), chance))


@pytest.mark.parametrize("odd", [*TEXTS, *(orjson.dumps(odd) for odd in ODD)])
def test_each_odd_value_is_taken_or_refused_as_by_the_model_in_every_field(odd: bytes) -> None:
    for model, message in ((ScoredPost, record(scored())), (RepEvent, record(signed_in(sender="desk")))):
        assert message.value is not None
        fields = orjson.loads(message.value)
        for at in range(len(list(places(fields)))):
            changed = orjson.loads(message.value)
            container, key = list(places(changed))[at]
            container[key] = "PLANTED"
            check(model, orjson.dumps(changed).replace(b'"PLANTED"', odd))
        check(model, message.value[:-1] + b',"unknown":' + odd + b"}")


def test_a_word_of_a_newer_producer_counts_as_its_declared_default() -> None:
    value = record(scored()).value
    assert value is not None
    fields = orjson.loads(value) | {"visibility": "followers"}
    fields["triage"]["action"], fields["sentiment"]["label"] = "call_back", "mixed"
    read = check(ScoredPost, orjson.dumps(fields))
    assert (read["triage"]["action"], read["sentiment"]["label"]) == ("respond", "neutral")
    assert read["visibility"] == "direct"
    fields["triage"] |= {"action": "watch", "queue": None}
    assert check(ScoredPost, orjson.dumps(fields))["triage"]["action"] == "none"


@pytest.mark.parametrize("depth", [100, 199, 201, 5000, 10**6])
def test_a_deep_value_in_a_field_that_is_not_read_does_no_harm(depth: int) -> None:
    value = record(scored()).value
    assert value is not None
    check(ScoredPost, value[:-1] + b',"unknown":' + b"[" * depth + b"]" * depth + b"}")


def test_a_mistake_in_a_field_that_is_not_read_stops_no_post() -> None:
    value = record(scored()).value
    assert value is not None
    assert check(ScoredPost, orjson.dumps(orjson.loads(value) | {"metrics": 3}))["post_id"]


@given(st.datetimes(EARLIEST.replace(tzinfo=None), LATEST.replace(tzinfo=None)))
def test_times_as_earshot_writes_them_need_no_second_look(time: Any) -> None:
    text = time.isoformat(timespec="milliseconds") + "Z"
    value = record(scored()).value
    assert value is not None
    fields = orjson.loads(value) | {"created_at": text}
    if time < LATEST.replace(tzinfo=None):
        assert inputs._POSTS._decoder.decode(orjson.dumps(fields)).created_at == text
