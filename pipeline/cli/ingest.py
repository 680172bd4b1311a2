"""`earshot ingest`: send an export to posts.raw, or what is known of engagement."""

import shlex
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.text.output import emit, emit_json, say
from pipeline.errors import EXIT_NO, EXIT_USAGE, Misconfigured

if TYPE_CHECKING:
    from pipeline.app.importing.request import FileOptions, IngestRequest
    from pipeline.ingest.look.decision import Asked
    from pipeline.ingest.sources.source_map import SourceMap

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Send an export to posts.raw. `file` takes any export, and `inspect` shows what it would send.\n\n"
    "Of lines that cannot be posts the first of each kind is named as FILE:LINE: code: field: detail. All of them "
    "lie with their reasons in a rejects file beside the manifest, which can be mended and ingested. They make "
    "the exit code 2, and the valid ones are sent. After a crash the same call goes on behind the last confirmed "
    "line. "
    "What an earlier call has sent of a file, or of its rejects, is not sent again, also if the file was mended.",
)

File = Annotated[str, typer.Argument(metavar="FILE|-", help="a file, or - for standard input")]
Workspace = Annotated[str | None, typer.Option(help="for posts that state none")]
Speed = Annotated[
    float | None, typer.Option(min=1e-6, help="replay: seconds of event time per second; absent: full speed")
]
Limit = Annotated[int | None, typer.Option(min=1, help="stop after that many posts")]
Resume = Annotated[
    bool | None,
    typer.Option(
        "--resume/--restart",
        show_default=False,
        help="default: go on with a run of this file that crashed or was stopped, else begin; --resume: also one "
        "that --limit ended; --restart: from the first line, also what was sent before",
    ),
]
Strict = Annotated[
    bool, typer.Option("--strict", help="refuse a post with an odd optional cell, not only the cell")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="do everything but send")]
StopAfter = Annotated[
    int, typer.Option(min=0, help="end after so many rejected lines in a row with one reason; 0: never")
]
Columns = Annotated[
    str | None,
    typer.Option(help="field=COLUMN from a column, field==VALUE the same for all rows; parted by commas"),
]
MapFile = Annotated[
    Path | None, typer.Option("--map", help="YAML: columns, constants, times, zone, decimal, delimiter")
]
Platform = Annotated[str | None, typer.Option(help="for rows that state none")]
TimeFormat = Annotated[
    list[str] | None,
    typer.Option(help="strptime format that is tried first, or excel for serial days; may be repeated"),
]
Zone = Annotated[str | None, typer.Option(help="of times that state none: Europe/Berlin; default: UTC")]
DateOrder = Annotated[str | None, typer.Option(help="dmy, mdy or ymd: what 05/06/13 begins with")]
Decimal = Annotated[str | None, typer.Option(help="sign before the decimals of numbers: . or ,")]
Ids = Annotated[str | None, typer.Option(help="exact takes long ids that look rounded")]
Encoding = Annotated[str | None, typer.Option(help="of the text, such as cp1252; default: found out")]
Delimiter = Annotated[str | None, typer.Option(help="one character between cells; default: found out")]
Quoting = Annotated[
    str | None,
    typer.Option(help='quotes within quoted cells: double (""), backslash, none, or dump of a database'),
]
Header = Annotated[
    str | None, typer.Option(help="line with the names of the columns, or the names, parted by commas")
]
Member = Annotated[str | None, typer.Option(help="file within a zip archive, or sheet of a workbook")]
Entries = Annotated[str | None, typer.Option(help="keys that lead to the entries of JSON, parted by dots")]
Json = Annotated[bool, typer.Option("--json", help="the summary as one JSON object on stdout")]


@app.command("jsonl")
def jsonl(
    file: File,
    workspace: Workspace = None,
    speed: Speed = None,
    limit: Limit = None,
    resume: Resume = None,
    strict: Strict = False,
    dry_run: DryRun = False,
    stop_after: StopAfter = 1000,
    as_json: Json = False,
) -> None:
    """Send JSON lines with one RawPost each, as `earshot generate` writes them."""
    from pipeline.app.importing.request import IngestRequest

    _send(IngestRequest(file, workspace, None, speed, limit, _start(resume), strict, dry_run, stop_after), as_json)


@app.command()
def engagements(file: File, workspace: Workspace = None, as_json: Json = False) -> None:
    """Send JSON lines with one Engagement each to topic engagements, from which influence is computed.

    A run that was broken off is begun again, because an engagement with an id that was seen counts once.
    """
    from pipeline.app.importing.engagements import send_file
    from pipeline.settings import load_settings

    sent = send_file(load_settings(), file, workspace, say)
    if as_json:
        emit_json(asdict(sent))
    if sent.refused:
        raise typer.Exit(EXIT_USAGE)


@app.command("csv")
def csv(
    file: File,
    columns: Columns = None,
    map_file: MapFile = None,
    workspace: Workspace = None,
    platform: Platform = None,
    time_format: TimeFormat = None,
    zone: Zone = None,
    date_order: DateOrder = None,
    decimal: Decimal = None,
    delimiter: Annotated[str | None, typer.Option(help="one character; default: a comma")] = None,
    speed: Speed = None,
    limit: Limit = None,
    resume: Resume = None,
    strict: Strict = False,
    dry_run: DryRun = False,
    stop_after: StopAfter = 1000,
    as_json: Json = False,
) -> None:
    """Any history export with a header row, by a map of its columns.

    --columns 'post_id=tweet_id,author.author_id=user,author.followers=n,text=text,created_at=date,platform==chirp'

    Fields are those of RawPost, nested ones with a dot. Instead of a COLUMN there may be first(A, B), join(A, B),
    or hash(A, B), which makes an id where there is none. Ids get "<platform>:" in front where it lacks, and 3.0
    (pandas) becomes 3. Times may be RFC 3339, epoch seconds or milliseconds, Twitter's, or --time-format; without
    an offset they are of --zone. An empty cell is absent. An odd cell of a field that posts need not have is left
    out and counted. --map FILE holds the same as YAML:

    \b
    columns: {post_id: tweet_id, author.author_id: user, text: text, created_at: date}
    constants: {platform: chirp}
    times: ["%d/%m/%Y %H:%M"]
    delimiter: ";"
    """
    from pipeline.app.importing.request import IngestRequest

    said = {
        "times": time_format or None, "delimiter": delimiter, "zone": zone, "order": date_order, "decimal": decimal
    }  # fmt: skip
    source_map = _source_map(columns, map_file).with_options(said).with_defaults(workspace, platform)
    _send(
        IngestRequest(file, workspace, source_map, speed, limit, _start(resume), strict, dry_run, stop_after),
        as_json,
    )


@app.command("file")
def file(
    file: File,
    workspace: Workspace = None,
    platform: Platform = None,
    columns: Columns = None,
    map_file: MapFile = None,
    time_format: TimeFormat = None,
    zone: Zone = None,
    date_order: DateOrder = None,
    decimal: Decimal = None,
    ids: Ids = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    quoting: Quoting = None,
    header: Header = None,
    member: Member = None,
    entries: Entries = None,
    speed: Speed = None,
    limit: Limit = None,
    resume: Resume = None,
    strict: Strict = False,
    dry_run: DryRun = False,
    stop_after: StopAfter = 1000,
    as_json: Json = False,
) -> None:
    """Any export: it is looked at first, and what cannot be told is asked for before anything is sent.

    A table (CSV, TSV, XLSX) or JSON (lines, arrays, archives, answers of interfaces), packed or not. Exports of
    known sources are recognised by their columns, and --columns for some fields leaves the others as they are
    recognised. `earshot ingest inspect FILE` shows what would be sent.
    """
    options = options_of(platform, time_format, zone, date_order, decimal, ids)
    asked = asked_of(member, encoding, delimiter, quoting, header, entries)
    request = _of_any_file(file, workspace, columns, map_file, replace(options, asked=asked))
    _send(
        replace(request, speed=speed, limit=limit, start=_start(resume), strict=strict, dry_run=dry_run,
                patience=stop_after),
        as_json,
    )  # fmt: skip


@app.command("inspect")
def inspect(
    file: File,
    workspace: Workspace = None,
    platform: Platform = None,
    columns: Columns = None,
    map_file: MapFile = None,
    time_format: TimeFormat = None,
    zone: Zone = None,
    date_order: DateOrder = None,
    decimal: Decimal = None,
    ids: Ids = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    quoting: Quoting = None,
    header: Header = None,
    member: Member = None,
    entries: Entries = None,
    as_json: Json = False,
) -> None:
    """Show what `earshot ingest file` would do: what the file is, the map, the first posts, and what to answer.

    The exit code is 1 where nothing of the beginning could be sent so.
    """
    from pipeline.app.importing.inspection import inspect_file
    from pipeline.cli.text.inspection import inspection_lines

    options = options_of(platform, time_format, zone, date_order, decimal, ids)
    asked = asked_of(member, encoding, delimiter, quoting, header, entries)
    found = inspect_file(_of_any_file(file, workspace, columns, map_file, replace(options, asked=asked)))
    if as_json:
        emit_json(asdict(found))
    else:
        given = {
            "workspace": workspace or "NAME", "platform": platform, "columns": columns, "map": map_file,
            "zone": zone, "date-order": date_order, "decimal": decimal, "encoding": encoding,
            "delimiter": delimiter, "quoting": quoting, "header": header, "member": member, "entries": entries,
        }  # fmt: skip
        words = [f"--{name} {shlex.quote(str(value))}" for name, value in given.items() if value is not None]
        words += [f"--time-format {shlex.quote(form)}" for form in time_format or ()]
        for line in inspection_lines(found, " ".join(["earshot ingest file", shlex.quote(file), *words])):
            emit(line)
    if not found.can_be_sent:
        raise typer.Exit(EXIT_NO)


def _of_any_file(
    file: str, workspace: str | None, columns: str | None, map_file: Path | None, options: "FileOptions"
) -> "IngestRequest":
    from pipeline.app.importing.request import IngestRequest

    given = columns is not None or map_file is not None
    source_map = _source_map(columns, map_file) if given else None
    return IngestRequest(file, workspace, source_map, file_options=options)


def options_of(
    platform: str | None,
    time_format: list[str] | None,
    zone: str | None,
    date_order: str | None,
    decimal: str | None,
    ids: str | None = None,
) -> "FileOptions":
    """Returns what the options say of times, numbers and ids."""
    from pipeline.app.importing.request import FileOptions

    said = {"times": time_format or None, "zone": zone, "order": date_order, "decimal": decimal, "ids": ids}
    return FileOptions(platform=platform, said={name: value for name, value in said.items() if value is not None})


def asked_of(
    member: str | None,
    encoding: str | None,
    delimiter: str | None,
    quoting: str | None,
    header: str | None,
    entries: str | None,
) -> "Asked":
    """Returns what the options say about a file.

    Raises:
        Misconfigured: an option has no such value.
    """
    from pipeline.ingest.look.decision import Asked

    if quoting not in {None, "double", "backslash", "none", "dump"}:
        raise Misconfigured(f"--quoting: {quoting!r} is none of double, backslash, none, dump")
    if delimiter is not None and len(delimiter) != 1:
        raise Misconfigured("--delimiter: one character is needed")
    return Asked(member, encoding, delimiter, quoting, header, entries)  # type: ignore[arg-type]


def _source_map(columns: str | None, map_file: Path | None) -> "SourceMap":
    from pipeline.app.source_maps import load_map
    from pipeline.ingest.sources.spelling import parse_columns

    if columns is not None and map_file is None:
        return parse_columns(columns)
    if map_file is not None and columns is None:
        return load_map(map_file)
    raise Misconfigured("give either --columns or --map")


def _start(resume: bool | None) -> Any:
    return "auto" if resume is None else "resume" if resume else "restart"


def _send(request: "IngestRequest", as_json: bool) -> None:
    from pipeline.app.garbage_collection import freeze_collector
    from pipeline.app.stages.ingest import ingest_file
    from pipeline.cli.text.import_bar import ImportBar, summary_lines
    from pipeline.settings import load_settings

    freeze_collector()
    with ImportBar(request.file) as bar:
        summary = ingest_file(load_settings(), request, say=bar.say, progress=bar.progress)
    if as_json:
        emit_json(asdict(summary))
    for line in summary_lines(summary):
        say(line)
    if summary.fault is not None:
        raise Misconfigured(summary.fault)
    if summary.rejected:
        raise typer.Exit(EXIT_USAGE)
    # A run that `--limit` ended has done what was asked.
    if not summary.whole and request.limit is None:
        say("stopped before the end; the same call goes on from here")
        raise typer.Exit(EXIT_NO)
