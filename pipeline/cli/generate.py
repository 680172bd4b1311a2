"""`earshot generate`: write believable traffic of one brand."""

import sys
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.text.output import say
from pipeline.errors import Misconfigured

app = typer.Typer(
    add_completion=False,
    help="Write believable traffic of one invented brand, as `earshot ingest jsonl` reads it.",
)


@app.callback(invoke_without_command=True)
def generate(
    seed: Annotated[int, typer.Option(help="the same seed and options give the same posts")] = 1,
    posts: Annotated[int, typer.Option(min=1, help="how many")] = 3000,
    hours: Annotated[float, typer.Option(min=0.01, max=8760, help="over how long")] = 24.0,
    start: Annotated[
        str | None, typer.Option(help="RFC 3339 time of the beginning; default: so that it ends now")
    ] = None,
    workspace: Annotated[str, typer.Option(help="of every post")] = "acme",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="a file instead of stdout")] = None,
) -> None:
    """Write posts in the order in which they happen.

    There are praise, complaints, questions, direct messages with invented personal details, reposts, copies, spam,
    five languages, the brand's own answers, edits and deletions, reviews, and an outage that builds up and decays.
    """
    from pydantic import ValidationError

    from pipeline.codec import encode
    from pipeline.input_mistakes import plain
    from pipeline.scenario.generate import generate as made

    begin = _begin(start, hours)
    try:
        with nullcontext(sys.stdout.buffer) if output is None else output.open("wb") as out:
            for post in made(seed, posts, begin, hours, workspace):
                out.write(encode(post) + b"\n")
            out.flush()
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise Misconfigured(f"generate: the posts would not be valid: {field}: {plain(first)}") from None
    except OSError as error:
        # `earshot generate | head` closes the pipe, and that is no mistake.
        if isinstance(error, BrokenPipeError):
            raise
        raise Misconfigured(f"{output}: {error.strerror}") from None
    if output is not None:
        say(f"{output}: {posts} posts of {hours:g} h from {begin.isoformat()}")


def _begin(start: str | None, hours: float) -> datetime:
    from schemas.base import EARLIEST, LATEST

    if start is None:
        # The start is rounded to the minute, so that two calls within one minute give the same posts.
        return datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=hours)
    try:
        when = datetime.fromisoformat(start)
    except ValueError:
        raise Misconfigured(f"--start: {start!r} is not an RFC 3339 time such as 2026-11-01T08:00:00Z") from None
    if when.tzinfo is None:
        raise Misconfigured("--start: the time needs an offset, e.g. Z")
    if not EARLIEST <= when < LATEST:
        raise Misconfigured(f"--start: the time must be between {EARLIEST.year} and {LATEST.year}")
    return when.astimezone(UTC)
