"""The table of the influence agent on the real broker, while its workers are killed, and without the fixes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.adapters.kafka.reader import read_topic
from pipeline.local.endpoints import Endpoints
from schemas.dead_letter import dead_letters_of, decode_headers
from tests.faults.table_lab import TableLab, kill, until

pytestmark = pytest.mark.integration
START_S, WORK_S = 90.0, 120.0


@pytest.fixture
def lab(stack: Endpoints, tmp_path: Path) -> Iterator[TableLab]:
    made = TableLab(stack.kafka_bootstrap, tmp_path)
    yield made
    made.close()


@pytest.mark.timeout(300)
def test_after_kill_9_the_table_is_what_the_topic_says(lab: TableLab) -> None:
    lab.send(500)
    lab.send(1, b"bad")
    for _ in range(2):
        worker = lab.start("slow-broker")
        assert until(lambda: lab.committed() > 0, START_S)
        before = lab.committed()
        lab.send(1000)
        assert until(lambda start=before: lab.committed() > start, WORK_S)  # type: ignore[misc]
        kill([worker])
    lab.start()
    assert lab.settles_at(2501, START_S + WORK_S)
    assert not lab.lost()
    letters = read_topic(lab.kafka, dead_letters_of(lab.input))
    # A kill between the letter and the commit repeats it.
    found = {(letter.value(), decode_headers(letter.headers()).code) for letter in letters}
    assert found == {(b"bad", "invalid_json")}


@pytest.mark.timeout(200)
def test_an_error_of_ours_ends_the_worker_with_nothing_acknowledged(lab: TableLab) -> None:
    lab.send(1, b"poison")
    worker = lab.start()
    assert worker.wait(START_S) == 70
    assert "planted" in lab.said(worker)
    assert lab.committed() == 0
    assert not lab.state()
