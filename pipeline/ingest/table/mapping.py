"""Says which column of a table feeds which field of a RawPost. It has two spellings, and both are checked.

The text of `--columns` or the contents of a `--map` file become a `ColumnMap`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pipeline.errors import Misconfigured

ID_TARGETS = frozenset(
    {"post_id", "author.author_id", "in_reply_to", "repost_of", "quote_of", "conversation_id",
     "in_reply_to_author", "repost_of_author", "quote_of_author"}
)  # fmt: skip
TIME_TARGETS = frozenset({"created_at", "author.created_at", "reply.until"})
NUMBER_TARGETS = frozenset(
    {"revision", "rating", "author.followers", "author.following",
     "metrics.likes", "metrics.reposts", "metrics.replies", "metrics.views",
     "reply.max_graphemes", "reply.cost"}
)  # fmt: skip
BOOLEAN_TARGETS = frozenset({"deleted", "author.verified", "author.anonymous", "reply.allowed"})
TEXT_TARGETS = frozenset({"text", "title"})
WORD_TARGETS = frozenset(
    {"workspace", "platform", "place", "visibility", "url", "lang", "author.handle", "author.name", "reply.reason"}
)
TARGETS = ID_TARGETS | TIME_TARGETS | NUMBER_TARGETS | BOOLEAN_TARGETS | TEXT_TARGETS | WORD_TARGETS
"""A column can feed each of these fields of RawPost. A test compares them with the contract."""
REQUIRED = ("post_id", "author.author_id", "created_at", "platform", "workspace")
_PART = re.compile(r"^\s*(?P<target>[a-z_.]+)\s*(?P<sign>==?)\s*(?P<source>.*?)\s*$")
_OTHER_DELIMITERS = {";": "';'", "\t": "$'\\t'", "|": "'|'"}
"""Signs that other exports put between columns, each as a shell takes it."""
_ANY_TIME = datetime(2026, 12, 25, 18, 30, tzinfo=UTC)
_KEYS = frozenset({"columns", "constants", "times", "delimiter"})


@dataclass(frozen=True)
class ColumnMap:
    """Maps fields of a RawPost to where they come from.

    Raises:
        Misconfigured: an unknown field, a delimiter that is not one character, or a format that reads no time.
    """

    columns: Mapping[str, str]
    """Maps a field to the name of a column."""
    constants: Mapping[str, str] = field(default_factory=dict)
    """Maps a field to a fixed cell that every row gets."""
    times: Sequence[str] = ()
    """Lists strptime formats that are tried before the known ones."""
    delimiter: str = ","

    def __post_init__(self) -> None:
        unknown = sorted({*self.columns, *self.constants} - TARGETS)
        if unknown:
            raise Misconfigured(
                f"column map: RawPost has no field {', '.join(unknown)}; there are {', '.join(sorted(TARGETS))}"
            )
        if len(self.delimiter) != 1:
            raise Misconfigured("column map: the delimiter must be one character")
        for form in self.times:
            try:
                datetime.strptime(_ANY_TIME.strftime(form), form)
            except (ValueError, re.error):
                raise Misconfigured(
                    f"column map: {form!r} (--time-format) is no format for strptime, such as %d/%m/%Y %H:%M"
                ) from None

    def with_defaults(self, workspace: str | None, platform: str | None) -> "ColumnMap":
        """Returns the map that `--workspace` and `--platform` complete. What the map says itself stays.

        Raises:
            Misconfigured: a field that every post needs has no source.
        """
        given = {"workspace": workspace, "platform": platform}
        defaults = {
            name: value
            for name, value in given.items()
            if value is not None and name not in self.columns and name not in self.constants
        }
        constants = {**self.constants, **defaults}
        missing = [name for name in REQUIRED if name not in self.columns and name not in constants]
        if missing:
            raise Misconfigured(
                f"column map: no source for {', '.join(missing)}: name a column (post_id=tweet_id), a constant "
                "(platform==twitter), or use --workspace and --platform"
            )
        return ColumnMap(self.columns, constants, self.times, self.delimiter)

    def check_header(self, header: Sequence[str], file: str) -> None:
        """Compares the map with the columns that a file has.

        Raises:
            Misconfigured: a mapped column is missing or there twice; names the file and what exists.
        """
        exist = ", ".join(header)
        # A header that was not parted at all means another delimiter.
        other = next((sign for sign in _OTHER_DELIMITERS if len(header) == 1 and sign in header[0]), None)
        remedy = "" if other is None else f"; try --delimiter {_OTHER_DELIMITERS[other]}"
        for target, column in self.columns.items():
            if column not in header:
                missing = f"{file}: there is no column {column!r} (for {target}); there are: {exist}{remedy}"
                raise Misconfigured(missing)
            # Either column could be meant, and a wrong guess would go unnoticed.
            if list(header).count(column) > 1:
                raise Misconfigured(f"{file}: there are several columns {column!r}; there are: {exist}")


def parse_columns(spec: str) -> ColumnMap:
    """Reads `field=column` and `field==constant`, parted by commas, e.g. `post_id=tweet_id,platform==twitter`.

    Raises:
        Misconfigured: a part has another form, or a field is named twice.
    """
    columns: dict[str, str] = {}
    constants: dict[str, str] = {}
    for part in filter(str.strip, spec.split(",")):
        found = _PART.match(part)
        if found is None or not found["source"]:
            raise Misconfigured(f"--columns: {part.strip()!r} is neither field=column nor field==constant")
        if found["target"] in columns or found["target"] in constants:
            raise Misconfigured(f"--columns: {found['target']} is named twice")
        (columns if found["sign"] == "=" else constants)[found["target"]] = found["source"]
    return ColumnMap(columns, constants)


def from_document(document: object, file: str) -> ColumnMap:
    """Reads the map of a YAML file, which has `columns` and optionally `constants`, `times` and `delimiter`.

    Raises:
        Misconfigured: another form; names the file and the key.
    """
    if not isinstance(document, Mapping) or not isinstance(document.get("columns"), Mapping):
        raise Misconfigured(f"{file}: a mapping with the key 'columns' (field: column) is needed")
    unknown = sorted(str(key) for key in set(document) - _KEYS)
    if unknown:
        raise Misconfigured(f"{file}: unknown key {', '.join(unknown)}; there are {', '.join(sorted(_KEYS))}")
    constants, times = document.get("constants", {}), document.get("times", [])
    if not isinstance(constants, Mapping) or not isinstance(times, list):
        raise Misconfigured(f"{file}: constants must map fields to values, times must list strptime formats")
    return ColumnMap(
        {str(target): str(column) for target, column in document["columns"].items()},
        {str(target): _spelled(value) for target, value in constants.items()},
        tuple(str(form) for form in times),
        str(document.get("delimiter", ",")),
    )


def _spelled(value: object) -> str:
    # YAML reads an unquoted `true` as a boolean; a cell spells it like a CSV does.
    return str(value).lower() if isinstance(value, bool) else str(value)
