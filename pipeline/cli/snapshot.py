"""`earshot snapshot`: keep the router's state of this moment, so that a replay can begin there."""

import typer

app = typer.Typer(add_completion=False)


@app.command()
def snapshot() -> None:
    """Copy the router's state to topic route.snapshots, beside a running router.

    A replay begins at the newest snapshot. Take one a day, for instance by a scheduled job of the cluster: the
    journal is kept for 14 days.
    """
    from pipeline.app.endpoints import resolve
    from pipeline.app.offline.rerun import take_snapshots
    from pipeline.cli.text.output import say
    from pipeline.settings import load_settings

    for partition, number in take_snapshots(resolve(load_settings()).kafka).items():
        say(f"partition {partition}: the state after transaction {number} is kept")
