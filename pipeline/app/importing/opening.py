"""Opens the input of an import and yields the posts in it, one by one."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from pipeline.app.importing.place import Place
from pipeline.app.importing.recognition import Look, columns_of, described, look_at
from pipeline.app.importing.request import FileOptions, IngestRequest
from pipeline.app.importing.stop import StopRequest
from pipeline.errors import Misconfigured, Permanent
from pipeline.ingest import jsonl
from pipeline.ingest.lines import Candidate, Found, LeftOut, not_empty, numbered
from pipeline.ingest.look.container import contents
from pipeline.ingest.look.decision import Asked, Decision, Json
from pipeline.ingest.mending import Form, JsonForm, TableForm
from pipeline.ingest.reading import open_export
from pipeline.ingest.sources.mapper import Mapper
from pipeline.ingest.sources.paths import Entry
from pipeline.ingest.sources.source_map import SourceMap
from pipeline.ingest.sources.values.plain import HALF_CHARACTER
from pipeline.ingest.table.columns import open_table

_ADVICE = frozenset({"zone", "ids", "network", "owner", "twins"})
"""What these questions ask has a safe answer, so that a run may begin without one."""


@dataclass(frozen=True)
class Opened:
    """Holds what an input turned out to be."""

    candidates: Iterator[Candidate]
    form: Form
    columns: Mapping[str, str] = field(default_factory=dict)
    """Maps a field of RawPost to the source's name of it."""
    decided: Mapping[str, Any] = field(default_factory=dict)
    """Holds what a look at the file has decided. A resumed run gets it back."""
    left_aside: Mapping[str, int] = field(default_factory=dict)
    """Counts the entries that are no posts by the map, while they are read."""


def open_input(
    request: IngestRequest,
    place: Place,
    stop: StopRequest,
    kept: Mapping[str, Any],
    say: Callable[[str], None],
    done_to: int = 0,
) -> Opened:
    """Opens an input.

    Args:
        request: what the operator wants.
        place: the bytes.
        stop: ends a read that waits.
        kept: what an earlier call for the same run has decided. Nothing is decided again then.
        say: takes what was decided, in sentences.
        done_to: an earlier call has dealt with the lines up to this one, so that nothing is made of them.

    Raises:
        Misconfigured: the file is empty or lacks a column, or it needs an answer that only a person can give.
    """
    try:
        if request.file_options is not None:
            return _any_file(request, request.file_options, place, stop, kept, say, done_to)
        lines = not_empty(stop.until(numbered(contents(place.stream, place.name), place.name)), place.name)
    except Misconfigured:
        if stop.requested:
            raise KeyboardInterrupt from None
        raise
    if request.columns is None:
        return Opened(jsonl.candidates(lines, request.workspace), JsonForm())
    table = open_table(lines, request.columns, place.name, done_to)
    return Opened(table.candidates, TableForm(table.header, request.columns.delimiter or ","), table.columns)


def _any_file(
    request: IngestRequest,
    options: FileOptions,
    place: Place,
    stop: StopRequest,
    kept: Mapping[str, Any],
    say: Callable[[str], None],
    done_to: int,
) -> Opened:
    if kept:
        decision = Decision.of(kept["look"])
        export = open_export(place.stream, place.name, Asked(), decision)
        source_map = None if kept["map"] is None else SourceMap.model_validate(kept["map"])
        look = Look(decision, source_map, source_map is None, (), export.header, export.found)
    else:
        # The sample may come from a pipe that waits, which a stop must end.
        looked = stop.until(look_at(place, request.columns, options) for _ in range(1))
        first = next(looked, None)
        if first is None:
            raise KeyboardInterrupt
        look = first
        advice = (question.text for question in look.questions if question.about in _ADVICE)
        for line in (*described(look), *advice):
            say(f"{place.name}: {line}")
        _ask(look, place.name)
        if look.source_map is not None:
            look = replace(look, source_map=look.source_map.with_defaults(request.workspace, options.platform))
    found = stop.until(look.found)
    source_map = look.source_map
    document = None if source_map is None else source_map.model_dump(mode="json", exclude_defaults=True)
    decided = {"look": look.decision.document(), "map": document}
    if source_map is None:
        return Opened(ours(found, request.workspace), JsonForm(), {}, decided)
    mapper = mapper_of(source_map, look.decision, place.name)
    return Opened(mapped(found, mapper, done_to), _form(look), mapper.columns, decided, mapper.left_aside)


def _ask(look: Look, file: str) -> None:
    needed = [question.text for question in look.questions if question.about not in _ADVICE]
    if needed:
        raise Misconfigured("\n".join(f"{file}: {text}" for text in needed))


def mapper_of(source_map: SourceMap, decision: Decision, file: str) -> Mapper:
    """Returns what makes posts of the records of a file.

    Raises:
        Misconfigured: the file lacks a column of the map.
    """
    try:
        return Mapper(source_map, columns_of(decision))
    except Misconfigured as error:
        raise Misconfigured(f"{file}: {error}") from None


def _form(look: Look) -> Form:
    form = look.decision.form
    if isinstance(form, Json):
        return JsonForm()
    delimiter = form.dialect.delimiter
    return TableForm(look.header or delimiter.join(form.names).encode() + b"\n", delimiter)


def mapped(found: Iterator[Found], mapper: Mapper, done_to: int = 0) -> Iterator[Candidate]:
    """Yields what each post of the records claims to be. Nothing is made of those up to the number `done_to`.

    Several posts that begin in one line get numbers of their own, so that each can be confirmed.
    """
    number = 0
    for one in found:
        if isinstance(one.record, Permanent):
            number = max(number + 1, one.line)
            yield Candidate(number, one.raw, one.record)
            continue
        for entry in mapper.entries(one.record):
            number = max(number + 1, one.line)
            yield Candidate(number, b"", b"") if number <= done_to else _candidate(number, one.raw, mapper, entry)


def _candidate(number: int, raw: bytes, mapper: Mapper, entry: Entry) -> Candidate:
    try:
        post = mapper.post_of(entry)
    except Permanent as error:
        return Candidate(number, raw, error)
    return Candidate(number, raw, orjson.dumps(post.document), post.left_out)


def ours(found: Iterator[Found], workspace: str | None) -> Iterator[Candidate]:
    """Yields entries that are RawPosts already. Those that state no workspace get the default one."""
    number = 0
    for one in found:
        number = max(number + 1, one.line)
        if isinstance(one.record, Permanent):
            yield Candidate(number, one.raw, one.record)
            continue
        document = dict(one.record)
        if workspace is not None and document.get("workspace") is None:
            document["workspace"] = workspace
        try:
            yield Candidate(number, one.raw, orjson.dumps(document))
        except orjson.JSONEncodeError:
            yield Candidate(number, one.raw, _whole(document), (LeftOut("text", "", HALF_CHARACTER),))


def _whole(document: Mapping[str, Any]) -> bytes:
    """Returns JSON in which each half of a surrogate pair has become U+FFFD."""
    text = json.dumps(document, ensure_ascii=False)
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()
