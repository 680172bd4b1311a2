"""`earshot ingest`: send an export to posts.raw."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.text.output import emit_json, say
from pipeline.errors import EXIT_NO, EXIT_USAGE, Misconfigured

if TYPE_CHECKING:
    from pipeline.app.importing.request import IngestRequest
    from pipeline.ingest.sources.source_map import SourceMap

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Send an export to posts.raw: JSON lines or CSV, gzip or not.\n\n"
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


@app.command("csv")
def csv(
    file: File,
    columns: Annotated[
        str | None,
        typer.Option(help="field=COLUMN from a column, field==VALUE the same for all rows; parted by commas"),
    ] = None,
    map_file: Annotated[
        Path | None, typer.Option("--map", help="YAML: columns, constants, times, zone, decimal, delimiter")
    ] = None,
    workspace: Workspace = None,
    platform: Annotated[str | None, typer.Option(help="for rows that state none")] = None,
    time_format: Annotated[
        list[str] | None,
        typer.Option(help="strptime format that is tried first, or excel for serial days; may be repeated"),
    ] = None,
    zone: Annotated[str | None, typer.Option(help="of times that state none: Europe/Berlin; default: UTC")] = None,
    date_order: Annotated[str | None, typer.Option(help="dmy or mdy: what 05/06/2013 begins with")] = None,
    decimal: Annotated[str | None, typer.Option(help="sign before the decimals of numbers: . or ,")] = None,
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


def _source_map(columns: str | None, map_file: Path | None) -> "SourceMap":
    from pipeline.app.source_maps import load_map
    from pipeline.ingest.sources.spelling import parse_columns

    if columns is not None and map_file is None:
        return parse_columns(columns)
    if map_file is not None and columns is None:
        return load_map(map_file)
    raise Misconfigured("ingest csv: give either --columns or --map")


def _start(resume: bool | None) -> Any:
    return "auto" if resume is None else "resume" if resume else "restart"


def _send(request: "IngestRequest", as_json: bool) -> None:
    from pipeline.app.stages.ingest import ingest_file
    from pipeline.cli.text.import_bar import ImportBar, summary_lines
    from pipeline.settings import load_settings

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
