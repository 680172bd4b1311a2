"""`earshot bench`: rates, as ratios side by side in one run."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.text.output import emit, emit_json, say, table_console

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Rates, as ratios side by side in one run.")
Json = Annotated[bool, typer.Option("--json", help="one JSON line a row on stdout")]


@app.callback()
def bench() -> None:
    """Rates, as ratios side by side in one run."""


@app.command()
def engine(
    posts: Annotated[int, typer.Option(min=64, help="generated posts, no text twice")] = 2048,
    rounds: Annotated[int, typer.Option(min=1, help="how often each candidate is measured, in turn")] = 7,
    baseline: Annotated[
        bool, typer.Option("--baseline/--no-baseline", help="run the lines of torch too (extra torch)")
    ] = True,
    as_json: Json = False,
) -> None:
    """Measure the engine beside transformers.pipeline, torch in batches, and OpenVINO driven bare."""
    from pipeline.adapters.models.processor import read_processor
    from pipeline.bench.model.engine import bench_engine
    from pipeline.cli.text.bench_tables import engine_rows, engine_table
    from pipeline.settings import load_settings

    processor = read_processor()
    say(str(processor))
    bench = bench_engine(load_settings(), posts, rounds, baseline=baseline, report=say)
    if as_json:
        for row in engine_rows(bench, rounds, processor):
            emit_json(row)
        return
    table_console().print(engine_table(bench, rounds, processor))


@app.command()
def signals(
    posts: Annotated[int, typer.Option(min=100, help="generated posts of each of five shares")] = 2000,
    patterns: Annotated[int, typer.Option(min=10, max=50_000, help="queries of the listening policy")] = 5000,
    signatures: Annotated[
        int, typer.Option(min=0, max=150_000, help="other texts that the memory of copies holds")
    ] = 100_000,
    as_json: Json = False,
) -> None:
    """Measure what each signal beside the model costs a post, in microseconds of one core."""
    from pipeline.adapters.models.processor import read_processor
    from pipeline.bench.model.engine import open_engine
    from pipeline.bench.signal_costs import bench_signals
    from pipeline.cli.text.bench_tables import signal_table
    from pipeline.settings import load_settings

    processor = read_processor()
    say(str(processor))
    costs = bench_signals(open_engine(load_settings().model), posts, patterns, signatures, say)
    if as_json:
        for cost in costs:
            emit_json({"name": cost.name, "us_per_post": cost.us, "processor": processor})
        return
    table_console().print(signal_table(costs, processor))


@app.command()
def ingest(
    posts: Annotated[int, typer.Option(min=1000, help="generated posts of a file")] = 50_000,
    rounds: Annotated[int, typer.Option(min=1, help="how often each candidate is measured, in turn")] = 5,
    as_json: Json = False,
) -> None:
    """Measure what a post of an export costs until it could be sent, beside a bare csv.reader and orjson loop."""
    from dataclasses import asdict

    from pipeline.adapters.models.processor import read_processor
    from pipeline.bench.ingest import bench_ingest
    from pipeline.cli.text.bench_tables import ingest_table

    processor = read_processor()
    say(str(processor))
    costs = bench_ingest(posts, rounds, say)
    if as_json:
        for cost in costs:
            emit_json({**asdict(cost), "posts": posts, "processor": processor})
        return
    table_console().print(ingest_table(costs, processor))


@app.command()
def enrich(
    posts: Annotated[int, typer.Option(min=300, help="generated posts of a round, no text twice")] = 12_000,
    rounds: Annotated[int, typer.Option(min=1, help="rounds of the stage, with the bare engine in between")] = 3,
    seconds: Annotated[float, typer.Option(min=1, help="length of the half-load phase")] = 30,
    baseline: Annotated[
        bool, typer.Option("--baseline/--no-baseline", help="run the plain Faust agent too (extra torch)")
    ] = True,
    as_json: Json = False,
) -> None:
    """Measure the enrich stage beside a plain Faust agent and the bare engine, where its time goes, and its
    latency."""
    from pipeline.adapters.models.processor import read_processor
    from pipeline.bench.stage.enrich import Plan, bench_enrich
    from pipeline.cli.text.bench_tables import enrich_rows, enrich_tables
    from pipeline.settings import load_settings

    processor = read_processor()
    say(str(processor))
    bench = bench_enrich(load_settings(), Plan(posts, rounds, seconds, baseline), say)
    if as_json:
        for row in enrich_rows(bench, processor):
            emit_json(row)
        return
    for table in enrich_tables(bench, processor):
        table_console().print(table)


@app.command()
def influence(
    events: Annotated[int, typer.Option(min=1000, help="engagements of a round, for each way")] = 20_000,
    rounds: Annotated[int, typer.Option(min=1, help="rounds, the ways in turn")] = 3,
    authors: Annotated[int, typer.Option(min=1000, help="authors with a row when a worker restarts")] = 1_000_000,
    few: Annotated[int, typer.Option(min=100, help="authors with a row in the rounds")] = 10_000,
    as_json: Json = False,
) -> None:
    """Measure what an engagement costs beside a bare Faust agent with rows of the same size, and what many authors
    cost."""
    from pipeline.adapters.models.processor import read_processor
    from pipeline.bench.influence.measure import Plan, bench_influence
    from pipeline.cli.text.bench_tables import influence_row, influence_table
    from pipeline.settings import load_settings

    processor = read_processor()
    say(str(processor))
    bench = bench_influence(load_settings(), Plan(events, rounds, authors, few), say)
    if as_json:
        emit_json(influence_row(bench, processor))
        return
    table_console().print(influence_table(bench, processor))


@app.command()
def route(
    waiting: Annotated[list[int], typer.Option(min=2000, help="waiting cases; may be given several times")] = [  # noqa: B006
        100_000
    ],
    reps: Annotated[list[int], typer.Option(min=5, help="reps at work; may be given several times")] = [2000],  # noqa: B006
    rounds: Annotated[int, typer.Option(min=1, help="rounds of each combination, 4,000 records each")] = 5,
    against: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="checkout of another release, run in turns")
    ] = None,
    profile: Annotated[
        Path | None, typer.Option(dir_okay=False, help="write a profile of this router, for pstats")
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure the router without Kafka: rate, bytes, pauses and memory on half posts, a quarter accepts, a quarter
    resolves."""
    from pipeline.adapters.models.processor import read_processor
    from pipeline.bench.route.comparison import Plan, bench_route
    from pipeline.cli.text.bench_tables import route_row, route_table
    from pipeline.settings import load_settings

    processor = read_processor()
    say(str(processor))
    plan = Plan(waiting, reps, rounds, against, profile)
    figures = list(bench_route(plan, load_settings().state_dir / "bench", say))
    if as_json:
        for one in figures:
            emit_json(route_row(one, processor))
        return
    table_console().print(route_table(figures, processor))


@app.command()
def queue(
    file: Annotated[
        str | None,
        typer.Argument(metavar="FILE|-", help="arrivals, CSV with header at,urgent,score,handle_s; .gz or not"),
    ] = None,
    generate: Annotated[
        int | None,
        typer.Option(metavar="SEED", help="write 14,000 made arrivals to stdout instead, as such a FILE"),
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="YAML; default: one queue with every setting at its default"),
    ] = None,
    queue: Annotated[
        str | None, typer.Option(help="queue in which the cases wait; default: the policy's default queue")
    ] = None,
    reps: Annotated[int, typer.Option(min=1, max=10_000, help="reps who are always at work")] = 8,
    capacity: Annotated[int, typer.Option(min=1, max=100, help="cases of one rep at a time")] = 1,
    accept_s: Annotated[
        float, typer.Option(min=0, max=3600, help="median seconds from an offer to its accept")
    ] = 5.0,
    shift: Annotated[
        list[str] | None,
        typer.Option(
            metavar="HH:MM-HH:MM=REPS", help="who is at work each day (UTC) instead of --reps; repeatable"
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="seed of the times to accept")] = 1,
    within: Annotated[
        float, typer.Option(min=0.1, max=100_000, help="minutes in which an urgent case is in time")
    ] = 15,
    as_json: Json = False,
) -> None:
    """Play arrivals through the real router and simulated reps in virtual time, beside first in first out.

    A row of FILE is a case. `at` is a time in RFC 3339, Unix time or seconds since any moment. `urgent` (0 or 1)
    is the truth, which the router is not told. `score` is the priority from 0 to 100, or a probability if no score
    of FILE is above 1. `handle_s` is how long a rep works at the case. Every bad row is named as FILE:LINE: field,
    and makes the exit code 2.
    """
    from pipeline.app.offline.policy import read_policy
    from pipeline.bench.queue.arrivals import as_csv, read_arrivals
    from pipeline.bench.queue.orders import bench_queue
    from pipeline.bench.queue.play import RECOMMENDED
    from pipeline.bench.queue.reps import Staff, read_shift
    from pipeline.bench.queue.surges import make_arrivals
    from pipeline.cli.text.queue_table import queue_rows, queue_table
    from pipeline.errors import Misconfigured

    if (file is None) == (generate is None):
        raise Misconfigured("bench queue: give either FILE or --generate SEED")
    if generate is not None:
        for line in as_csv(make_arrivals(generate)):
            emit(line)
        return
    assert file is not None, "asked above"
    staff = Staff(reps, capacity, accept_s, tuple(map(read_shift, shift or ())), seed)
    followed = RECOMMENDED if policy is None else read_policy(policy)
    arrivals = read_arrivals(file)
    bench = bench_queue(arrivals, followed, queue or followed.fallback.name, staff, within, say)
    if as_json:
        for row in queue_rows(bench):
            emit_json(row)
        return
    table_console().print(queue_table(bench))
