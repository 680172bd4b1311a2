"""Times at the edge of what a datetime can hold are refused, never a crash."""

import pytest

from pipeline.codec import decode
from pipeline.errors import Permanent
from schemas.posts.raw import RawPost

LINE = (
    '{"workspace":"acme","post_id":"chirp:1","platform":"chirp","author":{"author_id":"chirp:a"},'
    '"text":"hi","created_at":"%s"}'
)


@pytest.mark.parametrize(
    "when", ["9999-12-31T23:59:59-01:00", "9999-01-01T00:00:00Z", "0001-01-01T00:00:00+01:00"]
)
def test_a_time_without_a_utc_form_is_an_invalid_field(when: str) -> None:
    with pytest.raises(Permanent) as caught:
        decode(RawPost, (LINE % when).encode())
    assert (caught.value.code, caught.value.field) == ("invalid_field", "created_at")
