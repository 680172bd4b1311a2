"""The shape of a dead letter tells its form and nothing of what it says."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.app.dlq.masked_form import LEGIBLE, holds_plain_text, shape, shape_key

SECRET = "Quxley"
FIELDS = [
    *LEGIBLE,
    "text",
    "title",
    "place",
    "author.name",
    "author.handle",
    "url",
    "phone",
    "author",
    "rating",
    SECRET,
]
SECRETS = [
    SECRET,
    f"call {SECRET} on 020 7946 0123",
    "+44 20 7946 0123",
    f"{SECRET}@example.com",
    "0207946",
    2079460123,
]


def test_the_form_stays_and_the_words_go() -> None:
    post = {
        "workspace": "acme",
        "post_id": "x:9",
        "created_at": "2026-11-20T12:00:00Z",
        "author": {"author_id": "x:42", "name": "Zoë Ng", "followers": 12},
        "text": "Call me: 020 7946 0123!",
        "extra": [1.5, True, None],
        "txet": "a",
        "Ann Hollis": 1,
    }
    assert json.loads(shape(json.dumps(post).encode())) == {
        "workspace": "acme",
        "post_id": "x:9",
        "created_at": "2026-11-20T12:00:00Z",
        "author": {"author_id": "x:42", "name": "Xxx Xx", "followers": 12},
        "text": "Xxxx xx: 000 0000 0000!",
        "xxxxx": ["0.0", True, None],
        "txet": "x",
        "Xxx Xxxxxx": "0",
    }


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(FIELDS), st.sampled_from(SECRETS) | st.lists(st.sampled_from(SECRETS))))
def test_no_secret_is_legible_in_whatever_field_it_stands(fields: dict[str, Any]) -> None:
    document: dict[str, Any] = {}
    for path, value in fields.items():
        outer, _, inner = path.partition(".")
        if inner and isinstance(document.setdefault(outer, {}), dict):
            document[outer][inner] = value
        elif not inner:
            document[outer] = value
    said = shape(json.dumps(document).encode())
    assert SECRET.lower() not in said.lower()
    assert "7946" not in said


def test_a_number_that_slipped_into_a_counter_is_not_legible() -> None:
    slipped = {
        "rating": 4111111111111111,
        "author": {"followers": 442079460000},
        "lang": "ann-4420-79460000",
        "ann_smith_london": 1,
    }
    assert json.loads(shape(json.dumps(slipped).encode())) == {
        "rating": "0000000000000000",
        "author": {"followers": "000000000000"},
        "lang": "xxx-0000-00000000",
        "xxx_xxxxx_xxxxxx": "0",
    }


@settings(deadline=None)
@given(st.binary(max_size=400) | st.text(max_size=400).map(str.encode))
def test_what_is_no_json_has_a_shape_without_letters_or_digits_of_its_own(value: bytes) -> None:
    said = shape(b"%" + value)
    assert not set(said) & set("abcdefghijklmnopqrstuvwyzABCDEFGHIJKLMNOPQRSTUVWYZ123456789")


def test_a_deep_or_long_value_is_cut() -> None:
    assert shape(b"[" * 900 + b"]" * 900).count("[") == 20
    assert "(9,000 characters)" in shape(json.dumps({"text": "a" * 9000}).encode())
    assert len(shape(b"\xff" * 100_000)) < 5_000


def test_a_key_is_legible_when_it_is_one_of_the_contract() -> None:
    assert shape_key(b"acme/x:42") == "acme/x:42"
    assert shape_key(b"Ann Hollis") == "Xxx Xxxxxx"


def test_unknown_topics_are_taken_to_hold_plain_text() -> None:
    assert holds_plain_text("posts.raw.dlq")
    assert holds_plain_text("anything.dlq")
    assert not holds_plain_text("posts.scored.dlq")
