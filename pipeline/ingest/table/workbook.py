"""Reads the rows of an XLSX workbook as the cells of a table."""

import csv
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from io import StringIO
from typing import BinaryIO

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from pipeline.errors import Misconfigured
from pipeline.ingest.lines import Line

_SAFE_DIGITS = 15
"""A workbook keeps so many digits of a number (IEEE 754). The others of a longer id are lost."""


def lines(stream: BinaryIO, file: str, sheet: str | None) -> Iterator[Line]:
    """Yields each row of a sheet as a line of CSV in UTF-8.

    Args:
        stream: the workbook, which can seek.
        file: its name, for messages.
        sheet: the name of the sheet. None takes the first one, if it is the only one that holds something.

    Raises:
        Misconfigured: the workbook is damaged, or several sheets hold something and none is named.
    """
    try:
        book = load_workbook(stream, read_only=True, data_only=True)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        raise Misconfigured(f"{file}: the workbook cannot be read: {error}") from None
    names = book.sheetnames
    if sheet is None:
        full = [
            name for name in names if any(any(row) for row in book[name].iter_rows(max_row=50, values_only=True))
        ]
        if len(full) > 1:
            raise Misconfigured(
                f"{file} has several sheets: say which one with --member; there are: {', '.join(full)}"
            )
        sheet = (full or names)[0]
    if sheet not in names:
        raise Misconfigured(f"{file} has no sheet {sheet!r}; there are: {', '.join(names)}")
    for number, row in enumerate(book[sheet].iter_rows(values_only=True), start=1):
        text = StringIO()
        csv.writer(text).writerow([_spelled(value) for value in row])
        yield Line(number, text.getvalue().encode(errors="replace"))


def _spelled(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, int | float) and abs(value) >= 10**_SAFE_DIGITS:
        # What is left of such a number is spelled so that no reader takes it for an id.
        return f"{value:.{_SAFE_DIGITS - 1}E}"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
