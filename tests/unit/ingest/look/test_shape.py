"""JSON: each layout that exports come in is known, also from its beginning."""

import json
from collections.abc import Sequence

import pytest

from pipeline.ingest.look.decision import Asked, Json
from pipeline.ingest.look.shape import envelope, rivals, shape

POST = {"id": "1", "text": "hi", "entities": [{"a": 1}, {"a": 2}]}
POSTS = [POST] * 50


def lines(values: Sequence[object]) -> str:
    return "".join(json.dumps(value) + "\n" for value in values)


@pytest.mark.parametrize(
    ("text", "layout", "path"),
    [
        (lines(POSTS), "lines", ()),
        (json.dumps(POSTS), "array", ()),
        (json.dumps(POSTS, indent=2), "array", ()),
        (json.dumps(POST, indent=2), "values", ()),
        (json.dumps(POST, indent=2) * 2, "values", ()),
        ("window.YTD.tweets.part0 = " + json.dumps(POSTS, indent=2), "array", ()),
        (json.dumps({"meta": {"count": 50}, "data": POSTS}, indent=2), "values", ("data",)),
        (lines([{"meta": {}, "response": {"items": POSTS}}]), "lines", ("response", "items")),
        ("{broken\n" + lines(POSTS), "lines", ()),
    ],
)  # fmt: skip
def test_a_layout_is_known(text: str, layout: str, path: tuple[str, ...]) -> None:
    assert shape(text, Asked(), whole=True) == Json(layout, path)  # type: ignore[arg-type]


@pytest.mark.parametrize("indent", [None, 2])
def test_a_long_array_within_an_object_is_known_by_its_beginning(indent: int | None) -> None:
    text = json.dumps({"account": {"id": 1}, "users": [{"n": 1}], "messages": POSTS}, indent=indent)
    assert shape(text[: len(text) * 2 // 3], Asked(), whole=False) == Json("array", ("messages",))


def test_the_operator_may_say_where_the_entries_are() -> None:
    text = json.dumps({"a": [{"x": 1}] * 9, "b": [{"x": 1}]})
    assert shape(text, Asked(entries="b"), whole=True) == Json("lines", ("b",))


@pytest.mark.parametrize("text", ["id,text\n1,hi\n", "[deleted],x\n", "{id};{text}\n1;hi\n", "a = b\n", ""])
def test_a_table_is_no_json(text: str) -> None:
    assert shape(text, Asked(), whole=True) is None


def test_an_entry_with_answers_in_it_is_no_envelope() -> None:
    entry = {
        "review_id": "7",
        "comment": "no signal",
        "date": "2026-11-28",
        "answers": [{"id": "8", "text": "hi"}],
    }
    assert envelope(entry) == ()
    assert envelope({"status": "ok", "timestamp": 1, "data": [{"id": "8", "text": "hi"}]}) == ("data",)


def test_lists_that_both_hold_posts_are_rivals() -> None:
    post = {"id": 1, "text": "hi", "created_at": "2026-11-28T10:00:00Z"}
    assert rivals({"posts": [post], "comments": [post, post], "tags": [{"id": 1}]}) == ["posts", "comments"]
    assert rivals({"data": [post], "users": [{"id": 1, "created_at": "2026-11-28T10:00:00Z"}]}) == ["data"]
