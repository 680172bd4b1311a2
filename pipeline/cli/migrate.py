"""`earshot migrate`: bring the ClickHouse tables up to date."""

from typing import Annotated

import typer

from pipeline.cli.text.output import emit, say
from pipeline.errors import EXIT_NO

app = typer.Typer(add_completion=False)


@app.command()
def migrate(
    status: Annotated[bool, typer.Option("--status", help="list what is pending; exit 1 if anything is")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="print the statements, change nothing")] = False,
) -> None:
    """Apply pending migrations and the keeping time of posts. To repeat it is safe."""
    from pipeline.adapters.clickhouse import migrate as migrations
    from pipeline.adapters.clickhouse.retention import set_ttl
    from pipeline.app.endpoints import resolve
    from pipeline.settings import load_settings

    settings = resolve(load_settings(), kafka=False, clickhouse=True)
    store, ttl_days = settings.clickhouse, settings.sink.ttl_days
    if status:
        _status(migrations.migrations_pending(store))
    elif dry_run:
        for statement in migrations.planned_statements(store):
            emit(statement + ";\n")
    else:
        done = migrations.migrate(store)
        for label in done:
            say(f"applied {label}")
        # The keeping time is no migration, because an operator may change it without a new release.
        if set_ttl(store, ttl_days):
            say("posts are kept for ever" if ttl_days is None else f"posts are kept for {ttl_days} days")
        say(f"{len(done)} migrations applied" if done else "the tables are up to date")


def _status(pending: list[str]) -> None:
    for label in pending:
        say(f"pending {label}")
    if pending:
        raise typer.Exit(EXIT_NO)
    say("the tables are up to date")
