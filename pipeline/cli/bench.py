"""`earshot bench`: rates, as ratios taken side by side in one run."""

from typing import Annotated

import typer

from pipeline.cli.output import emit_json, say, table_console

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Rates, as ratios side by side in one run.")


@app.callback()
def bench() -> None:
    """Rates, as ratios side by side in one run."""


@app.command()
def enrich(
    posts: Annotated[int, typer.Option(min=300, help="generated posts that each candidate gets")] = 2000,
    baseline: Annotated[
        bool, typer.Option("--baseline/--no-baseline", help="run the plain Faust agent too (extra torch)")
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON line a rate on stdout")] = False,
) -> None:
    """The enrich stage beside a plain Faust agent and the bare engine."""
    from rich.table import Table

    from pipeline.bench.enrich import bench_enrich
    from pipeline.settings import load_settings

    rates = bench_enrich(load_settings(), posts, baseline=baseline, say=say)
    if as_json:
        for rate in rates:
            emit_json({"name": rate.name, "posts": rate.posts, "posts_per_s": round(rate.per_second, 1)})
        return
    table = Table("what", "posts", "posts/s", *(f"x {rate.name}" for rate in rates[:-1]))
    for rate in rates:
        ratios = (f"{rate.per_second / other.per_second:.2f}" for other in rates[:-1])
        table.add_row(rate.name, f"{rate.posts:,}", f"{rate.per_second:,.0f}", *ratios)
    table_console().print(table)
