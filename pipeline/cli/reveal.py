"""`earshot reveal`: read the plain text of a post; each reading is recorded."""

import contextlib
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.text.output import emit, emit_json, say
from pipeline.errors import EXIT_NO, ServiceMissing

if TYPE_CHECKING:
    from pipeline.app.offline.reveal import Revealed

app = typer.Typer(add_completion=False)


@app.command()
def reveal(
    post_id: Annotated[str, typer.Argument(metavar="POST_ID", help="PLATFORM:NATIVE_ID", show_default=False)],
    workspace: Annotated[str, typer.Option(help="whose post it is", show_default=False)],
    rep: Annotated[str, typer.Option(metavar="REP_ID", help="who reads it; recorded", show_default=False)],
    reason: Annotated[
        str,
        typer.Option(
            metavar="WHY", help="a code (identity_check) or a few words, none of the post's", show_default=False
        ),
    ],
    source: Annotated[
        str | None,
        typer.Option(
            metavar="TOPIC/PARTITION/OFFSET", help="the raw record (`source` of the scored post); else looked up"
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object")] = False,
) -> None:
    """Print the plain text of a post, without the masks. Each reading is recorded before the text is shown.

    Plain text is kept for three days in posts.raw and in its dead letters, nowhere else. Whoever the cluster's
    ACLs let read posts.raw and write reps.events may read it, which is for the operator to grant. Earshot does not
    check that the caller is REP_ID. It records who was named, which post and why, as a post_revealed event on
    reps.events and as a revealed step of the case on cases.events.

    Exit 1 says that the record is gone or is not this post. The post's address on its platform is named where it
    is known. Exit 3 says that Kafka does not answer or did not confirm the event, and then nothing is shown.
    """
    from pipeline.app.endpoints import resolve
    from pipeline.app.offline.reveal import NotRevealed, RevealRequest, parse_source
    from pipeline.app.offline.reveal import reveal as read
    from pipeline.clock import SystemClock
    from pipeline.settings import load_settings

    position = None if source is None else parse_source(source)
    settings = resolve(load_settings(), clickhouse=position is None)
    with contextlib.suppress(ServiceMissing):
        # Here ClickHouse only gives the platform's address, so its absence is no error.
        settings = resolve(settings, clickhouse=True)
    result = read(settings, RevealRequest(workspace, post_id, rep, reason), position, SystemClock())
    if isinstance(result, NotRevealed):
        say(f"earshot reveal: {result.why}")
        if result.url is not None:
            say(f"on its platform: {result.url}")
        raise typer.Exit(EXIT_NO)
    if as_json:
        _emit_json(result)
    else:
        _emit_text(result)


def _emit_json(revealed: "Revealed") -> None:
    emit_json(
        {
            "post": None if revealed.post is None else revealed.post.model_dump(mode="json", exclude_none=True),
            "text": revealed.text,
            "source": revealed.source.model_dump(),
            "event_id": revealed.event.event_id,
        }
    )


def _emit_text(revealed: "Revealed") -> None:
    # A post must not steer the terminal that shows it. With --json it comes with every character.
    emit("".join(sign if sign.isprintable() or sign in "\n\t" else " " for sign in revealed.text))
