"""Makes links to customers of the rows of a list. A row that is odd anywhere is refused, never mended."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, get_args
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter, ValidationError

from pipeline.errors import Permanent
from pipeline.ingest.customers.customer_map import HANDLE, LINK_TARGETS, CustomerMap
from pipeline.ingest.sources.feeding import Find, Get, constant, fed
from pipeline.ingest.sources.header import Columns
from pipeline.ingest.sources.paths import Entry, getter
from pipeline.ingest.sources.values import amounts, identity, plain
from pipeline.ingest.sources.values.plain import Reader
from pipeline.ingest.sources.values.times import Times
from pipeline.input_mistakes import plain as in_words
from schemas.base import AuthorId
from schemas.people.customer import CustomerKind, CustomerLink

MayLink = Callable[[str, str], bool]
"""Takes a workspace and a network, and returns whether handles of it may be linked."""
OF_AUTHORS = frozenset({"platform", "author_id", "deleted"})
_AUTHOR_ID: TypeAdapter[str] = TypeAdapter(AuthorId)
_NOBODY = "none:none"
"""Stands for an author until the rest of the link is checked."""
_ADDRESS = re.compile(r"(?:[a-z]+://|www\.).*", re.IGNORECASE | re.DOTALL)
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?)?")
_ERROR = re.compile(r"#(?:REF!|NAME\?|VALUE!|DIV/0!|NUM!|NULL!)")
_BETWEEN = re.compile(r"[,;|/\s]+")


class Linked(NamedTuple):
    """One handle of a row."""

    link: CustomerLink
    deleted: bool
    """Whether the row takes the link back."""


class Linker:
    """Makes links of records.

    Args:
        customer_map: a complete map.
        columns: names of the columns of a table, in order; None for a JSON file.
        may_link: says which networks the policies allow.

    Raises:
        Misconfigured: the table lacks a column of the map, or has it several times, or a path is none.
    """

    def __init__(self, customer_map: CustomerMap, columns: Sequence[str] | None, may_link: MayLink) -> None:
        find: Find = getter if columns is None else Columns(columns).getter
        gets: dict[str, Get] = {name: constant(cell) for name, cell in customer_map.constants.items()}
        for name, feed in customer_map.columns.items():
            get = fed(feed, find, name, customer_map)
            assert get is not None, "no column of this map is optional"
            gets[name] = get
        self._map = customer_map
        self._may_link = may_link
        self._read = _readers(customer_map)
        self._handles = {name: gets.pop(name) for name in list(gets) if name.startswith(HANDLE)}
        self._gets = gets
        self.columns: Mapping[str, str] = {name: ", ".join(feed.of) for name, feed in customer_map.columns.items()}
        """Maps each field to the columns or paths that feed it, in words."""

    def links(self, record: Mapping[str, object]) -> list[Linked]:
        """Returns the links of a record, one for each handle in it; none when it holds no handle.

        Raises:
            Permanent: the record is odd; names the field.
        """
        entry = Entry(record)
        said = {
            name: value
            for name, get in self._gets.items()
            if name not in OF_AUTHORS and (value := self._value(name, get, entry)) is not None
        }
        deleted = "deleted" in self._gets and bool(self._value("deleted", self._gets["deleted"], entry))
        # The rest of a link is checked also where there is no handle, so that all of the list is right or none.
        checked = _link(said | {"author_id": _NOBODY})
        authors = list(self._authors(entry))
        for field, author_id in authors:
            network = author_id.partition(":")[0]
            if not self._may_link(checked.workspace, network):
                raise Permanent("forbidden_platform", f"handles of {network} may not be linked", field)
        return [Linked(checked.model_copy(update={"author_id": author}), deleted) for _, author in authors]

    def _authors(self, entry: Entry) -> Iterator[tuple[str, str]]:
        if "author_id" in self._gets:
            get = self._gets.get("platform")
            network = None if get is None else self._value("platform", get, entry)
            yield from self._author(network, self._gets["author_id"], entry, "author_id")
        for field, get in self._handles.items():
            yield from self._author(field.removeprefix(HANDLE), get, entry, field)

    def _author(self, network: object, get: Get, entry: Entry, field: str) -> Iterator[tuple[str, str]]:
        exact = self._map.ids == "exact"
        author = _read(lambda cell, notes: _author(network, cell, notes, exact), get, entry, field)
        if author is not None:
            try:
                yield field, _AUTHOR_ID.validate_python(author)
            except ValidationError as error:
                raise Permanent("invalid_field", in_words(error.errors(include_url=False)[0]), field) from None

    def _value(self, name: str, get: Get, entry: Entry) -> object:
        return _read(self._read[name], get, entry, name)


def _read(read: Reader, get: Get, entry: Entry, field: str) -> object:
    notes: list[str] = []
    try:
        found = read(get(entry), notes)
    except Permanent as error:
        raise Permanent(error.code, error.detail, field) from None
    # An import of posts takes these in another way than they stand there.
    if identity.NAME_AS_ID in notes:
        raise Permanent("name_as_handle", "a name stands there, and a handle is needed", field)
    if notes:
        raise Permanent("odd_characters", "there is half of a character", field)
    return found


def _readers(customer_map: CustomerMap) -> Mapping[str, Reader]:
    zone = None if customer_map.zone is None else ZoneInfo(customer_map.zone)
    exact, decimal = customer_map.ids == "exact", customer_map.decimal
    readers: dict[str, Reader] = dict.fromkeys(LINK_TARGETS, plain.word)
    readers |= dict.fromkeys(
        ("value", "confidence"), lambda cell, notes: amounts.number(cell, decimal, False, notes)
    )
    return readers | {
        "customer_id": lambda cell, notes: _id(cell, notes, exact),
        "kind": _kind,
        "languages": _languages,
        "platform": plain.platform,
        "preferred_channel": plain.platform,
        "updated_at": Times(customer_map.times, zone, customer_map.order),
        "deleted": plain.boolean,
    }


def _author(network: object, cell: object, notes: list[str], exact: bool) -> str | None:
    found = plain.word(cell, notes)
    if found is None:
        return None
    if _ADDRESS.fullmatch(found):
        raise Permanent(
            "address_as_handle", "a handle is needed: take it out of the address with `part` in the map"
        )
    _refuse_made_up(found)
    if network is None and ":" not in found:
        raise Permanent("no_platform", "say the network: map a column to platform, or use --platform")
    if network is None:
        return identity.bare_id(found, notes, exact=exact)
    return identity.named_id(str(network), found, notes, exact=exact)


def _id(cell: object, notes: list[str], exact: bool) -> str | None:
    found = identity.bare_id(cell, notes, exact=exact)
    if found is not None:
        _refuse_made_up(found)
    return found


def _refuse_made_up(found: str) -> None:
    """Refuses what a spreadsheet has made of an id."""
    if _ERROR.fullmatch(found):
        raise Permanent("spreadsheet_error", "the spreadsheet has an error there, and no id")
    if _DATE.fullmatch(found):
        raise Permanent("date_as_id", "a spreadsheet has made a date of this id: write the column as text")


def _kind(cell: object, notes: list[str]) -> str | None:
    found = plain.word(cell, notes)
    known = get_args(CustomerKind)
    if found is not None and found.lower() not in known:
        # The contract would take a word that it does not know for that of a newer producer.
        raise Permanent(
            "unknown_kind", f"one of {', '.join(known)} is needed: say what the words mean with `values`"
        )
    return None if found is None else found.lower()


def _languages(cell: object, notes: list[str]) -> list[str] | None:
    cells = cell if isinstance(cell, list) else _BETWEEN.split(plain.word(cell, notes) or "")
    tags = [plain.language(one, notes) for one in cells if one]
    return [str(tag).partition("-")[0].lower() for tag in tags] or None


def _link(said: Mapping[str, Any]) -> CustomerLink:
    try:
        return CustomerLink.model_validate(said)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = str(first["loc"][0]) if first["loc"] else None
        raise Permanent("invalid_field", in_words(first), field) from None
