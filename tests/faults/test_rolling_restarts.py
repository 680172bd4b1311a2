"""Routers that are restarted in turn: no other router reads its state again, and no post is lost."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.local.endpoints import Endpoints
from tests.faults.rolling_lab import Report, RollingLab

pytestmark = pytest.mark.integration


@pytest.fixture
def routers(stack: Endpoints, tmp_path: Path) -> Iterator[Callable[[bool], RollingLab]]:
    made: list[RollingLab] = []

    def make(named: bool) -> RollingLab:
        made.append(RollingLab(stack, tmp_path, named=named))
        return made[-1]

    yield make
    for lab in made:
        lab.close()


def test_a_spare_router_is_ready_and_takes_over(routers: Callable[[bool], RollingLab]) -> None:
    lab = routers(False)
    lab.start_both()
    lab.add_spare()
    lab.kill(0)
    lab.open_cases(100)
    lab.await_cases()


@pytest.mark.parametrize("named", [True, False], ids=["with names", "without names"])
def test_the_partition_that_stays_is_not_restored(routers: Callable[[bool], RollingLab], named: bool) -> None:
    lab, report = routers(named), Report()
    lab.start_both()
    lab.open_cases(300)
    lab.await_cases()
    lab.restart(0, report, trickle=20)
    if named:
        assert (report.restored_by_stayers, report.kept_by_stayers) == (0, 0), "it noticed nothing"
    else:
        assert report.restored_by_stayers <= 1, "at most the partition of the other one, while it was away"
        assert report.kept_by_stayers >= 1, "its own, each time that it was dealt anew"
