"""Routers without names in their group deal the partitions anew at each restart.

No post is lost, and the router that stays does not read its own state again. `tests/long/test_rolling_restarts.py`
has routers with names and 10^5 cases.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.local.endpoints import Endpoints
from tests.faults.rolling_lab import Report, RollingLab

pytestmark = pytest.mark.integration


@pytest.fixture
def routers(stack: Endpoints, tmp_path: Path) -> Iterator[RollingLab]:
    lab = RollingLab(stack, tmp_path, named=False)
    yield lab
    lab.close()


def test_the_partition_that_stays_is_not_restored_and_a_spare_router_is_ready(routers: RollingLab) -> None:
    report = Report()
    routers.start_both()
    routers.open_cases(300)
    routers.await_cases()
    # Two heartbeats, so that the group deals anew when the router leaves, and not only when it is back.
    routers.restart(0, report, pause_s=6.0, trickle=20)
    assert report.restored_by_stayers <= 1, "at most the partition of the other one, while it was away"
    assert report.kept_by_stayers >= 1, "its own, each time that it was dealt anew"
    routers.add_spare()
