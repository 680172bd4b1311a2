"""The table of the influence agent under kills and rebalances, and how it fails with each fix of Faust taken away.

The windows are widened. The seek after a recovery comes 50 ms late, and each produce request takes 150 ms longer.
"""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.local.endpoints import Endpoints
from tests.faults.table_lab import TableLab, kill, until

pytestmark = pytest.mark.integration
START_S, WORK_S = 90.0, 180.0
WIDE = ("late-seek", "slow-broker")


@pytest.fixture
def lab(stack: Endpoints, tmp_path: Path) -> Iterator[TableLab]:
    made = TableLab(stack.kafka_bootstrap, tmp_path)
    yield made
    made.close()


def killed_under_load(lab: TableLab, *weaknesses: str) -> None:
    """Kills a worker whose changes are on their way when it commits, and lets another one end the work."""
    lab.send(4000)
    worker = lab.start("slow-broker", *weaknesses)
    assert until(lambda: lab.committed() > 300, START_S)
    kill([worker])
    lab.start()
    assert lab.settles_at(4000, START_S + WORK_S)


def joined_under_load(lab: TableLab, *weaknesses: str) -> bool:
    """Lets workers join and leave while records come in, and says whether everything was committed."""
    first = lab.start("late-seek", *weaknesses)
    assert lab.feed(lambda: lab.started(first), START_S)
    for _ in range(2):
        other = lab.start("late-seek", *weaknesses)
        assert lab.feed(lambda worker=other: lab.started(worker), START_S)  # type: ignore[misc]
        lab.send(1000)
        other.send_signal(signal.SIGTERM)
        assert lab.feed(lambda worker=other: worker.poll() == 0, START_S)  # type: ignore[misc]
    assert first.poll() is None
    return lab.settles_at(lab.sent, 60)


@pytest.mark.timeout(600)
def test_changes_below_a_commit_survive_a_kill_only_because_the_flush_waits(lab: TableLab) -> None:
    killed_under_load(lab)
    assert not lab.lost()


@pytest.mark.timeout(600)
def test_without_the_flush_changes_below_a_commit_are_lost(lab: TableLab) -> None:
    killed_under_load(lab, "no-flush")
    assert sum(lab.lost().values()) > 0


@pytest.mark.timeout(600)
def test_rebalances_skip_nothing_because_streams_wait_for_the_seek(lab: TableLab) -> None:
    assert joined_under_load(lab)
    assert not lab.lost()


@pytest.mark.timeout(600)
def test_without_the_order_a_rebalance_skips_records_or_blocks_commits(lab: TableLab) -> None:
    assert not joined_under_load(lab, "no-order") or sum(lab.lost().values()) > 0


@pytest.mark.timeout(1200)
def test_the_table_is_exact_after_5_kills_2_joins_and_2_leaves_under_load(lab: TableLab) -> None:
    one = lab.start(*WIDE)
    assert lab.feed(lambda: lab.started(one), START_S)
    for _ in range(2):
        two = lab.start(*WIDE)
        assert lab.feed(lambda worker=two: lab.started(worker), START_S)  # type: ignore[misc]
        lab.send(500)
        kill([one])
        one = lab.start(*WIDE)
        assert lab.feed(lambda worker=one: lab.started(worker), START_S)  # type: ignore[misc]
        two.send_signal(signal.SIGTERM)
        assert lab.feed(lambda worker=two: worker.poll() == 0, START_S)  # type: ignore[misc]
    for _ in range(3):
        lab.send(500)
        before = lab.committed()
        assert lab.feed(lambda start=before: lab.committed() > start, WORK_S)  # type: ignore[misc]
        kill([one])
        one = lab.start(*WIDE)
    assert lab.settles_at(lab.sent, START_S + WORK_S)
    assert not lab.lost()
