"""Defines what is decided about an export before its first post is sent.

A decision goes into the manifest, so that a resumed run never decides again.
"""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from pipeline.ingest.look.container import Packing

Quoting = Literal["double", "backslash", "none", "dump"]
Doubt = Literal["", "quotes", "backslashes"]
Layout = Literal["lines", "values", "array"]


@dataclass(frozen=True)
class Dialect:
    """Says how the cells of a line are parted."""

    delimiter: str = ","
    quoting: Quoting = "double"
    """How a quote within a quoted cell is written: `""`, or a backslash before it. `none`: cells are never
    quoted. `dump`: nor are those of databases, which write a line end as `\\n` and an absent cell as `\\N`."""
    spaced: bool = False
    """Whether a blank that follows a delimiter belongs to neither cell."""
    doubt: Doubt = ""
    """What the sample leaves open, so that a row that has it is refused: a cell in `quotes`, where no cell was
    quoted, or `backslashes` before signs, which may be escapes."""


@dataclass(frozen=True)
class Table:
    """Says how a text is a table."""

    dialect: Dialect
    header_line: int
    """This is the number of the line with the names of the columns, or 0 if the operator has named them."""
    names: tuple[str, ...]
    """Lists the columns. The second one of a name is called `name#2`."""
    width: int
    """Each row has so many cells."""


@dataclass(frozen=True)
class Json:
    """Says how a text is JSON."""

    layout: Layout
    """The entries stand one a line, as values after each other that may span lines, or in one long array."""
    path: tuple[str, ...] = ()
    """Lists the keys that lead to the entries, in each value of the text or in the one that holds the array."""


@dataclass(frozen=True)
class Decision:
    """Says what an export is."""

    packing: Packing
    encoding: str
    returns: bool
    """Whether a bare carriage return ends its lines."""
    form: Table | Json

    def document(self) -> dict[str, Any]:
        """Returns the decision as JSON has it."""
        kind = "table" if isinstance(self.form, Table) else "json"
        return {**asdict(self), "packing": list(self.packing), "form": {"kind": kind, **_plain(asdict(self.form))}}

    @staticmethod
    def of(document: dict[str, Any]) -> "Decision":
        """Returns the decision that `document` describes."""
        form = dict(document["form"])
        found: Table | Json
        if form.pop("kind") == "table":
            names = tuple(form.pop("names"))
            found = Table(Dialect(**form.pop("dialect")), names=names, **form)
        else:
            found = Json(form["layout"], tuple(form["path"]))
        return Decision(Packing(*document["packing"]), document["encoding"], document["returns"], found)


def _plain(form: dict[str, Any]) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in form.items()}


@dataclass(frozen=True)
class Asked:
    """Holds what the operator says about an export. What is None is found out."""

    member: str | None = None
    """The file within a zip archive, or the sheet of a workbook."""
    encoding: str | None = None
    delimiter: str | None = None
    quoting: Quoting | None = None
    header: str | None = None
    """The number of the line with the names of the columns, or the names themselves, parted by commas."""
    entries: str | None = None
    """The keys that lead to the entries of JSON, parted by dots."""
    columns: frozenset[str] = frozenset()
    """The columns that a map needs. The first line that has them all is the header."""
