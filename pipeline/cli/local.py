"""`earshot local`: the embedded stack: Kafka and ClickHouse on this machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.text.output import emit_json, say
from pipeline.errors import EXIT_NO, EXIT_OK

if TYPE_CHECKING:
    from pipeline.local.stack import Report, ServerStatus

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Kafka and ClickHouse on this machine, from pip alone."
)

MIB = 1024 * 1024


@app.command()
def up(
    brokers: Annotated[
        int | None, typer.Option(help="1, or 3 for broker-loss tests; unset: as the data has")
    ] = None,
) -> None:
    """Start what is not running. Data is kept, and to repeat it is safe."""
    from pipeline.local import stack
    from pipeline.settings import load_settings

    state_dir = load_settings().state_dir
    with _progress() as report:
        endpoints = stack.up(state_dir, brokers, report)
    say(f"Kafka       {endpoints.kafka_bootstrap}")
    say(f"ClickHouse  {endpoints.clickhouse_url}, user {endpoints.clickhouse_user}")
    say(f"password    in {state_dir}/clickhouse/password")
    say(f"reader      user {endpoints.clickhouse_reader_user}, password in {state_dir}/clickhouse/reader-password")


@app.command()
def down(
    wipe: Annotated[bool, typer.Option("--wipe", help="delete Kafka's and ClickHouse's data too")] = False,
) -> None:
    """Stop the servers. To repeat it is safe."""
    from pipeline.local import stack
    from pipeline.settings import load_settings

    state_dir = load_settings().state_dir
    with _progress() as report:
        report("Stopping")
        stopped = stack.down(state_dir, wipe=wipe)
    say(f"{stopped} server(s) stopped" if stopped else "nothing was running")
    if wipe:
        say(f"data in {state_dir} deleted")


@app.command()
def status(
    json: Annotated[bool, typer.Option("--json", help="one JSON line a server, to stdout")] = False,
) -> None:
    """Show each server. Exit 1 unless all of them answer."""
    from pipeline.local import stack
    from pipeline.settings import load_settings

    servers = stack.status(load_settings().state_dir)
    for server in servers:
        if json:
            emit_json(asdict(server))
        else:
            say(_line(server))
    if not servers:
        say("there is no embedded stack here; `earshot local up` starts one")
    # A script can wait for the stack by this code.
    raise typer.Exit(EXIT_OK if servers and all(server.answers for server in servers) else EXIT_NO)


def _line(server: "ServerStatus") -> str:
    if server.pid is None:
        return f"{server.name:<11} down"
    state = "answers" if server.answers else "does not answer"
    return f"{server.name:<11} {state}, {server.address}, pid {server.pid}, {server.rss_bytes // MIB} MiB"


@contextmanager
def _progress() -> Iterator["Report"]:
    """Shows a spinner with the current step on a terminal, and prints a line for each step elsewhere."""
    from rich.console import Console

    console = Console(stderr=True)
    # A spinner would fill a log file with control characters.
    if not console.is_terminal:
        yield say
        return
    with console.status("") as spinner:
        yield spinner.update
