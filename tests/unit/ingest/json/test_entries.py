"""Entries of JSON exports: every layout, and a broken entry costs only itself."""

import json
from collections.abc import Callable
from io import BufferedReader, BytesIO

import pytest

from pipeline.errors import Permanent
from pipeline.ingest.json.entries import of_array, of_lines, of_values, unfolded
from pipeline.ingest.lines import Found, Line
from pipeline.ingest.look.decision import Json

POSTS = [
    {"id": str(number), "text": f'text, {number} }}, {{"id": ', "tags": [{"id": 1}, {"id": 2}]}
    for number in range(300)
]
Layout = tuple[Callable[[list[str]], str], Json]
LAYOUTS: dict[str, Layout] = {
    "an entry a line": ("\n".join, Json("lines")),
    "values after each other": ("\n".join, Json("values")),
    "an array in one line": (lambda entries: f"[{', '.join(entries)}]", Json("array")),
    "an array with an entry a line": (lambda entries: "[\n" + ",\n".join(entries) + "\n]\n", Json("array")),
    "an archive of a network": (lambda entries: f"window.YTD.posts.part0 = [{','.join(entries)}];", Json("array")),
    "an array within an object": (
        lambda entries: f'{{"n": {{"a": [1]}}, "x": {{"list": [{", ".join(entries)}], "y": 1}}}}',
        Json("array", ("x", "list")),
    ),
    "answers of an interface": (lambda entries: f'{{"data": [{", ".join(entries)}]}}\n', Json("lines", ("data",))),
}  # fmt: skip


def read(text: str | bytes, form: Json) -> list[Found]:
    data = text if isinstance(text, bytes) else text.encode()
    if form.layout == "array":
        return list(of_array(BufferedReader(BytesIO(data)), form.path))
    if form.layout == "lines":
        values = of_lines(Line(n, raw) for n, raw in enumerate(data.splitlines(keepends=True), 1))
    else:
        values = of_values(BufferedReader(BytesIO(data)))
    return list(unfolded(values, form.path) if form.path else values)


@pytest.mark.parametrize("indent", [None, 4])
@pytest.mark.parametrize("name", LAYOUTS)
def test_every_entry_of_a_layout_is_found(name: str, indent: int | None) -> None:
    write, form = LAYOUTS[name]
    if form.layout == "lines" and indent:
        return
    found = read(write([json.dumps(post, indent=indent) for post in POSTS]), form)
    assert [one.record for one in found] == POSTS
    assert [json.loads(one.raw) for one in found] == POSTS


@pytest.mark.parametrize(
    "fault",
    [lambda text: text[:-9], lambda text: text.replace('"text"', '"text'), lambda text: text.replace(":", "", 1),
     lambda text: "nonsense", lambda text: text.replace("text,", "te\nxt,"), lambda text: "[" * 5000 + "]" * 5000,
     lambda text: text.replace("text,", "te\\qxt,"), lambda text: "17"],
)  # fmt: skip
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("name", [name for name in LAYOUTS if name != "answers of an interface"])
def test_a_broken_entry_costs_only_itself(name: str, indent: int | None, fault: Callable[[str], str]) -> None:
    write, form = LAYOUTS[name]
    if form.layout == "lines" and indent:
        return
    entries = [json.dumps(post, indent=indent) for post in POSTS]
    entries[70] = fault(entries[70])
    found = read(write(entries), form)
    assert [one.record for one in found if isinstance(one.record, dict) and "text" in one.record] == POSTS[
        :70
    ] + POSTS[71:]
    assert any(isinstance(one.record, Permanent) for one in found)


def test_an_array_that_ends_early_gives_what_it_has_and_says_so() -> None:
    text = json.dumps(POSTS)
    *whole, last = read(text[: len(text) // 2], Json("array"))
    assert [one.record for one in whole[:-1]] == POSTS[: len(whole) - 1]
    assert isinstance(last.record, Permanent)
    assert "ends within the array" in last.record.detail


def test_the_line_where_an_entry_begins_is_known() -> None:
    text = json.dumps(POSTS[:3], indent=1)
    begins = [number for number, line in enumerate(text.split("\n"), 1) if line == " {"]
    assert [one.line for one in read(text, Json("array"))] == begins


def test_long_entries_are_read_across_what_is_held() -> None:
    posts = [{"id": number, "text": "ü😀" * 400_000} for number in range(4)]
    for ascii_only in (False, True):
        found = read(json.dumps(posts, ensure_ascii=ascii_only), Json("array"))
        assert [one.record for one in found] == posts


@pytest.mark.parametrize("form", [Json("lines"), Json("values")])
def test_numbers_that_are_none_are_absent_and_long_ids_are_whole(form: Json) -> None:
    (one,) = read('{"rating": NaN, "n": -Infinity, "id": 1593387213315784704}', form)
    assert one.record == {"rating": None, "n": None, "id": 1593387213315784704}


@pytest.mark.parametrize("form", [Json("lines"), Json("values")])
def test_bytes_outside_the_encoding_are_named(form: Json) -> None:
    bad, good = read(b'{"text": "\xff"}\n{"text": "ok"}', form)
    assert isinstance(bad.record, Permanent)
    assert bad.record.code == "invalid_utf8"
    assert good.record == {"text": "ok"}


def test_an_array_that_is_not_there_is_named() -> None:
    (one,) = read('{"a": [1]}', Json("array", ("b",)))
    assert isinstance(one.record, Permanent)
    assert "nothing stands at b" in one.record.detail


@pytest.mark.parametrize(
    ("text", "twice"),
    [
        ('{"id": 1, "id": 2}', "id"),
        ('{"a": {"b": 1, "b" : 2}}', "b"),
        ('{"a": [{"\\u0062": 1, "b": 2}]}', "b"),
        ('{"a": "\\": \\"", "b": 1}', None),
        ('{"a\\\\": 1, "a": 2}', None),
        ('{"a": "x\\\\", "b": "\\":"}', None),
    ],
)
def test_a_key_that_stands_twice_in_one_object_is_named(text: str, twice: str | None) -> None:
    (found,) = of_lines([Line(1, text.encode())])
    if twice is None:
        assert found.record == json.loads(text)
    else:
        assert isinstance(found.record, Permanent)
        assert (found.record.code, repr(twice) in found.record.detail) == ("duplicate_key", True)
