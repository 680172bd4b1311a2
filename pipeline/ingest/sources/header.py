"""Finds the columns of a table by the names of a map."""

from collections.abc import Sequence

from pipeline.errors import Misconfigured
from pipeline.ingest.sources.paths import Entry, Getter
from pipeline.ingest.sources.values.plain import INVISIBLE
from pipeline.input_mistakes import did_you_mean

_MOST_NAMED = 40


class Columns:
    """Knows the columns of one table.

    Args:
        names: in order; a second column of one name is called `name#2`.
        optional: whether a column may be missing, as in the map of a source whose exports differ.
    """

    def __init__(self, names: Sequence[str], *, optional: bool = False) -> None:
        self._names = list(names)
        self._optional = optional
        self._alike: dict[str, list[str]] = {}
        for name in names:
            self._alike.setdefault(alike(name), []).append(name)

    def getter(self, name: str, field: str) -> Getter | None:
        """Returns what takes the cell of a column, or None if the table may lack it and does.

        A column is found also in other letters and with other blanks, where that leads to one column only.
        `text#1` is the first of several columns `text`. The field that it feeds is for the message.

        Raises:
            Misconfigured: there is no such column, or there are several.
        """
        if name in self._names:
            if f"{name}#2" in self._names:
                raise Misconfigured(
                    f"there are several columns {name!r} (for {field}): say {name}#1 or {name}#2; "
                    f"there are: {self}"
                )
            return _cell(name)
        first = name.removesuffix("#1")
        if first != name and first in self._names:
            return _cell(first)
        others = self._alike.get(alike(name), [])
        if len(others) == 1:
            return _cell(others[0])
        if self._optional and not others:
            return None
        hint = did_you_mean(name, self._names)
        raise Misconfigured(f"there is no column {name!r} (for {field}){hint}; there are: {self}")

    def __str__(self) -> str:
        more = f", ... ({len(self._names):,} in all)" if len(self._names) > _MOST_NAMED else ""
        return ", ".join(self._names[:_MOST_NAMED]) + more


def alike(name: str) -> str:
    """Returns what names have in common that differ in letters, blanks and unseen signs only."""
    return "".join(name.translate(INVISIBLE).replace("_", " ").split()).casefold()


def _cell(name: str) -> Getter:
    def get(entry: Entry) -> object:
        return entry.record.get(name)

    return get
