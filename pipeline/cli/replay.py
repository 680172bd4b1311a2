"""`earshot replay`: decide again what the router has decided, and compare every byte."""

from dataclasses import asdict
from typing import Annotated

import typer

from pipeline.errors import EXIT_NO

app = typer.Typer(add_completion=False)


@app.command()
def replay(
    partition: Annotated[list[int] | None, typer.Option(min=0, help="only this number; repeatable")] = None,
    json: Annotated[bool, typer.Option("--json", help="one JSON object a line to stdout")] = False,
) -> None:
    """Decide all transactions since the newest snapshot again. Exit 1 if one is decided differently.

    Run it with the release and the settings of the router. It reads topics only.
    """
    from pipeline.app.endpoints import resolve
    from pipeline.app.offline.rerun import partitions, replay
    from pipeline.cli.text.output import emit_json, say
    from pipeline.loop.rerun import ReplayDiffers
    from pipeline.settings import load_settings

    settings = resolve(load_settings())
    differs = False
    for number in partition or partitions(settings.kafka):
        try:
            done = replay(settings, number)
        except ReplayDiffers as difference:
            say(f"partition {number}: {difference}")
            differs = True
            continue
        if json:
            emit_json(asdict(done))
        else:
            say(
                f"partition {number}: {done.transactions} transactions after number {done.after} with "
                f"{done.records} records are decided alike, {done.outputs} outputs byte for byte"
            )
    if differs:
        raise typer.Exit(EXIT_NO)
