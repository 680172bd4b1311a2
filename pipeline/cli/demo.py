"""`earshot demo`: the whole loop on the embedded stack, in a minute."""

from typing import Annotated

import typer

from pipeline.cli.text.output import emit, say, table_console

app = typer.Typer(add_completion=False)

NEXT = """what to type next
  KEEP=1 make demo                              leave it running, then:
  .venv/bin/earshot audit                       follow every id through every hop
  .venv/bin/earshot report sentiment            the mood by hour
  .venv/bin/earshot query 'SELECT queue, count() FROM posts GROUP BY queue'
  .venv/bin/earshot local up                    the same data again, after a demo without KEEP=1
  make down                                     stop everything"""


@app.command()
def demo(
    posts: Annotated[int, typer.Option(min=1, help="posts to generate")] = 3050,
    hours: Annotated[float, typer.Option(min=0.1, help="event time that they cover")] = 10.0,
    seed: Annotated[int, typer.Option(help="another seed is another story")] = 1,
    keep: Annotated[bool, typer.Option("--keep", help="leave it running")] = False,
    stop: Annotated[bool, typer.Option("--stop", help="only stop what --keep left running")] = False,
) -> None:
    """Play a day of an invented brand through Kafka, Faust, the transformer, the router and ClickHouse."""
    from pipeline.scenario.demo.demo import Demo, Plan, running
    from pipeline.scenario.demo.summary import print_report
    from pipeline.settings import load_settings

    show = Demo(load_settings(), Plan(posts=posts, hours=hours, seed=seed), say, emit)
    if stop:
        show.stop()
        return
    with running(show, keep=keep):
        show.prepare()
        show.play()
        console = table_console()
        # The audit runs beside the report, because both take some seconds.
        with show.audit() as finish:
            print_report(show.settings, console)
            console.rule("audit")
            code = finish()
        say(NEXT)
        show.report("left running: `make down` stops it" if keep else "stopping")
    # The demo ends with the audit's code, so that a broken guarantee is a failure.
    raise typer.Exit(code)
