"""Twenty commits in doubt of each kind: nothing that was undone is ever seen."""

import sys
from pathlib import Path

import pytest

from tests.faults.proxied_broker import proxied_broker
from tests.faults.torn_transaction import torn

pytestmark = pytest.mark.integration
RUNS = 20


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("cut", [False, True], ids=["delayed", "connection cut"])
def test_twenty_commits_that_arrive_twice_make_nothing_visible_that_was_undone(tmp_path: Path, cut: bool) -> None:
    with proxied_broker(tmp_path / "broker") as broker:
        for run in range(RUNS):
            folder = tmp_path / str(run)
            folder.mkdir()
            seen = torn(*broker, folder, cut=cut)
            sys.stdout.write(f"{run}: {seen}\n")
            assert (seen.ids, seen.undone) == (["warm", "first", "second", "third"], 0)
            assert seen.restarts == 0


@pytest.mark.timeout(300)
@pytest.mark.parametrize("cut", [False, True], ids=["delayed", "connection cut"])
def test_without_the_renewal_an_undone_transaction_is_seen_or_its_input_lost(tmp_path: Path, cut: bool) -> None:
    with proxied_broker(tmp_path / "broker") as broker:
        seen = torn(*broker, tmp_path, cut=cut, renewing=False)
    sys.stdout.write(f"{seen}\n")
    assert seen.undone == 1 or "second" not in seen.ids
