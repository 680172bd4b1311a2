"""Defines the map of a source: where each field of a RawPost stands in an export, for tables and JSON alike.

People write it as YAML. Everything in it is checked before the first row is read.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from pipeline.errors import Misconfigured
from pipeline.ingest.sources.values.dates import Order
from pipeline.ingest.sources.values.times import SPREADSHEET
from pipeline.input_mistakes import plain

ID_TARGETS = frozenset({"post_id", "in_reply_to", "repost_of", "quote_of", "conversation_id"})
AUTHOR_TARGETS = frozenset({"author.author_id", "in_reply_to_author", "repost_of_author", "quote_of_author"})
TIME_TARGETS = frozenset({"created_at", "author.created_at", "reply.until"})
COUNT_TARGETS = frozenset(
    {"revision", "author.followers", "author.following", "metrics.likes", "metrics.reposts", "metrics.replies",
     "metrics.views", "reply.max_graphemes"}
)  # fmt: skip
NUMBER_TARGETS = frozenset({"rating", "reply.cost"})
BOOLEAN_TARGETS = frozenset({"deleted", "author.verified", "author.anonymous", "reply.allowed"})
TEXT_TARGETS = frozenset({"text", "title"})
WORD_TARGETS = frozenset(
    {"workspace", "platform", "place", "visibility", "url", "lang", "author.handle", "author.name", "reply.reason"}
)
TARGETS = (
    ID_TARGETS | AUTHOR_TARGETS | TIME_TARGETS | COUNT_TARGETS | NUMBER_TARGETS | BOOLEAN_TARGETS | TEXT_TARGETS
    | WORD_TARGETS
)  # fmt: skip
"""A map can feed each of these fields of RawPost. A test compares them with the contract."""
REQUIRED = ("post_id", "author.author_id", "created_at", "platform", "workspace")
ANONYMOUS = "author.anonymous"
_OPTIONS = {
    "times": "--time-format", "zone": "--zone", "order": "--date-order", "decimal": "--decimal",
    "delimiter": "--delimiter", "ids": "--ids", "escape": "--escape", "header": "--header",
    "encoding": "--encoding",
}  # fmt: skip
_CALL = re.compile(r"(?P<how>first|join|hash)\((?P<paths>.*)\)", re.DOTALL)
_ANY_TIME = datetime(2026, 12, 25, 18, 30, tzinfo=UTC)
_CONFIG = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


def _alone(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_alone)]


class Feed(BaseModel):
    """Says from which columns or paths the value of one field is made."""

    model_config = _CONFIG

    of: Names = Field(
        min_length=1, description="columns of a table, or paths in a JSON entry; 'x' is the word x, for join"
    )
    how: Literal["first", "join", "hash"] = Field(
        default="first",
        description="first takes the first that is there; join puts all that are there together; hash makes an id "
        "of all of them",
    )
    by: str | None = Field(default=None, description="what join puts between them; a blank, or a dash in ids")
    part: str | None = Field(
        default=None, description="regular expression; the value is what its first group matches, or all of it"
    )

    @model_validator(mode="after")
    def _part_is_a_pattern(self) -> "Feed":
        _a_pattern(self.part or "")
        return self


def feed_of(spelled: str) -> Feed:
    """Reads `column`, `first(a, b)`, `join(a, b)` or `hash(a, b)`."""
    call = _CALL.fullmatch(spelled.strip())
    if call is None:
        return Feed(of=(spelled.strip(),))
    paths = tuple(path.strip() for path in call["paths"].split(",") if path.strip())
    return Feed(of=paths, how=call["how"])


def fed_by(value: object) -> object:
    """Returns the feed that a map spells as a text; any other value as it is, for pydantic to judge."""
    return feed_of(value) if isinstance(value, str) else feed_of(str(value)) if isinstance(value, int) else value


def _in_words(value: object) -> object:
    # YAML reads an unquoted `true` as a boolean; a cell spells it as a table does.
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def _a_format(form: str) -> str:
    try:
        if form != SPREADSHEET:
            datetime.strptime(_ANY_TIME.strftime(form), form)
    except (ValueError, re.error):
        raise ValueError(f"{form!r} is no format for strptime, such as %d/%m/%Y %H:%M") from None
    return form


def _a_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise ValueError(f"{name!r} is no zone's name, such as Europe/Berlin") from None
    return name


def a_target(name: str) -> str:
    """Returns the name of a field of RawPost that a map may feed.

    Raises:
        ValueError: there is no such field.
    """
    if name not in TARGETS:
        raise ValueError(f"RawPost has no field {name}; there are {', '.join(sorted(TARGETS))}")
    return name


def _a_pattern(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from None
    return pattern


Pattern = Annotated[str, AfterValidator(_a_pattern)]
Target = Annotated[str, AfterValidator(a_target)]
Spelled = Annotated[str, BeforeValidator(_in_words)]
Words = Annotated[tuple[Spelled, ...], BeforeValidator(_alone)]
Formats = Annotated[tuple[Annotated[str, AfterValidator(_a_format)], ...], BeforeValidator(_alone)]
OneSign = Annotated[str, StringConstraints(min_length=1, max_length=1)]


class SourceMap(BaseModel):
    """Where the fields of a RawPost stand in the exports of one source."""

    model_config = _CONFIG

    name: str = Field(default="", description="short name of the source, such as reddit-comments")
    title: str = Field(default="", description="what a person calls it")
    page: Words = Field(default=(), description="addresses of the pages that document its columns")
    needs: Words = Field(
        default=(), description="columns or paths by which the source is known; all of them are there in each file"
    )
    lacks: Words = Field(default=(), description="columns or paths that another source has, and this one has not")
    entries: Words = Field(
        default=(),
        description="paths of lists in a record of the file whose elements are the posts, such as "
        "tickets.comments; the first that leads anywhere is taken, and `a + b` takes both",
    )
    only: Mapping[str, Words] = Field(
        default_factory=dict, description="words that a column or path must have, or the entry is no post"
    )
    skips: Mapping[str, Pattern] = Field(
        default_factory=dict, description="a column or path with how its value begins in entries that are no posts"
    )
    nested: Words = Field(
        default=(), description="paths of lists in an entry whose elements are posts too, and are left out"
    )
    links: Mapping[Target, Words] = Field(
        default_factory=dict,
        description="paths of lists of url and expanded_url; short addresses in the text become the others",
    )
    columns: Mapping[Target, Annotated[Feed, BeforeValidator(fed_by)]] = Field(default_factory=dict)
    constants: Mapping[Target, Spelled] = Field(
        default_factory=dict, description="what each post gets whose own cell for the field is empty or not there"
    )
    values: Mapping[Target, Mapping[Spelled, Spelled]] = Field(
        default_factory=dict, description="what words of a field's cells mean; other words stay"
    )
    times: Formats = Field(
        default=(), description="strptime formats that are tried before the known ones; excel for serial days"
    )
    zone: Annotated[str, AfterValidator(_a_zone)] | None = Field(
        default=None, description="zone of times that state none, such as Europe/Berlin; UTC if absent"
    )
    order: Order = Field(default=None, description="dmy, mdy or ymd: what 05/06/13 begins with")
    decimal: Literal[".", ","] | None = Field(default=None, description="sign before the decimals of numbers")
    markup: Mapping[Target, Literal["html", "entities"]] = Field(
        default_factory=dict, description="texts that are HTML, or plain with &amp; and its like"
    )
    nobody: Words = Field(default=(), description="more names that stand for authors who are not named")
    ids: Literal["checked", "exact"] = Field(
        default="checked", description="exact takes long ids that end in zeros, as those that lost digits do"
    )
    delimiter: OneSign | None = Field(default=None, description="sign between the columns of a table")
    escape: OneSign | None = Field(default=None, description="sign before a quote inside a quoted cell")
    header: int | None = Field(default=None, ge=1, description="line of the header of a table, from 1")
    encoding: str | None = Field(default=None, description="encoding of the file")

    def with_defaults(self, workspace: str | None, platform: str | None) -> Self:
        """Returns the map that `--workspace` and `--platform` complete, for posts whose own cell says nothing.

        Raises:
            Misconfigured: a field that every post needs has no source.
        """
        given = {"workspace": workspace, "platform": platform}
        defaults = {
            name: value for name, value in given.items() if value is not None and name not in self.constants
        }
        return self.model_copy(update={"constants": {**self.constants, **defaults}}).checked()

    def over(self, other: "SourceMap") -> "SourceMap":
        """Returns the other map in all that this one leaves open. A field that this one feeds is its own."""
        mine = {*self.columns, *self.constants}
        said = self.model_dump(exclude_defaults=True, exclude={"columns", "constants"})
        parts = ("columns", "constants", "values", "markup", "links")
        rest = {
            part: {name: of for name, of in getattr(other, part).items() if name not in mine} for part in parts
        }
        own = {part: {**rest[part], **getattr(self, part)} for part in parts}
        return other.model_copy(update={**said, **own})

    def with_options(self, options: Mapping[str, object]) -> Self:
        """Returns the map with what the operator says of times, numbers and the file. None says nothing.

        Formats of times stand before those of the map.

        Raises:
            Misconfigured: an option has no such value.
        """
        said = {name: value for name, value in options.items() if value is not None}
        if isinstance(said.get("times"), list | tuple):
            said["times"] = [*said["times"], *self.times]  # type: ignore[misc]
        try:
            return type(self).model_validate({**self.model_dump(exclude_defaults=True), **said})
        except ValidationError as error:
            problem = error.errors(include_url=False)[0]
            raise Misconfigured(f"{_OPTIONS[str(problem['loc'][0])]}: {plain(problem)}") from None

    def checked(self) -> Self:
        """Returns the map itself.

        Raises:
            Misconfigured: a field that every post needs has no source.
        """
        has_no_authors = self.constants.get(ANONYMOUS) == "true"
        missing = [
            name
            for name in REQUIRED
            if name not in self.columns
            and name not in self.constants
            and not (name == "author.author_id" and has_no_authors)
        ]
        if missing:
            ids = "; where there is no id, make one of several columns (post_id=hash(date, author, text))"
            raise Misconfigured(
                f"column map: no source for {', '.join(missing)}: name a column (post_id=tweet_id), a constant "
                f"(platform==twitter), or use --workspace and --platform{ids if 'post_id' in missing else ''}"
            )
        return self
