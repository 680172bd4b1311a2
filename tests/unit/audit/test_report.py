"""A verdict as one JSON object, as a table and as lines: everything named, at most twenty a kind and the count."""

import json
from io import StringIO

from rich.console import Console

from pipeline.audit.findings import SHOWN, HopReport
from pipeline.audit.report import as_object, lines, table
from pipeline.audit.run import Verdict


def verdict(missing: int = 0, doubled: int = 0) -> Verdict:
    lossy = HopReport("a -> b", "at least once", ids_in=30, ids_out=30 - missing)
    exact = HopReport("b -> c", "exactly once", ids_in=5, ids_out=5)
    for number in range(missing):
        lossy.missing.add(f"post-{number}", f"a/0/{number}")
    for number in range(doubled):
        lossy.doubled.add(f"twice-{number}", f"b/0/{number}", "2 records")
    return Verdict([lossy, exact], ["x is late"], {"a": 30}, {"a": {"invalid_json": 2, "empty": 1}}, 3)


def test_the_object_names_each_finding_with_its_place() -> None:
    made = json.loads(json.dumps(as_object(verdict(missing=1))))
    assert made["ok"] is False
    assert made["hops"][0]["missing"] == {
        "count": 1,
        "shown": [{"id": "post-0", "place": "a/0/0", "detail": ""}],
    }
    assert (made["hops"][0]["in"], made["hops"][0]["out"], made["hops"][1]["ok"]) == (30, 29, True)
    assert (made["rejected_lines"], made["dead_letters"]["a"]["empty"]) == (3, 1)


def test_twenty_are_named_and_all_are_counted() -> None:
    many = verdict(missing=SHOWN + 5)
    assert as_object(many)["hops"][0]["missing"]["count"] == SHOWN + 5
    said = list(lines(many))
    assert sum("missing: post-" in line for line in said) == SHOWN
    assert "a -> b: missing: and 5 more" in said


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


def test_the_table_has_a_row_a_hop_and_says_which_one_failed() -> None:
    console = Console(file=StringIO(), width=160)
    console.print(table(verdict(missing=2)))
    assert isinstance(console.file, StringIO)
    rows = [line for line in console.file.getvalue().splitlines() if "->" in line]
    assert [("NO" in row, "ok" in row) for row in rows] == [(True, False), (False, True)]
