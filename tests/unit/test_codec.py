"""Bad bytes become one clear reason, which never repeats the value."""

import json

import pytest

from pipeline.codec import decode
from pipeline.errors import Permanent
from schemas.people.rep import RepEvent
from schemas.posts.raw import RawPost


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (b'{"workspace": "a', "invalid_json"),
        (b"\xff\xfe{}", "invalid_utf8"),
        (b"[1, 2]", "invalid_field"),
        (b'{"schema_version": 2}', "unknown_schema_version"),
        (b"", "empty"),
        (None, "empty"),
    ],
)
def test_each_kind_of_bad_bytes_has_its_code(value: bytes | None, code: str) -> None:
    with pytest.raises(Permanent) as refused:
        decode(RawPost, value)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"schema_version": 2}, "unknown_schema_version", "schema_version"),
        ({"presence": 3}, "invalid_field", "presence"),
        ({"presence": None}, "invalid_field", "presence"),
    ],
)
def test_a_rep_event_s_field_is_named_as_it_stands_in_the_json(
    fields: dict[str, object], code: str, field: str
) -> None:
    event = {
        "type": "presence_changed", "workspace": "acme", "event_id": "e1", "rep_id": "ann", "seq": 1,
        "occurred_at": "2026-11-20T12:00:00Z", "presence": "away",
    }  # fmt: skip
    assert decode(RepEvent, json.dumps(event).encode())
    with pytest.raises(Permanent) as refused:
        decode(RepEvent, json.dumps(event | fields).encode())
    assert (refused.value.code, refused.value.field) == (code, field)


def test_a_reason_never_repeats_the_value() -> None:
    with pytest.raises(Permanent) as refused:
        decode(RepEvent, b'{"type": "call Jane 555-0100", "workspace": "acme"}')
    assert "Jane" not in str(refused.value)
    assert refused.value.field == "type"
