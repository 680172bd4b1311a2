"""`earshot desk`: play the reps of a contact centre."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


@app.command()
def desk(
    roster: Annotated[Path, typer.Argument(metavar="ROSTER.yaml", help="workspace and reps", show_default=False)],
    speed: Annotated[float, typer.Option(min=1e-3, max=1e6, help="how many times as fast as life")] = 1.0,
    seed: Annotated[int, typer.Option(help="the same seed gives the same answers")] = 0,
) -> None:
    """Sign the roster's reps in and let them accept, reject, miss, answer and resolve. Ctrl-C signs them out.

    With EARSHOT_CLOCK=event they answer at once, at the event time at which they would have, and stay signed in.
    """
    from pipeline.app.simulated_desk import run
    from pipeline.logs import setup_logs
    from pipeline.settings import load_settings

    settings = load_settings()
    setup_logs(settings.operate.log_level, settings.operate.log_format)
    run(settings, roster, speed=speed, seed=seed)
