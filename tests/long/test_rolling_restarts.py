"""Two rolling restarts of two routers that hold 10^5 open cases."""

import sys
from pathlib import Path

import pytest

from pipeline.local.endpoints import Endpoints
from tests.faults.rolling_lab import Report, RollingLab

pytestmark = pytest.mark.integration
CASES = 100_000


@pytest.mark.timeout(2400)
@pytest.mark.parametrize("named", [True, False], ids=["with names", "without names"])
def test_partitions_that_stay_are_not_restored(stack: Endpoints, tmp_path: Path, named: bool) -> None:
    lab, report = RollingLab(stack, tmp_path, named=named), Report()
    try:
        lab.start_both()
        lab.open_cases(CASES)
        lab.await_cases(900)
        for _ in range(2):
            lab.rolling_restart(report)
        sys.stdout.write(f"named={named}: {report}; (entries, seconds) restored: {lab.restores()}\n")
        if named:
            assert (report.restored_by_stayers, report.kept_by_stayers) == (0, 0), "they noticed nothing"
        else:
            # At most once a restart what the other one left behind; a restore that it outran is not finished.
            assert report.restored_by_stayers <= 4
            assert report.kept_by_stayers >= 4, "their own, each time that it was dealt anew"
    finally:
        lab.close()
