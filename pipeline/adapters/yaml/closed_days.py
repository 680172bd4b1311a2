"""Writes dates on which a calendar is closed into the file of a policy, and leaves every other line as it is.

The file is read for the places of its parts only. Writing it anew would keep the comments, but not how its owner
has laid it out.
"""

import re
from collections.abc import Mapping
from datetime import date

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from pipeline.errors import Misconfigured

_ONE_LINE = re.compile(r"^(?P<key>\s*(?:- +)?closed:)\s*\[[^\]]*\](?P<comment>\s*#.*)?\s*$")
"""Matches a list of dates that stands on one line."""


def with_closed_days(text: str, at: int, days: Mapping[date, str]) -> str:
    """Returns the text of a policy with more dates, in order, on which one of its calendars is closed.

    Args:
        text: of a policy without mistakes.
        at: number of the calendar in the policy, from 0.
        days: dates that the calendar does not have yet, with the names that stand behind them as comments.

    Raises:
        Misconfigured: the calendar is written in a way into which no line can be put. The message begins with its
            line and field.
    """
    calendar = _calendar(text, at)
    lines = text.split("\n")
    if calendar.fa.flow_style():
        raise _by_hand(calendar.lc.line, at, "give each field of the calendar a line of its own")
    if {"zone", "closed"} & (calendar.keys() - calendar.lc.data.keys()):
        raise _by_hand(calendar.lc.line, at, "write out zone and closed, which come from another part")
    if "\r" in text.replace("\r\n", ""):
        raise _by_hand(calendar.lc.line, at, "end each line as Unix or Windows does")
    closed = calendar.get("closed")
    if closed is None:
        after = calendar.lc.key("zone")
        added = [f"{' ' * after[1]}closed:", *_entries(after[1] + 2, days)]
        lines[after[0] + 1 : after[0] + 1] = added
    elif isinstance(closed, CommentedSeq) and not closed.fa.flow_style() and len(closed):
        _put_between(lines, closed, days)
    else:
        line, column = calendar.lc.key("closed")
        found = _ONE_LINE.match(lines[line])
        if found is None:
            raise _by_hand(line, at, "give each date under closed a line of its own")
        merged = sorted({**dict.fromkeys(closed, ""), **days}.items(), key=lambda item: str(item[0]))
        lines[line : line + 1] = [f"{found['key']}{found['comment'] or ''}", *_entries(column + 2, dict(merged))]
    if "\r\n" in text:
        lines[:-1] = [line if line.endswith("\r") else f"{line}\r" for line in lines[:-1]]
    amended = "\n".join(lines)
    _check(text, amended, at, days)
    return amended


def _calendar(text: str, at: int) -> CommentedMap:
    calendar = YAML(typ="rt").load(text)["calendars"][at]
    assert isinstance(calendar, CommentedMap), "a policy without mistakes has calendars"
    return calendar


def _put_between(lines: list[str], closed: CommentedSeq, days: Mapping[date, str]) -> None:
    places = [(str(day), closed.lc.item(number)[0]) for number, day in enumerate(closed)]
    column = lines[places[0][1]].index("-")
    # From the last on, so that the numbers of the lines before stay right.
    for day, name in sorted(days.items(), reverse=True):
        before = [line for earlier, line in places if earlier < str(day)]
        place = max(before) + 1 if before else places[0][1]
        lines[place:place] = _entries(column, {day: name})


def _entries(column: int, days: Mapping[date, str]) -> list[str]:
    return [f"{' ' * column}- {day}" + (f" # {name}" if name else "") for day, name in days.items()]


def _check(text: str, amended: str, at: int, days: Mapping[date, str]) -> None:
    """Raises if anything but the dates of that calendar has changed."""
    yaml = YAML(typ="safe")
    before = yaml.load(text)
    try:
        after = yaml.load(amended)
    except YAMLError:
        raise _by_hand(_calendar(text, at).lc.line, at, "give each zone and date one line") from None
    closed = {str(day) for day in before["calendars"][at].pop("closed", None) or ()}
    now = [str(day) for day in after["calendars"][at].pop("closed")]
    if before != after or sorted(now) != sorted(closed | {str(day) for day in days}):
        raise _by_hand(_calendar(text, at).lc.line, at, "the calendar shares its dates with another part")


def _by_hand(line: int, at: int, what: str) -> Misconfigured:
    return Misconfigured(f"{line + 1}: calendars[{at}]: {what}, so that dates can be put in")
