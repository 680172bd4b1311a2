"""Reads a list of customers whole and checks it, before anything of it is sent.

What is right goes into a file without a name, so that what is sent is what was checked, and the memory does not
grow with the list.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from struct import Struct
from typing import IO

from pipeline.app.customers.asked import LoadRequest
from pipeline.app.importing.place import Place
from pipeline.app.importing.recognition import Look, columns_of, described
from pipeline.codec import encode
from pipeline.errors import Misconfigured, Permanent
from pipeline.ingest.customers.customer_map import AS_IT_IS, CustomerMap, guessed
from pipeline.ingest.customers.linking import Linker, MayLink
from pipeline.ingest.customers.whole_list import WholeList
from pipeline.ingest.reading import Export, open_export
from pipeline.ingest.rejections import Rejections
from pipeline.ports.records import Record
from schemas.topics import CUSTOMERS, post_key

_SIZES = Struct("<IQ")


class Spool:
    """Keeps records in a file.

    Args:
        file: empty, open for writing and reading bytes.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def add(self, key: bytes, value: bytes) -> None:
        """Keeps a record. An empty value stands for a tombstone."""
        self._file.write(_SIZES.pack(len(key), len(value)) + key + value)

    def records(self) -> Iterator[Record]:
        """Yields the records in order."""
        self._file.seek(0)
        while sizes := self._file.read(_SIZES.size):
            key, value = map(self._file.read, _SIZES.unpack(sizes))
            yield Record(CUSTOMERS.name, key, value or None)


@dataclass
class Checked:
    """What a list holds."""

    spool: Spool
    whole: WholeList = field(default_factory=WholeList)
    rows: int = 0
    links: int = 0
    taken_back: int = 0
    without_handle: int = 0
    refused: int = 0


def check_list(
    place: Place, request: LoadRequest, may_link: MayLink, spool: Spool, say: Callable[[str], None]
) -> Checked:
    """Reads all rows of a list, and tells what is wrong with them.

    Args:
        place: the bytes.
        request: what the operator wants.
        may_link: says which networks the policies allow.
        spool: is filled.
        say: takes what was decided, and each kind of mistake as FILE:LINE: code: field: detail.

    Raises:
        Misconfigured: it cannot be told what the file is, or it lacks a column.
    """
    export = open_export(place.stream, place.name, request.options.asked)
    customer_map = _map_of(export, request, place.name)
    for decided in described(Look(export.decision, customer_map, False, (), export.header, export.found)):
        say(f"{place.name}: {decided}")
    try:
        linker = Linker(customer_map, columns_of(export.decision), may_link)
    except Misconfigured as error:
        raise Misconfigured(f"{place.name}: {error}") from None
    refuse = Rejections(place.name, say, linker.columns)
    checked = Checked(spool)
    for found in export.found:
        checked.rows += 1
        try:
            if isinstance(found.record, Permanent):
                raise found.record
            _take(checked, linker, found.line, found.record)
        except Permanent as reason:
            checked.refused += 1
            refuse(found.line, reason)
    for line, mistake in checked.whole.mistakes():
        checked.refused += 1
        refuse(line, mistake)
    refuse.end()
    return checked


def _take(checked: Checked, linker: Linker, line: int, record: Mapping[str, object]) -> None:
    links = linker.links(record)
    if not links:
        checked.without_handle += 1
    for link, deleted in links:
        checked.whole.add(line, link)
        checked.taken_back += deleted
        checked.links += not deleted
        value = b"" if deleted else encode(link)
        checked.spool.add(post_key(link.workspace, link.author_id), value)


def _map_of(export: Export, request: LoadRequest, file: str) -> CustomerMap:
    columns = columns_of(export.decision)
    proposed = AS_IT_IS if columns is None else guessed(columns)
    customer_map = request.customer_map or proposed
    said = {name: value for name, value in request.options.said.items() if value}
    try:
        return customer_map.with_options(said).with_defaults(request.workspace, request.options.platform)
    except Misconfigured as error:
        there = "" if columns is None else f"; there are: {', '.join(columns)}"
        raise Misconfigured(f"{file}: {error}{there}") from None
