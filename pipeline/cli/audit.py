"""`earshot audit`: follow every id through every hop: not yet, lost, changed, doubled."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.errors import EXIT_NO

app = typer.Typer(add_completion=False)


@app.command()
def audit(
    json: Annotated[bool, typer.Option("--json", help="one JSON object to stdout")] = False,
    settle: Annotated[float, typer.Option(min=0, help="wait this many seconds for the stages to finish")] = 0,
    workspace: Annotated[list[str] | None, typer.Option(help="only this one; repeatable")] = None,
    manifest: Annotated[
        list[Path] | None, typer.Option(exists=True, dir_okay=False, help="only this ingest run; repeatable")
    ] = None,
    max_dead_letters: Annotated[
        float, typer.Option(min=0, max=1, help="exit 1 when this share of a hop's ids, or more, was given up")
    ] = 1.0,
) -> None:
    """Print the ids of each hop that came in, went out, or are not yet there, lost, changed, doubled or
    dead-lettered. Exit 1 if a guarantee is broken.

    Beside a running stream it is calm. What a stage has not come to, by the offset that it committed, is "not yet"
    and exits 0. A lost id is fatal, and so is a row that says something else than its record (a sample is compared
    in every column). Doubles on at-least-once hops are printed. On exactly-once hops (cases, assignments,
    ClickHouse under FINAL) a double or a record without a cause is fatal, too. No id at all proves nothing and
    exits 1.
    """
    from pipeline.app.endpoints import resolve
    from pipeline.audit.report import as_object, lines, table
    from pipeline.audit.run import Scope, run_audit
    from pipeline.cli.text.output import emit_json, say, table_console
    from pipeline.clock import SystemClock
    from pipeline.settings import load_settings

    settings = resolve(load_settings(), clickhouse=True)
    scope = Scope(frozenset(workspace or ()), manifest, settle, max_dead_letters)
    verdict = run_audit(settings, scope, SystemClock(), say)
    if json:
        emit_json(as_object(verdict))
    else:
        table_console().print(table(verdict))
    # These are for people, so they go to stderr and leave the JSON on stdout alone.
    for line in lines(verdict):
        say(line)
    if not verdict.ok:
        raise typer.Exit(EXIT_NO)
