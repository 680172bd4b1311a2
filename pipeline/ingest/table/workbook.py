"""Reads the rows of an XLSX workbook as the cells of a table."""

import csv
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time
from io import StringIO
from typing import Any, BinaryIO
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook
from openpyxl.utils.escape import unescape
from openpyxl.utils.exceptions import InvalidFileException

from pipeline.errors import Misconfigured
from pipeline.ingest.lines import Line

_SAFE_DIGITS = 15
"""A workbook keeps so many digits of a number (IEEE 754). The others of a longer id are lost."""

_MOST_ROWS = 2**20
"""A sheet has no more rows."""
_LARGEST_PART_BYTES = 256 * 2**20
"""Parts beside the sheets, such as the table of texts, are held in memory whole."""
_DAMAGE = (
    InvalidFileException, zipfile.BadZipFile, zlib.error, ParseError, EOFError, OSError, NotImplementedError,
    KeyError, ValueError, TypeError, AttributeError, IndexError, OverflowError,
)  # fmt: skip
"""The library meets parts that are damaged, or no parts of a workbook, with whatever its next step raises."""


def lines(stream: BinaryIO, file: str, sheet: str | None) -> Iterator[Line]:
    """Yields each row of a sheet as a line of CSV in UTF-8.

    Args:
        stream: the workbook, which can seek.
        file: its name, for messages.
        sheet: the name of the sheet. None takes the first one, if it is the only one that holds something.

    Raises:
        Misconfigured: the workbook is damaged, or several sheets hold something and none is named.
    """
    number = 0
    try:
        _check_sizes(stream, file)
        book = load_workbook(stream, read_only=True, data_only=True)
        for name in book.sheetnames:
            # Some writers state a smaller area than they fill, and what lies outside of it would not be read.
            book[name].reset_dimensions()
        for number, row in enumerate(_rows(book, file, sheet), start=1):
            text = StringIO()
            csv.writer(text).writerow([_spelled(value) for value in row])
            yield Line(number, text.getvalue().encode(errors="replace"))
    except _DAMAGE as error:
        where = f"after row {number}" if number else "at its beginning"
        raise Misconfigured(f"{file}: the workbook cannot be read {where}: {error}") from None


def _check_sizes(stream: BinaryIO, file: str) -> None:
    with zipfile.ZipFile(stream) as archive:
        for part in archive.infolist():
            if part.file_size > _LARGEST_PART_BYTES and not part.filename.startswith("xl/worksheets/"):
                raise Misconfigured(f"{file}: {part.filename} in the workbook is too large: save it as CSV")
    stream.seek(0)


def _rows(book: Any, file: str, sheet: str | None) -> Iterator[tuple[object, ...]]:
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
    width = gap = 0
    for row in book[sheet].iter_rows(values_only=True):
        gap = 0 if row else gap + 1
        if gap > _MOST_ROWS:
            raise ValueError("a row is numbered far behind the others")
        # Empty cells at the end of a row are not in the file.
        width = max(width, len(row))
        yield row + (None,) * (width - len(row))


def _spelled(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        # A carriage return stands as _x000D_ in a workbook (ECMA-376, part 1, 22.9.2.19).
        return str(unescape(value)) if "_x" in value else value
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
