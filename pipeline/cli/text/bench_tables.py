"""Lays out the results of `earshot bench` as tables for people and rows for programs. It measures and writes
nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict

from rich.table import Table

from pipeline.adapters.models.processor import Processor
from pipeline.bench.figures import Spread
from pipeline.bench.influence.measure import InfluenceBench
from pipeline.bench.ingest import IngestCost
from pipeline.bench.model.engine import EngineBench
from pipeline.bench.route.results import RouteFigures
from pipeline.bench.signal_costs import SignalCost
from pipeline.bench.stage.results import EnrichBench, Latency

Row = dict[str, object]


def engine_rows(bench: EngineBench, rounds: int, processor: Processor) -> Iterator[Row]:
    """Yields a row for each candidate."""
    for row in bench.rows:
        yield {
            "name": row.name, "posts": row.posts, "rounds": rounds, "posts_per_s": row.per_second,
            "x_one_at_a_time": row.x_one_at_a_time, "x_best_torch": row.x_best_torch, "x_bare": row.x_bare,
            "best_torch": bench.best_torch, "tokens": bench.lengths, "processor": processor,
        }  # fmt: skip


def engine_table(bench: EngineBench, rounds: int, processor: Processor) -> Table:
    """Returns a table with a line for each candidate."""
    table = Table("what", "posts/s", "x one at a time", "x best torch", "x bare", title=str(processor))
    for row in bench.rows:
        ratios = (_ratio(ratio) for ratio in (row.x_one_at_a_time, row.x_best_torch, row.x_bare))
        table.add_row(row.name, _rate(row.per_second), *ratios)
    tokens = bench.lengths
    table.caption = (
        f"{bench.rows[0].posts:,} posts, no text twice; tokens a post: mean {tokens.mean:.1f}, "
        f"median {tokens.p50:.0f}, p95 {tokens.p95:.0f}; median of {rounds} rounds (lowest-highest), ratios round "
        "by round"
    )
    return table


def signal_table(costs: Sequence[SignalCost], processor: Processor) -> Table:
    """Returns a table with a line for each signal."""
    table = Table("signal", "us a post, one core", title=str(processor))
    for cost in costs:
        table.add_row(cost.name, f"{cost.us:,.1f}", end_section=cost is costs[-2])
    table.caption = "the last line has all of them, and normalising, triage and the record"
    return table


def ingest_table(costs: Sequence[IngestCost], processor: Processor) -> Table:
    """Returns a table with a line for each way to read an export."""
    table = Table("what", "us a post, one core", "x bare", "memory grown, MiB", title=str(processor))
    for cost in costs:
        grown = "" if cost.grown_mib is None else f"{cost.grown_mib:.1f}"
        table.add_row(cost.name, _rate(cost.us), _ratio(cost.x_bare), grown)
    table.caption = (
        "processor time of dry runs, median of the rounds (lowest-highest); memory from the first quarter on"
    )
    return table


def enrich_rows(bench: EnrichBench, processor: Processor) -> Iterator[Row]:
    """Yields rows of four kinds, which are rate, cost, step and latency."""
    for rate in bench.rates:
        yield {"kind": "rate", "name": rate.name, "posts": rate.posts, "posts_per_s": rate.per_second,
               "processor": processor}  # fmt: skip
    yield {"kind": "rate", "name": "stage over bare engine", "ratio": bench.of_bare}
    yield {"kind": "rate", "name": "stage over bare scoring", "ratio": bench.of_scoring}
    for cost in bench.costs:
        yield {"kind": "cost", "name": cost.name, "cpu_ms_per_post": cost.ms, "share": cost.share}
    for step, ms in bench.wall_ms.items():
        yield {"kind": "step", "name": step, "wall_ms_per_post": ms, "batch_posts": bench.batch_posts}
    latency = bench.latency
    yield {
        "kind": "latency", "posts": latency.posts, "posts_per_s": latency.per_second, "p50_ms": latency.p50_ms,
        "p99_ms": latency.p99_ms, "added_p99_ms": latency.added_p99_ms, "batch_posts": latency.batch_posts,
        "engine_one_post_ms": latency.engine_ms, "engine_batch_ms": latency.batch_ms,
    }  # fmt: skip


def enrich_tables(bench: EnrichBench, processor: Processor) -> Iterator[Table]:
    """Yields the tables of rates, of where the time goes, and of latency."""
    rates = Table("what", "posts", "posts/s", *(f"x {rate.name}" for rate in bench.rates[:-1]))
    rates.title = str(processor)
    for rate in bench.rates:
        over = (f"{rate.per_second.median / other.per_second.median:.2f}" for other in bench.rates[:-1])
        rates.add_row(rate.name, f"{rate.posts:,}", _rate(rate.per_second), *over)
    engine, scoring = _ratio(bench.of_bare), _ratio(bench.of_scoring)
    rates.caption = f"stage over the bare engine just before and after: {engine}; over the bare scoring: {scoring}"
    yield rates
    yield _costs(bench)
    yield _latency(bench.latency)


def influence_row(bench: InfluenceBench, processor: Processor) -> Row:
    """Returns everything that was measured."""
    return {**asdict(bench), "processor": processor}


def influence_table(bench: InfluenceBench, processor: Processor) -> Table:
    """Returns a table with a line for each way, and below it what many authors cost."""
    table = Table("what", "CPU us an event", title=str(processor))
    for way, us in bench.us.items():
        table.add_row(way, _rate(us))
    table.caption = (
        f"rows of {bench.row_bytes:,.0f} bytes; {_ratio(bench.ratio)} times the bare agent, round by round; with "
        f"many authors {bench.growth:.2f} times as much as with few, restored in {bench.restore_s:.1f} s, "
        f"{bench.memory_mib:,.0f} MiB"
    )
    return table


def route_row(figures: RouteFigures, processor: Processor) -> Row:
    """Returns the row of one router at one size."""
    return {**asdict(figures), "processor": processor}


def route_table(figures: Sequence[RouteFigures], processor: Processor) -> Table:
    """Returns a table with a column for each router at each size."""
    table = Table("", *(f"{one.waiting:,} cases\n{one.reps:,} reps\n{one.name}" for one in figures))
    table.title = str(processor)
    lines: dict[str, Callable[[RouteFigures], str]] = {
        "CPU us a record": lambda one: _rate(one.us_per_record),
        "records/s": lambda one: _rate(one.records_per_s),
        "offers/s": lambda one: _rate(one.offers_per_s),
        "times the other": lambda one: "" if one.times_other is None else _ratio(one.times_other),
        "output bytes a record": lambda one: f"{one.output_bytes:,.0f}",
        "changelog bytes a record": lambda one: f"{one.changelog_bytes:,.0f}",
        "longest transaction, ms": lambda one: f"{one.transaction_ms:,.0f}",
        "longest decision, ms": lambda one: f"{one.decide_ms:,.1f}",
        "longest call for timers, ms": lambda one: f"{one.timers_ms:,.1f}",
        "longest collection, ms": lambda one: f"{one.collection_ms:,.1f}",
        "a full collection, ms": lambda one: f"{one.full_collection_ms:,.0f}",
        "resident bytes a case": lambda one: f"{one.resident_bytes:,.0f}",
        "restore us a case": lambda one: f"{one.restore_us:,.1f}",
    }
    for name, cell in lines.items():
        table.add_row(name, *map(cell, figures))
    table.caption = (
        "half posts, a quarter accepts, a quarter resolves; processor time of one core; median of the rounds "
        f"(lowest-highest); {figures[0].records_per_transaction:,.0f} records a transaction"
    )
    return table


def _costs(bench: EnrichBench) -> Table:
    table = Table("part", "CPU ms a post", "share", title="where the stage's time goes, at full load")
    for cost in bench.costs:
        table.add_row(cost.name, f"{cost.ms:.3f}", f"{cost.share:.1%}")
    table.add_row("all", f"{sum(cost.ms for cost in bench.costs):.3f}", "100.0%")
    steps = ", ".join(f"{step} {ms:.2f}" for step, ms in bench.wall_ms.items())
    table.caption = (
        f"wall-clock ms a post by step of a batch ({bench.batch_posts:.0f} posts): {steps}; the steps overlap"
    )
    return table


def _latency(latency: Latency) -> Table:
    table = Table("append in posts.raw to append in posts.scored", "ms", title="at half load")
    table.add_row("p50", f"{latency.p50_ms:,.0f}")
    table.add_row("p99", f"{latency.p99_ms:,.0f}")
    table.add_row("bare engine, one post alone", f"{latency.engine_ms:,.1f}")
    table.add_row(f"bare engine, a batch of {latency.batch_posts:.0f}", f"{latency.batch_ms:,.1f}")
    table.add_row("added p99: p99 less one post alone", f"{latency.added_p99_ms:,.0f}")
    table.caption = f"{latency.posts:,} posts, {latency.per_second:,.0f} a second, evenly paced; all of them count"
    return table


def _rate(rate: Spread) -> str:
    if rate.low == rate.high:
        return f"{rate.median:,.0f}"
    return f"{rate.median:,.0f} ({rate.low:,.0f}-{rate.high:,.0f})"


def _ratio(ratio: Spread | None) -> str:
    return "" if ratio is None else f"{ratio.median:.2f} ({ratio.low:.2f}-{ratio.high:.2f})"
