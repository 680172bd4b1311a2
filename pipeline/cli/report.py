"""`earshot report`: draw what the analysts' views say."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.text.output import emit_json, say, table_console

if TYPE_CHECKING:
    from rich.text import Text

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Draw what the analysts' views say.")

MOODS = (("negative", "red", "▓"), ("neutral", "bright_black", "░"), ("positive", "green", "█"))
"""Column, colour, and a letter that tells the moods apart without colour."""


@app.callback()
def report() -> None:
    """Draw what the analysts' views say."""


@app.command()
def sentiment(
    workspace: Annotated[str, typer.Option(help="only this workspace; all when not given")] = "",
    hours: Annotated[int, typer.Option(min=1, max=10_000, help="the newest hours that have posts")] = 48,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object an hour")] = False,
) -> None:
    """Draw volume and mood of each hour in which posts were written, by workspace."""
    from pipeline.adapters.clickhouse.analytics import SENTIMENT_BY_HOUR, open_analyst
    from pipeline.app.endpoints import resolve
    from pipeline.settings import load_settings

    settings = resolve(load_settings(), kafka=False, clickhouse=True)
    with open_analyst(settings.clickhouse) as analyst:
        rows = list(analyst.ask(SENTIMENT_BY_HOUR, {"workspace": workspace}).records())
    if as_json:
        for row in rows[-hours:]:
            emit_json(row | {"hour": f"{row['hour']:%Y-%m-%dT%H:00:00Z}"})
    elif rows:
        draw_sentiment(rows, hours)
    else:
        say("no posts are stored" + (f" for {workspace}" if workspace else ""))


def draw_sentiment(rows: list[dict[str, Any]], hours: int) -> None:
    """Draws one table for each workspace. A line is an hour, the length of its bar the volume, and the parts of
    the bar the moods.

    Args:
        rows: of `SENTIMENT_BY_HOUR`, ordered by workspace and hour.
        hours: how many of the newest hours of each workspace.
    """
    from itertools import groupby

    from rich.table import Table

    console = table_console()
    for workspace, group in groupby(rows, key=lambda row: str(row["workspace"])):
        shown = list(group)[-hours:]
        # The columns before the bar take up to 46 characters.
        width = max(10, min(60, console.width - 46))
        most = max(_read(row) for row in shown) or 1
        table = Table(title=f"Sentiment by hour: {workspace}", title_justify="left", box=None, pad_edge=False)
        for name, justify in (("hour (UTC)", "left"), ("posts", "right"), ("mood", "right"), ("", "left")):
            table.add_column(name, justify="right" if justify == "right" else "left", no_wrap=True)
        for row in shown:
            mood = f"{_mood(row):+.2f}" if _read(row) else "-"
            table.add_row(f"{row['hour']:%Y-%m-%d %H:00}", str(row["n"]), mood, bar(row, most, width))
        console.print(table)
    legend = ", ".join(f"{letter} {name}" for name, _, letter in MOODS)
    console.print(f"{legend}; mood: share of positive minus share of negative", style="dim")


def bar(row: dict[str, Any], most: int, width: int) -> "Text":
    """Returns the bar of one hour with `width` letters for `most` posts. Every mood that occurs gets at least its
    rounding."""
    from rich.text import Text

    text = Text()
    end = drawn = 0
    for name, colour, letter in MOODS:
        end += int(row[name])
        # Rounding the running sum keeps the bar's length right whatever the parts round to.
        target = round(end * width / most)
        text.append(letter * (target - drawn), style=colour)
        drawn = target
    return text


def _read(row: dict[str, Any]) -> int:
    return sum(int(row[name]) for name, _, _ in MOODS)


def _mood(row: dict[str, Any]) -> float:
    return (int(row["positive"]) - int(row["negative"])) / _read(row)
