"""Tells the operator which lines of a file cannot be posts, by kinds of mistakes with what helps, and which
optional cells the posts go without.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pipeline.errors import Permanent
from pipeline.ingest.lines import LeftOut

PLACES = 3
"""So many lines are named of each kind."""
MOST_KINDS = 200
"""Mistakes of further kinds are told apart by their code alone, because a bad file must not fill the memory."""
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_HELP = {
    ("invalid_field", "workspace", "is missing"): "add --workspace NAME for posts that state none",
    ("invalid_field", "platform", "is missing"): "add --platform NAME for rows that state none",
}

NOTES = {
    "half_character": "half a character became U+FFFD",
    "nul": "a NUL became U+FFFD",
    "nested_posts": "the posts in it are left out; a map whose entries lead there takes them (--map)",
    "name_as_id": "a name stands for the id, so people of one name count as one",
    "ambiguous_hour": "the hour comes twice when clocks go back, and the first is taken",
    "unknown_visibility": "the word is not known, and counts as direct",
    "no_author": "it names nobody, so the author counts as anonymous",
}
"""Cells with these codes are not left out but taken in another way than they stand there."""


def kind_of(reason: Permanent) -> str:
    """Returns what mistakes of one kind have in common: the reason without the numbers in its detail."""
    return f"{reason.code}/{reason.field}/{_NUMBER.sub('#', reason.detail)}"


def what_helps(reason: Permanent, column: str) -> str:
    """Returns the one thing to change where most lines of a file have the same mistake.

    Args:
        reason: of the lines.
        column: the source's name of the field, or an empty text where the reason concerns no single field.
    """
    found = _HELP.get((reason.code, reason.field or "", reason.detail))
    if found is not None:
        return found
    if (reason.field or "").endswith("created_at"):
        return f"say with --time-format how column '{column}' writes times, or map another column"
    if column:
        return f"map another column to {reason.field}, or mend column '{column}'"
    return "see whether the delimiter, the encoding and the format are those of the file"


@dataclass
class _Kind:
    first: Permanent
    count: int = 0
    lines: list[int] = field(default_factory=list)


class Rejections:
    """Names the first line of each kind of mistake when it comes, and at the end how many there are and where.

    Cells that are left out are counted, and told once a column at the end.

    Args:
        name: of the file.
        say: takes each line of text for the operator.
        columns: field of RawPost to the source's name of it, where they differ.
    """

    def __init__(self, name: str, say: Callable[[str], None], columns: Mapping[str, str] | None = None) -> None:
        self._name = name
        self._say = say
        self._columns = columns or {}
        self._kinds: dict[str, _Kind] = {}
        self._left_out: dict[LeftOut, list[int]] = {}

    def __call__(self, line: int, reason: Permanent) -> None:
        """Takes the number of a line, and why it is no post."""
        name = kind_of(reason)
        if name not in self._kinds and len(self._kinds) >= MOST_KINDS:
            name = reason.code
        kind = self._kinds.setdefault(name, _Kind(reason))
        kind.count += 1
        if len(kind.lines) < PLACES:
            kind.lines.append(line)
        if kind.count == 1:
            self._say(f"{self._name}:{line}: {self._told(reason)}")

    def left_out(self, line: int, cell: LeftOut) -> None:
        """Takes the number of a line whose post goes without that cell."""
        seen = self._left_out.setdefault(cell, [line, 0])
        seen[1] += 1

    @property
    def left_out_counts(self) -> dict[str, int]:
        """Counts the cells that were left out, by column."""
        counts: dict[str, int] = {}
        for cell, (_, count) in self._left_out.items():
            counts[cell.column] = counts.get(cell.column, 0) + count
        return counts

    def end(self) -> None:
        """Tells where and how often each kind of mistake stands, and what was left out of each column."""
        for kind in self._kinds.values():
            if kind.count > 1:
                more = f" and {kind.count - PLACES:,} more" if kind.count > PLACES else ""
                lines = ", ".join(map(str, kind.lines))
                self._say(f"{self._name}: {kind.count:,} rejected in lines {lines}{more}: {kind.first}")
        for cell, (first, count) in self._left_out.items():
            note = NOTES.get(cell.code)
            what = note or f"left out as {cell.code}; --strict refuses such posts"
            self._say(
                f"{self._name}: column '{cell.column}': {count:,} of {cell.field}, first in line {first}: {what}"
            )

    def _told(self, reason: Permanent) -> str:
        column = self._columns.get(reason.field or "")
        where = "" if column is None or column in reason.detail else f" (column '{column}')"
        found = _HELP.get((reason.code, reason.field or "", reason.detail))
        return f"{reason}{where}" + ("" if found is None else f": {found}")
