"""`earshot migrate`: bring the ClickHouse tables up to date."""

import re
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.text.output import emit, say
from pipeline.errors import EXIT_NO, Misconfigured

app = typer.Typer(add_completion=False)


@app.command()
def migrate(
    status: Annotated[bool, typer.Option("--status", help="list what is pending; exit 1 if anything is")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="print the statements, change nothing")] = False,
    draft_name: Annotated[
        str | None,
        typer.Option("--draft", metavar="NAME", help="write the next migration from the tables' lists"),
    ] = None,
) -> None:
    """Apply pending migrations and the keeping times of tables. To repeat it is safe."""
    from pipeline.adapters.clickhouse import migrate as migrations
    from pipeline.adapters.clickhouse.retention import set_ttls
    from pipeline.app.endpoints import resolve
    from pipeline.settings import load_settings

    if draft_name is not None:
        written = draft(draft_name, migrations.MIGRATIONS)
        say(f"wrote {written}" if written else "no migration is missing")
        return
    settings = resolve(load_settings(), kafka=False, clickhouse=True)
    store = settings.clickhouse
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
        for table, days in set_ttls(store, settings.sink).items():
            say(f"{table} keeps rows for ever" if days is None else f"{table} keeps rows for {days} days")
        say(f"{len(done)} migrations applied" if done else "the tables are up to date")


def draft(name: str, folder: Path) -> Path | None:
    """Writes the migration that brings the columns and tables which none in the folder brings; returns its path.

    Args:
        name: of the new migration, without its number.
        folder: of the migrations.

    Raises:
        Misconfigured: the name is not made of small letters, digits and `_`.
    """
    from pipeline.adapters.clickhouse.migrate import load_migrations
    from pipeline.sink.ddl import next_migration
    from pipeline.sink.tables import ALL_TABLES

    if not re.fullmatch("[a-z0-9_]+", name):
        raise Misconfigured(f"{name}: a migration is named with small letters, digits and _")
    migrations = load_migrations(folder)
    text = next_migration(ALL_TABLES, [migration.template for migration in migrations])
    if not text:
        return None
    path = folder / f"{len(migrations) + 1:04d}_{name}.sql"
    path.write_text(text, encoding="utf-8")
    return path


def _status(pending: list[str]) -> None:
    for label in pending:
        say(f"pending {label}")
    if pending:
        raise typer.Exit(EXIT_NO)
    say("the tables are up to date")
