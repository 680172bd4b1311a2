"""Recognises an export: what the file is, which map fits it, and what only a person can say of it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain, islice

from pipeline.app.importing.owner import AUTHOR, NO_OWNER, owned
from pipeline.app.importing.place import Place
from pipeline.app.importing.request import FileOptions
from pipeline.app.source_maps import known_networks, shipped_maps
from pipeline.errors import Misconfigured, Permanent
from pipeline.ingest.json.entries import unfolded
from pipeline.ingest.lines import Found
from pipeline.ingest.look.decision import Asked, Decision, Json, Quoting, Table
from pipeline.ingest.look.shape import rivals
from pipeline.ingest.reading import Export, open_export
from pipeline.ingest.sources.evidence import Question, decided
from pipeline.ingest.sources.header import alike
from pipeline.ingest.sources.match import propose
from pipeline.ingest.sources.source_map import ANONYMOUS, SourceMap
from pipeline.input_mistakes import nearest

_QUOTED: Mapping[Quoting, str] = {
    "double": "",
    "backslash": " with \\ before quotes",
    "none": " without quotes",
    "dump": " as a database dumps them",
}
MOST_NAMED = 40
"""At most so many columns are listed."""
SAMPLE_RECORDS = 200
"""So many records tell which map fits, and what their times and numbers mean."""
_UNNAMED = re.compile(r"(?:#\d+)?")
_OURS = frozenset({"post_id", "platform", "author", "created_at"})
"""A JSON entry with these is a RawPost already."""


@dataclass(frozen=True)
class Look:
    """Says what a file is, as far as its beginning shows it."""

    decision: Decision
    source_map: SourceMap | None
    """None if the entries are RawPosts already, or if no map fits."""
    is_ours: bool
    """Whether the entries are RawPosts already."""
    questions: tuple[Question, ...]
    """What only a person can say."""
    header: bytes
    found: Iterator[Found]
    """Yields all rows or entries, from the first one on."""


def look_at(place: Place, source_map: SourceMap | None, options: FileOptions) -> Look:
    """Decides what a file is and which map fits it.

    Args:
        place: the bytes.
        source_map: the map that the operator has given. None looks for one, and a map that does not say who wrote
            what and when is completed by the one that is found.
        options: what else the operator says.

    Raises:
        Misconfigured: it cannot be told what the file is.
    """
    export = open_export(place.stream, place.name, _asked(source_map, options), folded=True)
    sample = list(islice(export.found, SAMPLE_RECORDS))
    export = export._replace(found=chain(sample, export.found))
    said, source_map = (
        (source_map, None) if source_map is not None and _is_partial(source_map) else (None, source_map)
    )
    if source_map is None and (found := _fitting(export, sample, options, said)) is not None:
        return _with_owner(found, place)
    form = export.decision.form
    if isinstance(form, Json) and form.path and source_map is None:
        _ask_for_list(sample, place.name, options)
        # No source's map knows these envelopes, so what lies in them is looked at.
        sample = list(unfolded(iter(sample), form.path))
        export = export._replace(found=unfolded(export.found, form.path))
    if isinstance(form, Json) and any(_is_ours(one) for one in sample):
        return Look(export.decision, None, True, (), b"", export.found)
    columns, records = columns_of(export.decision), _records(sample)
    if source_map is not None:
        proposal, questions = decided(source_map, columns, records)
    else:
        some, asked = propose(columns, records, shipped_maps(), said)
        if some is None:
            return Look(export.decision, None, False, asked, export.header, export.found)
        proposal, questions = some, list(asked)
        if columns is None and not some.needs:
            # What an unknown shape holds besides is at least counted.
            nested = dict.fromkeys(path for record in records for path in rivals(record))
            proposal = some.model_copy(update={"nested": tuple(nested)})
    return _with_owner(_completed(export, proposal, questions, options), place)


def _is_partial(source_map: SourceMap) -> bool:
    fed = source_map.columns.keys() | source_map.constants.keys()
    return not {"post_id", "created_at"} <= fed or not fed & {"author.author_id", ANONYMOUS}


def _with_owner(look: Look, place: Place) -> Look:
    """Names the owner of an archive, whose posts do not repeat who wrote them."""
    if look.source_map is None or look.source_map.constants.get(AUTHOR) != NO_OWNER:
        return look
    source_map = owned(look.source_map, place)
    if source_map is not None:
        return replace(look, source_map=source_map)
    text = "the archive does not say whose it is: put its account.js beside it, or --columns author.author_id==ID"
    return replace(look, questions=(*look.questions, Question("owner", text)))


def _ask_for_list(sample: list[Found], file: str, options: FileOptions) -> None:
    lists = dict.fromkeys(path for record in _records(sample) for path in rivals(record))
    if options.asked.entries is None and len(lists) > 1:
        raise Misconfigured(
            f"{file} holds posts in several lists: say which one with --entries; there are: {', '.join(lists)}"
        )


def _fitting(export: Export, sample: list[Found], options: FileOptions, said: SourceMap | None) -> Look | None:
    """Returns the look by the map of a known source whose entries lie in envelopes, if one fits."""
    form = export.decision.form
    if not isinstance(form, Json) or not form.path or form.layout == "array":
        return None
    some, questions = propose(None, _records(sample), shipped_maps(), said)
    if some is None or not some.needs:
        return None
    decision = replace(export.decision, form=replace(form, path=()))
    return _completed(export._replace(decision=decision), some, list(questions), options)


def _completed(export: Export, source_map: SourceMap, questions: list[Question], options: FileOptions) -> Look:
    said = {name: value for name, value in options.said.items() if value}
    near = None if options.platform in known_networks() else nearest(options.platform or "", known_networks())
    if near is not None:
        text = f"no map knows the network {options.platform!r}, which becomes one of its own: did you mean {near}?"
        questions = [*questions, Question("network", text)]
    answered = {*said, *(["platform"] if options.platform else []), *(["rounded"] if "ids" in said else [])}
    open_questions = tuple(question for question in questions if question.about not in answered)
    whole = source_map.with_options(said)
    return Look(export.decision, whole, False, open_questions, export.header, export.found)


def _asked(source_map: SourceMap | None, options: FileOptions) -> Asked:
    if source_map is None:
        return options.asked
    asked = options.asked
    # Exports of a known source may lack any column but those by which it is known.
    needed = source_map.needs or [
        name.removesuffix("#1") for feed in source_map.columns.values() for name in feed.of
    ]
    return replace(
        asked,
        encoding=asked.encoding or source_map.encoding,
        delimiter=asked.delimiter or source_map.delimiter,
        quoting=asked.quoting or ("backslash" if source_map.escape else None),
        header=asked.header or (str(source_map.header) if source_map.header else None),
        columns=frozenset(needed),
    )


def _is_ours(one: Found) -> bool:
    record = one.record
    # Ids of other tools are numbers, and maps are for those.
    return not isinstance(record, Permanent) and record.keys() >= _OURS and isinstance(record["post_id"], str)


def _records(sample: list[Found]) -> list[Mapping[str, object]]:
    return [one.record for one in sample if not isinstance(one.record, Permanent)]


def columns_of(decision: Decision) -> tuple[str, ...] | None:
    """Returns the columns of a table, or None for JSON."""
    return decision.form.names if isinstance(decision.form, Table) else None


def described(look: Look) -> Iterator[str]:
    """Yields in sentences what was decided about a file, and not what is asked."""
    decision = look.decision
    packed = "" if decision.packing.name == "plain" else f"{decision.packing.name}, "
    member = f"{decision.packing.member} in it, " if decision.packing.member else ""
    yield f"read as {packed}{member}{decision.encoding}, {_laid_out(decision)}"
    if look.is_ours:
        yield "the entries are RawPosts as they are"
    elif look.source_map is not None:
        title = look.source_map.title or "the map that was given"
        yield f"mapped as: {title}"
        if not look.source_map.needs and look.source_map.constants.get(ANONYMOUS) == "true":
            yield "nothing names the authors, so that each post counts as a stranger's"
        if "visibility" in look.source_map.values and not look.source_map.needs:
            yield f"who sees a post is read from {', '.join(look.source_map.columns['visibility'].of)}"
        if look.source_map.markup.get("text") == "html" and not look.source_map.needs:
            yield "the texts are HTML, of which what a browser shows is taken"
        if unused := _unused(look):
            yield f"not used: {', '.join(unused[:MOST_NAMED])}{', ...' if len(unused) > MOST_NAMED else ''}"


def _unused(look: Look) -> list[str]:
    """Returns the columns of a table that feed no field of a post."""
    assert look.source_map is not None, "it was asked for"
    used = {alike(name.removesuffix("#1")) for feed in look.source_map.columns.values() for name in feed.of}
    names = columns_of(look.decision) or ()
    return [name for name in names if not _UNNAMED.fullmatch(name) and alike(name) not in used]


def _laid_out(decision: Decision) -> str:
    form = decision.form
    if isinstance(form, Json):
        layouts = {"lines": "JSON with an entry a line", "values": "JSON values", "array": "a JSON array"}
        return layouts[form.layout] + (f", entries at {'.'.join(form.path)}" if form.path else "")
    delimiter = {"\t": "tabs", ",": "commas", ";": "semicolons"}.get(
        form.dialect.delimiter, form.dialect.delimiter
    )
    quoting = _QUOTED[form.dialect.quoting]
    header = f"names of columns in line {form.header_line}" if form.header_line else "names of columns as given"
    more = f", ... ({len(form.names):,} in all)" if len(form.names) > MOST_NAMED else ""
    return f"a table with {delimiter} between cells{quoting}, {header}: {', '.join(form.names[:MOST_NAMED])}{more}"
