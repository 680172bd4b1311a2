"""`earshot who`: who a handle is: its posts, the customer behind it, and its cases."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.text.output import emit, emit_json, say
from pipeline.errors import EXIT_NO

if TYPE_CHECKING:
    from pipeline.app.people import Voice

app = typer.Typer(add_completion=False)


@app.command()
def who(
    handle: Annotated[str, typer.Argument(help="a handle, one behind its network (x:ann), or an author id")],
    workspace: Annotated[str, typer.Option(help="only this workspace; all when not given")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object an author")] = False,
) -> None:
    """Show who a handle is, by what ClickHouse has: posts, mood, influence, the customer behind it, and cases.

    The link is that of the author's newest post. The exit code is 1 where nobody of that name has written.
    """
    from pipeline.adapters.clickhouse.analytics import open_analyst
    from pipeline.app.endpoints import resolve
    from pipeline.app.people import voices
    from pipeline.settings import load_settings

    settings = resolve(load_settings(), kafka=False, clickhouse=True)
    with open_analyst(settings.clickhouse) as analyst:
        found = voices(analyst, handle, workspace)
    for voice in found:
        if as_json:
            emit_json(_plain({"author": voice.author, "handles": voice.handles, "cases": voice.cases}))
        else:
            for line in _lines(voice):
                emit(line)
    if not found:
        say(f"nobody called {handle} has written")
        raise typer.Exit(EXIT_NO)


def _lines(voice: "Voice") -> Iterator[str]:
    author = voice.author
    followers = "" if author["followers"] is None else f", {author['followers']:,} followers"
    yield f"{author['author_id']} in {author['workspace']}" + (
        f" ({author['handle']})" if author["handle"] else ""
    )
    yield (
        f"  {author['posts']:,} posts, {author['negative']:,} negative, "
        f"{author['first_at']:%Y-%m-%d} to {author['last_at']:%Y-%m-%d}{followers}"
    )
    yield f"  influence {author['score']:.0f} of 100, at least {author['score_lower']:.0f}"
    yield f"  {_customer(author)}"
    for other in voice.handles:
        link = f"{other['confidence']:.2f} of 1 by {other['source']}"
        yield f"    {other['author_id']}: {link}, {other['posts']:,} posts"
    for case in voice.cases:
        ended = f"{case['state']} ({case['outcome']})" if case["is_closed"] else case["state"]
        yield f"  case {case['case_id']} in {case['queue']}: {ended}, opened {case['opened_at']:%Y-%m-%d %H:%M}"


def _customer(author: dict[str, Any]) -> str:
    if not author["customer"]:
        return "linked to nobody"
    value = "" if author["value"] is None else f", value {author['value']:.2f} of 1"
    named = "".join(f", {author[name]}" for name in ("tier", "segment") if author[name])
    return f"{author['kind']} {author['customer']}{value}{named}"


def _plain(value: Any) -> Any:
    """Returns a value as JSON has it."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return f"{value:%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z" if hasattr(value, "isoformat") else value
