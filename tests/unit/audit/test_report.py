"""A verdict becomes one JSON object, a table and lines, which name at most twenty findings of a kind and count
all.
"""

import json
from io import StringIO

import pytest
from rich.console import Console

from pipeline.audit.collect.sample import SAMPLE_RECORDS
from pipeline.audit.findings import SHOWN, HopReport
from pipeline.audit.report import as_object, lines, table
from pipeline.audit.verdict import Verdict


def verdict(lost: int = 0, doubled: int = 0) -> Verdict:
    lossy = HopReport("a -> b", "at least once", ids_in=30, ids_out=30 - lost)
    exact = HopReport("b -> c", "exactly once", ids_in=5, ids_out=5)
    for number in range(lost):
        lossy.lost.add(f"post-{number}", f"a/0/{number}")
    for number in range(doubled):
        lossy.doubled.add(f"twice-{number}", f"b/0/{number}", "2 records")
    return Verdict([lossy, exact], ["x is late"], {"a": 30}, {"a": {"invalid_json": 2, "empty": 1}}, 3)


def test_the_object_names_each_finding_with_its_place() -> None:
    made = json.loads(json.dumps(as_object(verdict(lost=1))))
    assert made["ok"] is False
    assert made["hops"][0]["lost"] == {
        "count": 1,
        "shown": [{"id": "post-0", "place": "a/0/0", "detail": ""}],
    }
    assert (made["hops"][0]["in"], made["hops"][0]["out"], made["hops"][1]["ok"]) == (30, 29, True)
    assert (made["rejected_lines"], made["dead_letters"]["a"]["empty"]) == (3, 1)


def test_twenty_are_named_and_all_are_counted() -> None:
    many = verdict(lost=SHOWN + 5)
    assert as_object(many)["hops"][0]["lost"]["count"] == SHOWN + 5
    said = list(lines(many))
    assert sum("lost: post-" in line for line in said) == SHOWN
    assert "a -> b: lost: and 5 more" in said


def test_doubles_on_an_at_least_once_hop_are_printed_and_not_fatal() -> None:
    twice = verdict(doubled=1)
    assert twice.ok
    assert list(lines(twice)) == [
        "a -> b: doubled: twice-0 at b/0/0 (2 records)",
        "a.dlq: empty 1, invalid_json 2",
        "ingest rejected 3 lines: they never became ids",
        "warning: x is late",
        "audit: clean",
    ]


def test_doubles_and_records_without_a_cause_are_fatal_where_it_must_be_exactly_once() -> None:
    for kind in ("doubled", "unexpected"):
        hop = HopReport("b -> c", "exactly once")
        getattr(hop, kind).add("x", "c/0/0")
        assert not hop.ok
        assert list(lines(Verdict([hop])))[-1] == "audit: NOT clean: b -> c"


def test_what_is_not_yet_there_is_said_in_words_and_is_no_fault() -> None:
    hop = HopReport("a -> b", "at least once", ids_in=3, ids_out=1)
    hop.not_yet.add("post-1", "a/0/1")
    hop.not_yet.add("post-2", "a/0/2")
    late = Verdict([hop])
    assert (late.ok, late.waiting, as_object(late)["not_yet"]) == (True, 2, 2)
    assert list(lines(late)) == [
        "a -> b: not yet: 2, the first of them post-1 at a/0/1",
        "audit: clean so far; not yet there: 2, which their stages have not come to",
    ]


def test_no_id_on_any_hop_is_not_ok() -> None:
    nothing = Verdict([HopReport("a -> b", "at least once"), HopReport("b -> c", "exactly once")])
    assert not nothing.ok
    assert as_object(nothing)["ok"] is False
    assert list(lines(nothing))[-1].startswith("audit: nothing at all")


def test_a_changed_row_is_fatal_and_names_its_columns() -> None:
    hop = HopReport("b -> c", "exactly once", ids_in=1, ids_out=1)
    hop.changed.add("acme/x:p1", "posts from b/0/1", "column visibility")
    said = list(lines(Verdict([hop], compared={"posts": 1})))
    assert said[0] == "b -> c: changed: acme/x:p1 at posts from b/0/1 (column visibility)"
    assert (
        said[1] == f"rows compared in every column: posts 1 (at most {SAMPLE_RECORDS} a topic, the same each time)"
    )
    assert said[-1] == "audit: NOT clean: b -> c"


@pytest.mark.parametrize(
    ("letters", "most", "ok"), [(1, 1.0, True), (4, 1.0, False), (1, 0.25, False), (0, 0, True)]
)
def test_dead_letters_are_said_as_a_share_and_all_of_them_are_too_many(
    letters: int, most: float, ok: bool
) -> None:
    hop = HopReport("a -> b", "at least once", ids_in=4, ids_out=4 - letters)
    for number in range(letters):
        hop.dead_lettered.add(f"post-{number}", f"a/0/{number}", "invalid_json")
    verdict = Verdict([hop], most_given_up=most)
    assert verdict.ok is ok
    share = f"a -> b: {letters} of 4 ids ({letters / 4:.1%}) were given up and lie in the dead letters"
    assert (share in lines(verdict)) is (letters > 0)


def test_the_table_has_a_row_a_hop_and_says_which_one_failed() -> None:
    console = Console(file=StringIO(), width=160)
    console.print(table(verdict(lost=2)))
    assert isinstance(console.file, StringIO)
    rows = [line for line in console.file.getvalue().splitlines() if "->" in line]
    assert [("NO" in row, "ok" in row) for row in rows] == [(True, False), (False, True)]
