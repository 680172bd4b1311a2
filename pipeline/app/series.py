"""Reads counts by time from a CSV file, for the detector: a line a bin, of one key or of several."""

import csv
import statistics
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from pipeline.errors import Misconfigured
from pipeline.ingest.look.container import contents
from pipeline.trends.detector import NARROWEST_S, WIDEST_S, Bin
from schemas.base import LATEST

NEEDED, OPTIONAL = ("ts", "posts"), ("key", "negative", "authors")
UNNAMED = "all"
"""The key of a file that has no column of keys."""
MOST_POSTS = 1e12


class Series(NamedTuple):
    """The bins of one key, in order of time."""

    bin_s: int
    """Width of the bins in seconds, which is the commonest distance of two."""
    bins: list[Bin]


def read_series(file: str) -> dict[str, Series]:
    """Returns the series of each key of a file, in the order in which the keys come.

    The columns are `ts` (RFC 3339, or seconds since 1970), `posts`, and perhaps `key`, `negative` and `authors`.
    The file may be packed as ingest reads it. The bins of a key must stand in order of time, and a bin that is
    missing is unknown. Empty cells of `negative` and `authors` are unknown too.

    Raises:
        Misconfigured: the file cannot be read, a column is missing, a cell is bad or a bin is out of order, named
            as file:line: column.
    """
    found: dict[str, list[Bin]] = defaultdict(list)
    try:
        with Path(file).open("rb") as stream:
            text = (
                line.decode("utf-8-sig" if number == 0 else "utf-8")
                for number, line in enumerate(contents(stream, file))
            )
            for line, key, bin_ in _rows(file, text):
                bins = found[key]
                if bins and bin_.start_s <= bins[-1].start_s:
                    raise Misconfigured(f"{file}:{line}: ts: must be later than the bin before of the same key")
                bins.append(bin_)
    except OSError as error:
        raise Misconfigured(f"{file}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Misconfigured(f"{file}: must be UTF-8") from None
    except csv.Error as error:
        raise Misconfigured(f"{file}: is no CSV: {error}") from None
    if not found:
        raise Misconfigured(f"{file}: holds no bin")
    return {key: Series(_width(file, key, bins), bins) for key, bins in found.items()}


def seconds_of(text: str) -> float:
    """Returns a time in seconds since 1970. One that states no zone is in UTC, whatever zone the machine has.

    Raises:
        ValueError: it is neither RFC 3339 nor a number.
    """
    try:
        return float(text)
    except ValueError:
        time = datetime.fromisoformat(text.strip())
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()


def _rows(file: str, text: Iterable[str]) -> Iterator[tuple[int, str, Bin]]:
    rows = csv.reader(text)
    header = [cell.strip().lower() for cell in next(rows, [])]
    for name in (*NEEDED, *OPTIONAL):
        if header.count(name) > 1:
            raise Misconfigured(f"{file}:1: {name}: stands twice")
    for name in NEEDED:
        if name not in header:
            raise Misconfigured(
                f"{file}:1: {name}: is missing; the columns are {', '.join(NEEDED)} and perhaps "
                f"{', '.join(OPTIONAL)}"
            )
    for cells in rows:
        if not cells:
            continue
        line = rows.line_num
        if len(cells) != len(header):
            raise Misconfigured(f"{file}:{line}: has {len(cells)} cells, where the header has {len(header)}")
        row = dict(zip(header, cells, strict=True))
        place = f"{file}:{line}"
        posts = _count(row["posts"], f"{place}: posts")
        if posts is None:
            raise Misconfigured(f"{place}: posts: is empty; leave the whole line out where nobody counted")
        negative, authors = (_count(row.get(name, ""), f"{place}: {name}") for name in ("negative", "authors"))
        if negative is not None and negative > posts:
            raise Misconfigured(f"{place}: negative: is more than posts")
        yield (
            line,
            row.get("key", UNNAMED) or UNNAMED,
            Bin(_seconds(row["ts"], f"{place}: ts"), posts, negative, authors),
        )


def _seconds(cell: str, place: str) -> float:
    try:
        seconds = seconds_of(cell)
    except ValueError:
        raise Misconfigured(f"{place}: must be a time like 2026-11-30T12:00:00Z, or seconds since 1970") from None
    # What is not a number lies in no range.
    if not 0 <= seconds < LATEST.timestamp():
        raise Misconfigured(
            f"{place}: must be a time from 1970 to {LATEST.year}, and in seconds where it is a number"
        )
    return seconds


def _count(cell: str, place: str) -> float | None:
    if not cell.strip():
        return None
    try:
        value = float(cell)
    except ValueError:
        value = -1.0
    if not 0 <= value <= MOST_POSTS:
        raise Misconfigured(f"{place}: must be a number of at least 0")
    return value


def _width(file: str, key: str, bins: list[Bin]) -> int:
    if len(bins) < 2:
        raise Misconfigured(f"{file}: {key}: has one bin only")
    width = round(statistics.mode(round(later.start_s - earlier.start_s) for earlier, later in pairwise(bins)))
    if not NARROWEST_S <= width <= WIDEST_S:
        raise Misconfigured(
            f"{file}: {key}: most bins are {width} seconds apart, and must be {NARROWEST_S} to {WIDEST_S}"
        )
    return width
