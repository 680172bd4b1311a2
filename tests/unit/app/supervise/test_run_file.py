"""The status file is whole or absent, and a state folder belongs to one supervisor."""

from pathlib import Path

import pytest

from pipeline.app.supervise.run_file import (
    RunStatus,
    WorkerStatus,
    only_one,
    read_run_file,
    run_file,
    write_run_file,
)
from pipeline.errors import Misconfigured

WORKER = WorkerStatus(
    stage="enrich", name="enrich-1", state="running", pid=7, http_port=8080, restarts=2, last_exit=-9
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    status = RunStatus(supervisor_pid=1, workers=(WORKER, WORKER.model_copy(update={"stage": "sink"})))
    write_run_file(tmp_path, status)
    assert read_run_file(tmp_path) == status
    assert status.of("enrich") == (WORKER,)
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


def test_no_file_and_a_broken_file_are_no_status(tmp_path: Path) -> None:
    assert read_run_file(tmp_path) is None
    run_file(tmp_path).write_text('{"supervisor_pid": ')
    assert read_run_file(tmp_path) is None


def test_a_state_folder_is_held_once_and_free_again_afterwards(tmp_path: Path) -> None:
    with (
        only_one(tmp_path / "new"),
        pytest.raises(Misconfigured, match="already runs"),
        only_one(tmp_path / "new"),
    ):
        pass
    with only_one(tmp_path / "new"):
        pass
