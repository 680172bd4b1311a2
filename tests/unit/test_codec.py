"""Bad bytes become one clear reason, which never repeats the value."""

import pytest

from pipeline.codec import decode
from pipeline.errors import Permanent
from schemas.post import RawPost
from schemas.rep import RepEvent


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


def test_a_reason_never_repeats_the_value() -> None:
    with pytest.raises(Permanent) as refused:
        decode(RepEvent, b'{"type": "call Jane 555-0100", "workspace": "acme"}')
    assert "Jane" not in str(refused.value)
    assert refused.value.field == "type"
