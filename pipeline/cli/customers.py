"""`earshot customers`: who is behind the handles."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.ingest import (
    Columns,
    DateOrder,
    Decimal,
    Delimiter,
    Encoding,
    Entries,
    File,
    Header,
    Ids,
    Json,
    MapFile,
    Member,
    Platform,
    Quoting,
    TimeFormat,
    Workspace,
    Zone,
    asked_of,
    options_of,
)
from pipeline.cli.text.output import emit_json, say
from pipeline.errors import EXIT_USAGE, Misconfigured

if TYPE_CHECKING:
    from pipeline.app.customers.asked import LoadSummary
    from pipeline.ingest.customers.customer_map import CustomerMap
    from schemas.policy.policy import Policy

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Say which customers are behind the handles.")


@app.callback()
def customers() -> None:
    """Say which customers are behind the handles."""


@app.command("load")
def load(
    file: File,
    workspace: Workspace = None,
    platform: Platform = None,
    columns: Columns = None,
    map_file: MapFile = None,
    replace_all: Annotated[
        bool, typer.Option("--replace", help="take back the links of --workspace that the list does not have")
    ] = False,
    policy: Annotated[
        list[Path] | None,
        typer.Option(help="YAML of a workspace's policy; absent: those in force; may be repeated"),
    ] = None,
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
    dry_run: Annotated[bool, typer.Option("--dry-run", help="check the whole list and send nothing")] = False,
    as_json: Json = False,
) -> None:
    """Load a list of customers (CSV, XLSX or JSON) into the topic customers: all of it, or nothing.

    --columns 'customer_id=Number,author_id=Handle,platform=Network,value=Score,tier=Tier,confidence=Sure'

    Fields are those of CustomerLink: customer_id, kind (customer, prospect or lead), value from 0 to 1, tier,
    segment, languages, preferred_channel, confidence from 0 to 1, source, updated_at. A row has one handle
    (author_id, with platform or --platform), or several (handle.x=Twitter, handle.instagram=Insta). A later load
    of the same handle replaces its link. A row takes it back where its column for deleted says true. --map FILE
    holds the same as YAML, where `values` say what a word is worth:

    \b
    columns: {customer_id: Number, handle.x: Twitter, value: Tier, tier: Tier}
    values: {value: {gold: 1, silver: 0.5}, kind: {Kunde: customer}}

    Each kind of mistake is named as FILE:LINE: code: field: detail. With any of them nothing is sent, and the exit
    code is 2.
    """
    from pipeline.app.customers.asked import LoadRequest
    from pipeline.app.customers.loading import load_customers
    from pipeline.app.endpoints import resolve
    from pipeline.clock import SystemClock
    from pipeline.settings import load_settings

    options = options_of(platform, time_format, zone, date_order, decimal, ids)
    asked = asked_of(member, encoding, delimiter, quoting, header, entries)
    request = LoadRequest(
        file, workspace, _map(columns, map_file), replace(options, asked=asked), _policies(policy),
        replace_all, dry_run,
    )  # fmt: skip
    done = load_customers(lambda: resolve(load_settings()).kafka, request, SystemClock(), say)
    if as_json:
        emit_json(asdict(done))
    say(_summary(done))
    if done.refused:
        raise typer.Exit(EXIT_USAGE)


def _map(columns: str | None, map_file: Path | None) -> "CustomerMap | None":
    from pipeline.app.source_maps import load_map_of
    from pipeline.ingest.customers.customer_map import CustomerMap, a_target
    from pipeline.ingest.sources.spelling import parse_map

    if columns is not None and map_file is not None:
        raise Misconfigured("give either --columns or --map")
    if columns is not None:
        return parse_map(columns, CustomerMap, a_target)
    return None if map_file is None else load_map_of(map_file, CustomerMap)


def _policies(files: list[Path] | None) -> "dict[str, Policy] | None":
    from pipeline.app.offline.policy import read_policy

    if not files:
        return None
    return {policy.workspace: policy for policy in map(read_policy, files)}


def _summary(done: "LoadSummary") -> str:
    if done.refused:
        return f"{done.file}: {done.refused} of {done.rows} rows refused, nothing was sent"
    links = f"{done.links} links" + (f", {done.taken_back} taken back" if done.taken_back else "")
    without = f", {done.without_handle} rows without a handle" if done.without_handle else ""
    if not done.sent:
        return f"{done.file}: {links}{without}; nothing was sent"
    told = f", {done.signals} changes told to open cases" if done.signals else ""
    return f"{done.file}: {links} sent{without}{told}"
