"""Decides from the first records what their times and numbers mean, and asks where they do not say it."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from pipeline.errors import Misconfigured, Permanent
from pipeline.ingest.sources.feeding import Find, fed
from pipeline.ingest.sources.header import Columns
from pipeline.ingest.sources.paths import Entry, getter, unfolded
from pipeline.ingest.sources.source_map import (
    AUTHOR_TARGETS,
    COUNT_TARGETS,
    ID_TARGETS,
    NUMBER_TARGETS,
    TIME_TARGETS,
    SourceMap,
)
from pipeline.ingest.sources.values import amounts
from pipeline.ingest.sources.values.dates import Order
from pipeline.ingest.sources.values.identity import SPREADSHEET_DIGITS
from pipeline.ingest.sources.values.times import Times

_FEW = 3
"""So many cells of one kind are no chance any more."""
_TELLING_DIGITS = 18
"""Of numbers with so many digits not one in 16 is the shortest spelling of a double (IEEE 754)."""
_TWO_DIGIT_YEARS = "%y%m%d%H%M"


class Question(NamedTuple):
    """Something that only a person can say."""

    about: Literal[
        "source", "platform", "order", "zone", "decimal", "times", "ids", "rounded", "network", "owner", "twins"
    ]
    text: str
    """The question in one sentence, with the option that answers it."""


def decided(
    source_map: SourceMap, columns: Sequence[str] | None, samples: Sequence[Mapping[str, object]]
) -> tuple[SourceMap, list[Question]]:
    """Returns the map with the order of dates and the sign of decimals, where the samples decide them.

    Args:
        source_map: as shipped or guessed.
        columns: of a table, or None for JSON.
        samples: first records of the file.
    """
    cells = _cells(source_map, columns, samples)
    questions: list[Question] = []
    found: dict[str, object] = {}
    for target, values in cells.items():
        column = ", ".join(source_map.columns[target].of)
        if target in TIME_TARGETS:
            found |= _order(source_map, values, column, questions)
            _ask_for_zone(source_map, values, column, questions)
            _ask_for_format(source_map, values, column, questions)
        elif target in ID_TARGETS | AUTHOR_TARGETS and source_map.ids == "checked":
            _ask_for_ids(values, column, questions)
    _ask_for_twins(source_map, columns, samples, questions)
    if source_map.decimal is None:
        found |= _decimal(cells, source_map, questions)
    distinct = {question.about: question for question in reversed(questions)}
    return source_map.with_options(found), list(reversed(distinct.values()))


def _ask_for_twins(
    source_map: SourceMap,
    columns: Sequence[str] | None,
    samples: Sequence[Mapping[str, object]],
    questions: list[Question],
) -> None:
    """Asks whether an id is that of a post, where several posts have it. Of those all but one would be lost."""
    if "revision" in source_map.columns or not {"post_id", "text"} <= source_map.columns.keys():
        return
    told = ("post_id", "text", "author.author_id")
    some = source_map.model_copy(
        update={"columns": {name: source_map.columns[name] for name in told if name in source_map.columns}}
    )
    posts = _together(some, columns, samples)
    texts: dict[str, set[str]] = {}
    for post in posts:
        texts.setdefault(str(post[0]), set()).add(str(post[1:]))
    twins = next((name for name, found in texts.items() if len(found) > 1 and name not in ("None", "")), None)
    if twins is not None:
        column = ", ".join(source_map.columns["post_id"].of)
        how = "if it is no id of a post, say --columns 'post_id=hash(...)'"
        questions.append(Question("twins", f"column {column!r}: different posts have the id {twins[:40]}; {how}"))


def _together(
    source_map: SourceMap, columns: Sequence[str] | None, samples: Sequence[Mapping[str, object]]
) -> list[list[object]]:
    find: Find = getter if columns is None else Columns(columns, optional=True).getter
    entries: list[Entry] = []
    for record in samples:
        entries += unfolded(record, source_map.entries) if columns is None else [Entry(record)]
    with suppress(Misconfigured, Permanent):
        gets = [fed(feed, find, target, source_map) for target, feed in source_map.columns.items()]
        return [[None if get is None else get(entry) for get in gets] for entry in entries]
    return []


def _cells(
    source_map: SourceMap, columns: Sequence[str] | None, samples: Sequence[Mapping[str, object]]
) -> dict[str, list[object]]:
    find: Find = getter if columns is None else Columns(columns, optional=True).getter
    entries: list[Entry] = []
    for record in samples:
        entries += unfolded(record, source_map.entries) if columns is None else [Entry(record)]
    found: dict[str, list[object]] = {}
    for target, feed in source_map.columns.items():
        with suppress(Misconfigured, Permanent):
            get = fed(feed, find, target, source_map)
            if get is not None:
                found[target] = [value for entry in entries if (value := get(entry)) not in (None, "")]
    return found


def _fits(read: Callable[[object, list[str]], object], value: object) -> str | None:
    """Returns why a value cannot be read, or None."""
    try:
        read(value, [])
    except Permanent as error:
        return error.code
    return None


def _reads_all(read: Callable[[object, list[str]], object], values: list[object]) -> bool:
    return all(_fits(read, value) is None for value in values)


def _order(
    source_map: SourceMap, values: list[object], column: str, questions: list[Question]
) -> dict[str, object]:
    if source_map.order is not None or _reads_all(Times(source_map.times), values):
        return _only_order(source_map, values)
    readable = _readable_orders(source_map, values)
    doubtful = any(_fits(Times(source_map.times), value) == "ambiguous_date" for value in values)
    if len(readable) == 1:
        return {"order": readable[0]}
    if doubtful and readable:
        orders = f"{', '.join(map(str, readable[:-1]))} or {readable[-1]}"
        text = f"column {column!r}: what does {_ambiguous(source_map, values)} begin with? --date-order {orders}"
        questions.append(Question("order", text))
    elif doubtful:
        text = f"column {column!r}: some dates begin with the day and others with the month, or are no dates"
        questions.append(Question("order", text))
    return {}


def _only_order(source_map: SourceMap, values: list[object]) -> dict[str, object]:
    """Returns the order that all dates of the sample have, so that a later one cannot be doubted."""
    if source_map.order is not None:
        return {}
    readable = _readable_orders(source_map, values)
    return {"order": readable[0]} if len(readable) == 1 else {}


def _readable_orders(source_map: SourceMap, values: list[object]) -> list[Order]:
    orders: tuple[Order, ...] = ("dmy", "mdy", "ymd")
    return [order for order in orders if _reads_all(Times(source_map.times, None, order), values)]


def _ambiguous(source_map: SourceMap, values: list[object]) -> object:
    times = Times(source_map.times)
    return next(value for value in values if _fits(times, value) == "ambiguous_date")


def _ask_for_zone(source_map: SourceMap, values: list[object], column: str, questions: list[Question]) -> None:
    if source_map.zone is not None:
        return
    order = source_map.order or "dmy"
    east, west = (Times(source_map.times, ZoneInfo(zone), order) for zone in ("Asia/Tokyo", "America/Lima"))
    local = 0
    read = 0
    for value in values:
        with suppress(Permanent):
            one, other = east(value, []), west(value, [])
            read += 1
            local += datetime.fromisoformat(str(one)) != datetime.fromisoformat(str(other))
    if local:
        some = "the times state no zone" if local == read else f"{local} of {read} times state no zone"
        text = f"column {column!r}: {some} and count as UTC: --zone Europe/Berlin, or whichever it is"
        questions.append(Question("zone", text))


def _ask_for_format(source_map: SourceMap, values: list[object], column: str, questions: list[Question]) -> None:
    if source_map.times or len(values) < _FEW:
        return
    texts = [str(value).strip() for value in values]
    if all(len(text) == 10 and text.isdigit() for text in texts) and all(map(_is_compact, texts)):
        text = f"column {column!r}: these may be years of two digits: --time-format {_TWO_DIGIT_YEARS}"
        questions.append(Question("times", text))


def _is_compact(text: str) -> bool:
    with suppress(ValueError):
        return bool(datetime.strptime(text, _TWO_DIGIT_YEARS))
    return False


def _ask_for_ids(values: list[object], column: str, questions: list[Question]) -> None:
    long = [text for value in values if len(text := str(value).strip()) > SPREADSHEET_DIGITS and text.isdigit()]
    if len(long) >= _FEW and all(set(text[SPREADSHEET_DIGITS:]) == {"0"} for text in long):
        text = f"column {column!r}: all long ids end in zeros, as a spreadsheet leaves them: export them as text"
        questions.append(Question("ids", text))
        return
    longest = [text for text in long if len(text) >= _TELLING_DIGITS]
    if len(longest) >= _FEW and all(int(Decimal(repr(float(text)))) == int(text) for text in longest):
        how = "export them as text, or say --ids exact"
        text = f"column {column!r}: all long ids look rounded, as JavaScript leaves them: {how}"
        questions.append(Question("rounded", text))


def _decimal(
    cells: Mapping[str, list[object]], source_map: SourceMap, questions: list[Question]
) -> dict[str, object]:
    only = {",": 0, ".": 0}
    doubtful = ""
    for target, values in cells.items():
        if target not in COUNT_TARGETS | NUMBER_TARGETS:
            continue
        whole = target in COUNT_TARGETS
        for value in values:
            if not isinstance(value, str):
                continue
            fits = {sign: _sensible(amounts.number, value, sign, whole) for sign in only}
            if sum(fits.values()) == 1:
                only[next(sign for sign in fits if fits[sign])] += 1
            doubtful = ", ".join(source_map.columns[target].of) if _is_ambiguous(value, whole) else doubtful
    signs = [sign for sign, count in only.items() if count]
    if len(signs) == 1:
        return {"decimal": signs[0]}
    if len(signs) > 1 or doubtful:
        column = f"column {doubtful!r}: " if doubtful else ""
        questions.append(Question("decimal", f"{column}which sign do decimals have? --decimal , or --decimal ."))
    return {}


def _sensible(read: Callable[..., object], value: str, sign: str, whole: bool) -> bool:
    with suppress(Permanent):
        found = read(value, sign, whole, [])
        return found is None or not whole or isinstance(found, int)
    return False


def _is_ambiguous(value: str, whole: bool) -> bool:
    try:
        amounts.number(value, None, whole, [])
    except Permanent as error:
        return error.code == "ambiguous_number"
    return False
