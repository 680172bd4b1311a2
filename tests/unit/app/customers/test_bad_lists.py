"""Lists of customers as they come out of CRM systems, each with one thing wrong: which line, which field, and why.

Nothing of such a list is sent.
"""

import csv
import gzip
import io
import json
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, NoReturn

import pytest
from openpyxl import Workbook

from pipeline.app.customers.asked import LoadRequest
from pipeline.app.customers.loading import load_customers
from pipeline.app.importing.request import FileOptions
from pipeline.clock import SystemClock
from pipeline.errors import Misconfigured
from pipeline.ingest.customers.customer_map import CustomerMap
from pipeline.ingest.look.decision import Asked
from schemas.policy.policy import Policy
from tests.unit.enrich.posts import policy

HEADER = [
    "customer id", "platform", "handle", "kind", "value", "tier", "segment", "language", "confidence", "source",
    "updated at", "deleted",
]  # fmt: skip
ANN = [
    "C-1",
    "x",
    "@ann",
    "customer",
    "0.95",
    "gold",
    "Private Banking",
    "de, en",
    "0.9",
    "login",
    "2026-11-03",
    "",
]


def row(**cells: str) -> list[str]:
    """Ann's row with other cells."""
    return [cells.get(name.replace(" ", "_"), cell) for name, cell in zip(HEADER, ANN, strict=True)]


OTHER = row(customer_id="C-2", handle="bo")


def table(*rows: list[str], header: list[str] = HEADER, delimiter: str = ",") -> bytes:
    """A CSV file with Ann in line 2 and the rows behind her."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows([header, ANN[: len(header)], *rows])
    return text.getvalue().encode()


def sheet(*rows: list[Any]) -> bytes:
    """A workbook with Ann in row 2 and the rows behind her."""
    book = Workbook()
    assert book.active is not None
    for cells in (HEADER, ANN, *rows):
        book.active.append(cells)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


class Bad(NamedTuple):
    """A list and what must be said of it."""

    about: str
    content: bytes
    said: str
    """How the first complaint begins behind the name of the file."""
    name: str = "crm.csv"
    more: Mapping[str, Any] = MappingProxyType({})


def mapped(**columns: str) -> dict[str, Any]:
    return {"customer_map": CustomerMap.model_validate({"columns": columns})}


ONE_COLUMN = {"customer_id": "id", "author_id": "who"}
BAD = [
    Bad("confidence 7", table(row(confidence="7", handle="bo")), ":3: invalid_field: confidence: must be at most"),
    Bad("value in percent", table(row(value="95", handle="bo")), ":3: invalid_field: value: must be at most"),
    Bad("a percent sign", table(row(value="95 %", handle="bo")), ":3: invalid_number: value"),
    Bad("value below 0", table(row(value="-0.1", handle="bo")), ":3: invalid_field: value: must be at least"),
    Bad("no number", table(row(value="high", handle="bo")), ":3: invalid_number: value"),
    Bad("not a number", table(row(value="1e999", handle="bo")), ":3: invalid_number: value"),
    Bad("decimal comma that may be thousands", table(row(value="0,950", handle="bo")),
        ":3: ambiguous_number: value"),
    Bad("decimal comma where dots were said", table(row(value="0,95", handle="bo")), ":3: invalid_number: value",
        more={"options": FileOptions(said={"decimal": "."})}),
    Bad("money for a value", table(row(value="1.250.000", handle="bo")), ":3: invalid_field: value"),
    Bad("the same handle twice", table(OTHER, row(customer_id="C-2", handle="bo")),
        ":4: duplicate_handle: author_id: line 3 has this handle already"),
    Bad("the same handle with and without @", table(row(handle="ann")), ":3: duplicate_handle: author_id: line 2"),
    Bad("two customers with one handle", table(row(customer_id="C-2")),
        ":3: two_customers: author_id: line 2 links this handle to another customer"),
    Bad("one customer, two values", table(row(handle="ann2", value="0.2")),
        ":3: customer_differs: customer_id: line 2 says something else"),
    Bad("one customer, two segments", table(row(handle="ann2", segment="Retail")), ":3: customer_differs"),
    Bad("no customer", table(row(customer_id="", handle="bo")), ":3: invalid_field: customer_id: is missing"),
    Bad("a customer id with blanks", table(row(customer_id="C 2", handle="bo")), ":3: invalid_field: customer_id"),
    Bad("two customer ids in a cell", table(row(customer_id="2, 3", handle="bo")),
        ":3: several_values: customer_id"),
    Bad("a customer id that lost digits", table(row(customer_id="4.9E+15", handle="bo")),
        ":3: id_lost_digits: customer_id"),
    Bad("a customer id that became a date", table(row(customer_id="2026-04-03", handle="bo")),
        ":3: date_as_id: customer_id"),
    Bad("a formula for an id", table(row(customer_id="=A1&\"-\"", handle="bo")), ":3: invalid_id: customer_id"),
    Bad("an error of a spreadsheet for an id", table(row(customer_id="#REF!", handle="bo")),
        ":3: spreadsheet_error: customer_id"),
    Bad("a name for a handle", table(row(customer_id="C-2", handle="Bo Smith")), ":3: name_as_handle: author_id"),
    Bad("an address for a handle", table(row(customer_id="C-2", handle="https://x.com/bo")),
        ":3: address_as_handle: author_id"),
    Bad("no network", table(row(customer_id="C-2", handle="bo", platform="")), ":3: no_platform: author_id"),
    Bad("a network that forbids it", table(row(customer_id="C-2", handle="bo", platform="reddit")),
        ":3: forbidden_platform: author_id: handles of reddit may not be linked"),
    Bad("a network that the policy does not name", table(row(customer_id="C-2", handle="bo", platform="bluesky")),
        ":3: forbidden_platform: author_id", more={"policies": {"acme": policy(link_identity=["x"])}}),
    Bad("an unknown kind", table(row(customer_id="C-2", handle="bo", kind="partner")), ":3: unknown_kind: kind"),
    Bad("the name of a language", table(row(customer_id="C-2", handle="bo", language="German")),
        ":3: invalid_language: languages"),
    Bad("more languages than anybody speaks",
        table(row(customer_id="C-2", handle="bo", language=" ".join(["en"] * 11))),
        ":3: invalid_field: languages"),
    Bad("a tier that is a letter to the bank", table(row(customer_id="C-2", handle="bo", tier="x" * 101)),
        ":3: invalid_field: tier"),
    Bad("a day that is none", table(row(customer_id="C-2", handle="bo", updated_at="2026-02-30")),
        ":3: impossible_time: updated_at"),
    Bad("a year that is none", table(row(customer_id="C-2", handle="bo", updated_at="2206-02-03")),
        ":3: invalid_field: updated_at"),
    Bad("neither deleted nor not", table(row(customer_id="C-2", handle="bo", deleted="maybe")),
        ":3: invalid_boolean: deleted"),
    Bad("a cell too many", table([*OTHER, "more"]), ":3: too_many_cells"),
    Bad("a cell too few", table(OTHER[:-3]), ":3: too_few_cells"),
    Bad("a quote that is never closed", table(OTHER).replace(b"bo,", b'"bo,'), ":3: invalid_csv"),
    Bad("another encoding in the middle", table(OTHER).replace(b"C-2,x,bo", b"C-2,x,b\xf6"), ":3: invalid_utf8",
        more={"options": FileOptions(asked=Asked(encoding="utf-8"))}),
    Bad("a NUL in a row", table(OTHER).replace(b"C-2", b"C\x002"), ":3: nul"),
    Bad("no column for the customer", table(header=["number", *HEADER[1:]]),
        ": column map: no source for customer_id"),
    Bad("no column for the handle", table(header=["customer id", "platform", "who"]),
        ": column map: no source for author_id"),
    Bad("a column that the map has and the list has not", table(), ": there is no column 'Rating' (for value)",
        more=mapped(customer_id="customer id", author_id="handle", platform="platform", value="Rating")),
    Bad("two columns of one name", table(header=[*HEADER[:-1], "handle"]),
        ": there are several columns 'handle' (for author_id)", more=mapped(
        customer_id="customer id", author_id="handle", platform="platform")),
    Bad("an empty file", b"", " is empty"),
    Bad("a page of the web", b"<html><table></table></html>", " is HTML or XML"),
    Bad("a packed file that ends early", gzip.compress(table(*([OTHER] * 2000)))[:200],
        ": the gzip data is damaged", name="crm.csv.gz"),
    Bad("a date of a spreadsheet for an id", sheet(["C-2", "x", datetime(2026, 4, 3)]),
        ":3: date_as_id: author_id", name="crm.xlsx"),
    Bad("a date of a spreadsheet for a value", sheet(["C-2", "x", "bo", "customer", datetime(2026, 4, 3)]),
        ":3: invalid_number: value", name="crm.xlsx"),
    Bad("a long number of a spreadsheet", sheet([4_900_000_000_000_123, "x", "bo"]),
        ":3: id_lost_digits: customer_id", name="crm.xlsx"),
    Bad("a broken workbook", sheet(["C-2"])[:900], ": the zip archive is damaged", name="crm.xlsx"),
    Bad("JSON that nests a customer", json.dumps([{"customer_id": {"id": 1}, "author_id": "x:1"}]).encode(),
        ":1: invalid_id: customer_id", name="crm.json"),
]  # fmt: skip


def no_kafka() -> NoReturn:
    raise AssertionError("nothing may be sent")


def complaints(tmp_path: Path, bad: Bad) -> list[str]:
    """What is said of a list that must be refused."""
    path = tmp_path / bad.name
    path.write_bytes(bad.content)
    policies: dict[str, Policy] = {"acme": policy()}
    request = LoadRequest(str(path), "acme", **({"policies": policies} | dict(bad.more)))
    said: list[str] = []
    try:
        done = load_customers(no_kafka, request, SystemClock(), said.append)
    except Misconfigured as error:
        return [str(error).replace(str(tmp_path), "")]
    assert done.refused
    assert not done.sent
    known = re.compile(re.escape(str(path)) + r"(:\d+: [a-z_0-9]+: )")
    return [line.replace(str(tmp_path), "") for line in said if known.match(line)]


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.about)
def test_a_bad_list_is_refused_whole_with_line_field_and_reason(tmp_path: Path, bad: Bad) -> None:
    said = complaints(tmp_path, bad)
    assert said, "the list was taken"
    assert said[0].startswith(f"/{bad.name}{bad.said}"), said


def test_no_complaint_repeats_what_stands_in_the_list(tmp_path: Path) -> None:
    secret = "4929 1234 5678 9012"
    for field in ("customer_id", "value", "kind", "tier", "confidence", "language", "updated_at", "deleted"):
        bad = Bad(field, table(row(**{field: secret, "handle": "bo"})), "")
        try:
            said = complaints(tmp_path, bad)
        except AssertionError:
            continue
        assert not any(secret in line for line in said)


def test_all_mistakes_of_a_list_are_counted_and_the_first_of_each_kind_is_named(tmp_path: Path) -> None:
    rows = [row(customer_id=f"C-{n}", handle=f"h{n}", value="7" if n % 2 else "high") for n in range(2, 12)]
    said = complaints(tmp_path, Bad("many", table(*rows), ""))
    assert [line.split(":")[1] for line in said] == ["3", "4"]
