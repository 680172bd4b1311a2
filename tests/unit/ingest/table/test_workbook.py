"""Workbooks of other writers are read whole, and a damaged or hostile one says so in a sentence."""

import re
import zipfile
from collections.abc import Callable
from io import BytesIO

import openpyxl
import pytest

from pipeline.errors import Misconfigured
from pipeline.ingest.table.workbook import lines

Edit = Callable[[str, str], str]
SHEET = "xl/worksheets/sheet1.xml"


def workbook(edit: Edit = lambda _name, part: part) -> BytesIO:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (["id", "text"], ["1", "one_x000D_\ntwo"], ["2", None], ["3", "three"]):
        sheet.append(row)
    written, target = BytesIO(), BytesIO()
    book.save(written)
    with zipfile.ZipFile(written) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            new.writestr(name, edit(name, old.read(name).decode()))
    return target


def in_sheet(pattern: str, text: str) -> Edit:
    return lambda name, part: re.sub(pattern, lambda _: text, part, count=1) if name == SHEET else part


def read(book: BytesIO) -> list[bytes]:
    return [line.raw for line in lines(book, "book.xlsx", None)]


@pytest.mark.parametrize("area", ["A1", "A1:B2", "A1:A4", "A1:B4"])
def test_all_rows_are_read_whatever_area_the_writer_states(area: str) -> None:
    found = read(workbook(in_sheet(r'ref="A1:B4"', f'ref="{area}"')))
    assert found == [b"id,text\r\n", b'1,"one\r\ntwo"\r\n', b"2,\r\n", b"3,three\r\n"]


ENTITIES = "<!DOCTYPE w [<!ENTITY a0 'lol'>" + "".join(
    f"<!ENTITY a{at} '{f'&a{at - 1};' * 10}'>" for at in range(1, 9)
)
EDITS: dict[str, Edit] = {
    "a cut sheet": lambda name, part: part[: len(part) // 2] if name == SHEET else part,
    "an empty sheet": lambda name, part: "" if name == SHEET else part,
    "no styles": lambda name, part: "<x" if name == "xl/styles.xml" else part,
    "no workbook": lambda name, part: "<x" if name == "xl/workbook.xml" else part,
    "a file beside it": lambda name, part: (
        ENTITIES + "<!ENTITY x SYSTEM 'file:///etc/hostname'>]>" + re.sub("<t>1</t>", "<t>&x;</t>", part, count=1)
        if name == SHEET
        else part
    ),
    "a bomb": lambda name, part: (
        ENTITIES + "]>" + re.sub("<t>1</t>", "<t>&a8;</t>", part, count=1) if name == SHEET else part
    ),
    "a row far away": in_sheet('r="4"', 'r="900000000"'),
    "no time": in_sheet('<c r="A2".*?</c>', '<c r="A2" t="d"><v>bad</v></c>'),
}


@pytest.mark.parametrize("name", EDITS)
def test_a_damaged_or_hostile_workbook_says_so(name: str) -> None:
    with pytest.raises(Misconfigured, match="the workbook cannot be read"):
        read(workbook(EDITS[name]))
