"""A runner measures the real router end to end, and notices when the router does not do what was asked."""

import gc
import pstats
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from pipeline.bench.route.comparison import Plan, bench_route
from pipeline.bench.route.process import OURS
from pipeline.bench.route.runner import Runner
from pipeline.bench.route.seam import BATCH
from pipeline.bench.route.templates import POLICY, post_templates

CASES, REPS = 400, 5


@pytest.fixture(autouse=True)
def _own_collector() -> Iterator[None]:
    """A meter switches the collector off for the life of its process."""
    callbacks, thresholds = list(gc.callbacks), gc.get_threshold()
    yield
    gc.callbacks[:] = callbacks
    gc.set_threshold(*thresholds)
    gc.unfreeze()
    gc.enable()


@pytest.fixture
def setting(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "templates").write_bytes(b"\n".join(post_templates(20)))
    return {
        "checkout": str(OURS),
        "templates": str(tmp_path / "templates"),
        "workspace": POLICY.workspace,
        "policy": POLICY.model_dump_json(exclude_none=True),
        "changelog": str(tmp_path / "changelog"),
    }


def restored(setting: dict[str, str]) -> tuple[Runner, Mapping[str, Any]]:
    end = Runner(**setting).fill([100, CASES])["ends"]
    runner = Runner(**setting)
    return runner, runner.restore(CASES, end[str(CASES)])


def test_a_restored_router_offers_a_case_for_each_that_is_resolved(setting: dict[str, str]) -> None:
    runner, costs = restored(setting)
    assert costs["restore_us"] > 0
    assert costs["changelog_bytes"] > 500
    gauges = runner.sign_in(REPS)["gauges"]
    assert gauges["waiting"] + gauges["offered"] == CASES
    figures = runner.round(1)
    assert figures["records"] == BATCH
    # A quarter resolves. The new posts also reach places that nobody's case fitted before.
    assert figures["offers"] >= 0.9 * BATCH / 4
    assert figures["outputs"] > figures["records"] * 500
    assert figures["cpu_s"] > 0


def test_a_shorter_changelog_restores_fewer_cases(setting: dict[str, str]) -> None:
    ends = Runner(**setting).fill([100, CASES])["ends"]
    runner = Runner(**setting)
    runner.restore(100, ends["100"])
    gauges = runner.sign_in(REPS)["gauges"]
    assert gauges["waiting"] + gauges["offered"] == 100


def test_the_longest_calls_and_a_profile_are_of_the_router(setting: dict[str, str], tmp_path: Path) -> None:
    runner, _ = restored(setting)
    runner.sign_in(REPS)
    longest = runner.steps(1)
    assert longest["decide_ms"] > 0
    assert longest["full_collection_ms"] > 0
    runner.profile(1, str(tmp_path / "profile"))
    functions = {name for _, _, name in pstats.Stats(str(tmp_path / "profile")).stats}  # type: ignore[attr-defined]
    assert "decide" in functions
    assert "transaction" not in functions, "what the bench does itself is not profiled"


def test_a_dead_letter_fails_the_bench(setting: dict[str, str]) -> None:
    runner, _ = restored(setting)
    runner.sign_in(REPS)
    runner._posts._templates = [b"{}"]
    with pytest.raises(RuntimeError, match="records were decided"):
        runner.round(1)


def test_the_code_of_another_folder_is_not_measured(setting: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="runs, which is not in"):
        Runner(**setting | {"checkout": str(tmp_path)})


def test_two_routers_are_compared_round_by_round(tmp_path: Path) -> None:
    plan = Plan(waiting=[2000], reps=[5], rounds=2, against=OURS, profile=tmp_path / "profile")
    ours, theirs = bench_route(plan, tmp_path, lambda _: None)
    assert (ours.waiting, ours.reps, ours.records_per_transaction) == (2000, 5, BATCH)
    assert ours.times_other is not None
    assert theirs.times_other is None
    # The same router got the same inputs.
    assert ours.output_bytes == theirs.output_bytes
    assert (tmp_path / "profile").exists()
