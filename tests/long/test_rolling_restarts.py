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
        others = 0 if named else 4
        assert report.restored_by_stayers == others, "only what a restarted router left behind, never their own"
    finally:
        lab.close()
