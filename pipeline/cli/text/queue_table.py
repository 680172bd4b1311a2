"""Lays out the results of `earshot bench queue` as a table for people and rows for programs."""

from collections.abc import Callable, Iterator
from dataclasses import asdict

from rich.table import Table

from pipeline.bench.queue.orders import Order, QueueBench

FAIR = (0.45, 0.60)
"""First in first out must reach such a share of the urgent cases in time. Where it reaches fewer or more, hardly
any order, or every order, would do well, so that a comparison says little."""


def queue_rows(bench: QueueBench) -> Iterator[dict[str, object]]:
    """Yields a row for each order."""
    common = {"load": bench.load, "within_min": bench.within_min, "score_scale": bench.scale}
    for order in (bench.ordered, bench.first_in_first_out):
        yield {**asdict(order), **common, "fair": _is_fair(bench)}


def queue_table(bench: QueueBench) -> Table:
    """Returns a table with a column for each order."""
    orders = bench.ordered, bench.first_in_first_out
    table = Table("", *(order.name for order in orders))
    within = f"within {bench.within_min:g} min"
    lines: dict[str, Callable[[Order], str]] = {
        f"urgent offered {within}": lambda order: f"{order.urgent.offered_within:.3f}",
        f"urgent accepted {within}": lambda order: f"{order.urgent.accepted_within:.3f}",
        "urgent wait, mean min": lambda order: f"{order.urgent.mean_min:,.1f}",
        "urgent wait, p50 min": lambda order: f"{order.urgent.p50_min:,.1f}",
        "urgent wait, p90 min": lambda order: f"{order.urgent.p90_min:,.1f}",
        f"others accepted {within}": lambda order: f"{order.others.accepted_within:.3f}",
        "others' wait, p99 min": lambda order: f"{order.others.p99_min:,.1f}",
        "others' wait, longest min": lambda order: f"{order.others.longest_min:,.1f}",
        "bound of that wait, min": lambda order: _bound_min(order),
        "that wait, picks": lambda order: f"{order.bound.picks:,}",
        "bound of that wait, picks": lambda order: f"{order.bound.allowed_picks:,}",
        "cases beyond their bound": lambda order: f"{order.bound.broken:,}",
        "occupancy": lambda order: f"{order.occupancy:.3f}",
    }
    for name, cell in lines.items():
        table.add_row(name, *map(cell, orders))
    table.caption = _caption(bench)
    return table


def _bound_min(order: Order) -> str:
    minutes = order.bound.allowed_min
    return "after the run" if minutes is None else f"{minutes:,.1f}"


def _caption(bench: QueueBench) -> str:
    ordered, every = bench.ordered, bench.ordered.bound.oldest_every
    reached = bench.first_in_first_out.urgent.accepted_within
    verdict = "as a fair comparison needs" if _is_fair(bench) else "so that the comparison says little"
    scores = "probabilities, a hundredth of the priority" if bench.scale > 1 else "priorities"
    return (
        f"{ordered.urgent.cases:,} urgent cases and {ordered.others.cases:,} others; scores are {scores}; "
        f"load {bench.load:.2f}; a wait lasts from the arrival to the accept. Of each {every} picks one takes the "
        f"oldest case, so that the k-th oldest waits at most {every} k picks (here k was at most "
        f"{ordered.bound.most_allowed_picks // every:,}). First in first out reaches {reached:.2f} of the urgent "
        f"cases in time, {'' if _is_fair(bench) else 'not '}from {FAIR[0]:.2f} to {FAIR[1]:.2f}, {verdict}."
    )


def _is_fair(bench: QueueBench) -> bool:
    return FAIR[0] <= bench.first_in_first_out.urgent.accepted_within <= FAIR[1]
