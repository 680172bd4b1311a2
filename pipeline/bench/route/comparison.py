"""Measures for `earshot bench route` the router without Kafka, beside that of another checkout if one is given.

Every router runs in a process of its own and gets the same posts and sign-ins. They run rounds in turns, and every
other turn goes backwards. Each fills a changelog of its own with waiting cases and restores from it before it is
measured, as a worker does.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pipeline.bench.figures import ratios, spread
from pipeline.bench.rounds import Report
from pipeline.bench.route.process import OURS, TEMPLATES_FILE, RouterProcess, running
from pipeline.bench.route.results import RouteFigures
from pipeline.bench.route.templates import post_templates
from pipeline.errors import Misconfigured

TEMPLATES = 2_000
TRANSACTIONS = 8
"""A round has so many, with 500 records each."""


@dataclass(frozen=True)
class Plan:
    """Says what is measured."""

    waiting: Sequence[int]
    """Numbers of waiting cases."""
    reps: Sequence[int]
    """Numbers of reps, each of which is combined with each number of cases."""
    rounds: int
    against: Path | None = None
    """Another checkout."""
    profile: Path | None = None
    """Where the profile of this checkout's router goes, in the last combination."""


def bench_route(plan: Plan, folder: Path, report: Report) -> Iterator[RouteFigures]:
    """Yields the figures of each combination, of this router and then of the other one if there is one.

    Args:
        plan: what to measure.
        folder: where temporary files may lie, 2 KB a waiting case and checkout.
        report: takes lines of progress.

    Raises:
        Misconfigured: there is no other checkout where the plan says.
        MustRestart: a router ended.
    """
    checkouts = {"this checkout": OURS}
    if plan.against is not None:
        if not (plan.against / "pipeline" / "route" / "router.py").is_file():
            raise Misconfigured(
                f"--against {plan.against}: no checkout of Earshot is there (a git worktree is one)"
            )
        checkouts[str(plan.against)] = plan.against.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder) as made:
        lab = Path(made)
        (lab / TEMPLATES_FILE).write_bytes(b"\n".join(post_templates(TEMPLATES)))
        ends: dict[str, Mapping[str, int]] = {}
        for name, checkout in checkouts.items():
            report(f"{name}: {max(plan.waiting):,} posts open cases")
            with running(checkout, lab) as router:
                ends[name] = router("fill", sizes=list(plan.waiting))["ends"]
        for waiting, reps in product(plan.waiting, plan.reps):
            with ExitStack() as stack:
                routers = {
                    name: stack.enter_context(running(checkout, lab)) for name, checkout in checkouts.items()
                }
                report(f"{waiting:,} waiting cases, {reps:,} reps: restoring")
                restored = {
                    name: router("restore", size=waiting, end=ends[name][str(waiting)])
                    for name, router in routers.items()
                }
                yield from _compared(plan, routers, restored, waiting, reps, report)


def _compared(
    plan: Plan,
    routers: Mapping[str, RouterProcess],
    restored: Mapping[str, Mapping[str, Any]],
    waiting: int,
    reps: int,
    report: Report,
) -> list[RouteFigures]:
    for router in routers.values():
        router("sign_in", reps=reps)
        # The first transaction after the sign-ins pays for cold caches.
        router("round", transactions=1)
    rounds = _rounds(plan, routers, report)
    # Before the calls are timed one by one, which a profile would show as well.
    if plan.profile is not None:
        next(iter(routers.values()))("profile", transactions=TRANSACTIONS, file=str(plan.profile.resolve()))
    figures = []
    for name, router in routers.items():
        longest = router("steps", transactions=TRANSACTIONS)
        figures.append(_figures(name, waiting, reps, rounds[name], {**restored[name], **longest}))
    if len(figures) > 1:
        rates, others = ([one["records"] / one["cpu_s"] for one in each] for each in rounds.values())
        figures[0] = replace(figures[0], times_other=ratios(rates, others))
    return figures


def _rounds(
    plan: Plan, routers: Mapping[str, RouterProcess], report: Report
) -> dict[str, list[Mapping[str, float]]]:
    rounds: dict[str, list[Mapping[str, float]]] = {name: [] for name in routers}
    for number in range(plan.rounds):
        report(f"round {number + 1} of {plan.rounds}")
        for name in list(routers)[:: 1 if number % 2 == 0 else -1]:
            rounds[name].append(routers[name]("round", transactions=TRANSACTIONS))
    return rounds


def _figures(
    name: str, waiting: int, reps: int, rounds: Sequence[Mapping[str, float]], others: Mapping[str, Any]
) -> RouteFigures:
    records = sum(one["records"] for one in rounds)
    return RouteFigures(
        name,
        waiting,
        reps,
        records_per_transaction=records / len(rounds) / TRANSACTIONS,
        us_per_record=spread([1e6 * one["cpu_s"] / one["records"] for one in rounds]),
        records_per_s=spread([one["records"] / one["cpu_s"] for one in rounds]),
        offers_per_s=spread([one["offers"] / one["cpu_s"] for one in rounds]),
        output_bytes=sum(one["outputs"] for one in rounds) / records,
        changelog_bytes=sum(one["changes"] for one in rounds) / records,
        transaction_ms=max(one["transaction_ms"] for one in rounds),
        decide_ms=others["decide_ms"],
        timers_ms=others["fire_timers_ms"],
        collection_ms=max(one["collection_ms"] for one in rounds),
        full_collection_ms=others["full_collection_ms"],
        resident_bytes=others["resident_bytes"],
        restore_us=others["restore_us"],
    )
