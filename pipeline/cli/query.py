"""`earshot query`: ask ClickHouse, read-only and exact."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.text.output import emit_json, say, table_console

if TYPE_CHECKING:
    from pipeline.adapters.clickhouse.analytics import Answer

app = typer.Typer(add_completion=False)


@app.command()
def query(
    sql: Annotated[str, typer.Argument(help="one SELECT; - reads it from stdin", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object a row")] = False,
) -> None:
    """Run one query. It is read-only, has every table under FINAL, and gives times in UTC."""
    from pipeline.adapters.clickhouse.analytics import open_analyst
    from pipeline.app.endpoints import resolve
    from pipeline.settings import load_settings

    # A question to the store needs no Kafka.
    settings = resolve(load_settings(), kafka=False, clickhouse=True)
    with open_analyst(settings.clickhouse) as analyst:
        answer = analyst.ask(sys.stdin.read() if sql == "-" else sql)
    if as_json:
        for record in answer.records():
            emit_json({name: _plain(value) for name, value in record.items()})
    else:
        _draw(answer)
        say(f"{len(answer.rows)} rows")


def _plain(value: Any) -> Any:
    """Returns a value as JSON and people read it, with times in RFC 3339 and UTC."""
    from datetime import UTC, date, datetime

    if isinstance(value, datetime):
        utc = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return utc.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    return value


def _draw(answer: "Answer") -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table()
    for name, kind in zip(answer.columns, answer.types, strict=True):
        numeric = any(word in kind for word in ("Int", "Float", "Decimal"))
        heading = Text(name).append(f"\n{kind}", style="dim")
        table.add_column(heading, justify="right" if numeric else "left", overflow="fold")
    for row in answer.rows:
        # This is Text and not markup, because a post may contain "[red]" or an escape sequence.
        table.add_row(*(Text(_cell(value)) for value in row))
    table_console().print(table)


def _cell(value: Any) -> str:
    plain = _plain(value)
    text = "" if plain is None else str(plain)
    return "".join(letter if letter.isprintable() else " " for letter in text)
