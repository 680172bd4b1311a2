"""`earshot topics`: the contract's topics on the cluster."""

from typing import Annotated

import typer

from pipeline.cli.text.output import say
from pipeline.errors import EXIT_NO

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Create the topics, or show what differs from the contract."
)


@app.command()
def apply() -> None:
    """Create missing topics and set what differs. It refuses to change a partition count."""
    from pipeline.adapters.kafka.admin import ensure_topics
    from pipeline.app.endpoints import resolve
    from pipeline.settings import load_settings
    from schemas.topics import all_topics

    done = ensure_topics(resolve(load_settings()).kafka, all_topics())
    for plan in done:
        say(str(plan))
    say(f"{len(done)} topics changed" if done else "all topics are as declared")


@app.command()
def diff(quiet: Annotated[bool, typer.Option("--quiet", help="only the exit code")] = False) -> None:
    """Show what `apply` would do. Exit 1 if there is anything."""
    from pipeline.adapters.kafka.admin import plan_topics
    from pipeline.app.endpoints import resolve
    from pipeline.settings import load_settings
    from schemas.topics import all_topics

    plans = [plan for plan in plan_topics(resolve(load_settings()).kafka, all_topics()) if plan.changes]
    if not quiet:
        for plan in plans:
            say(str(plan))
    if plans:
        # A deployment can stop here, before stages meet topics that differ.
        raise typer.Exit(EXIT_NO)
