"""The demo never removes or stops what is not its own."""

from pathlib import Path

import psutil
import pytest

from pipeline.app.supervise.run_file import RunStatus, WorkerStatus, write_run_file
from pipeline.clock import SystemClock
from pipeline.errors import Misconfigured, MustRestart
from pipeline.ingest.manifest.format import Header, Source
from pipeline.ingest.manifest.writer import ManifestWriter
from pipeline.local import stack
from pipeline.scenario.demo.demo import MARKER, Demo, Plan
from pipeline.settings import Settings


def demo(folder: Path) -> Demo:
    return Demo(Settings(state_dir=folder), Plan(), lambda _: None, lambda _: None)


def manifest_of(folder: Path, path: str) -> None:
    header = Header("run-1", "posts.raw", Source(path, 1, 1), {}, "2026-01-01T00:00:00Z")
    with ManifestWriter.create(folder, header, SystemClock()):
        pass


def test_a_stack_that_no_demo_made_is_refused_and_not_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "kafka").mkdir()
    stopped: list[Path] = []
    monkeypatch.setattr(stack, "down", lambda folder, **_: stopped.append(folder))
    show = demo(tmp_path)
    with pytest.raises(Misconfigured, match="no demo made"):
        show.prepare()
    show.stop()
    assert stopped == []
    assert (tmp_path / "kafka").exists()


def test_posts_that_somebody_sent_to_the_demos_stack_are_not_removed(tmp_path: Path) -> None:
    (tmp_path / MARKER).write_text("{}\n")
    manifest_of(tmp_path, "/data/own.csv")
    with pytest.raises(Misconfigured, match=r"own\.csv"):
        demo(tmp_path).prepare()
    assert [path.name for path in (tmp_path / "manifests").iterdir()] == ["run-1.jsonl"], "and no draft is left"


def test_a_demo_whose_stage_is_given_up_ends_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Demo, "_child", lambda *_: psutil.Process())
    sink = WorkerStatus(
        stage="sink", name="sink", state="given_up", pid=None, http_port=1, restarts=0, last_exit=2
    )
    write_run_file(tmp_path, RunStatus(supervisor_pid=1, workers=(sink,)))
    with pytest.raises(MustRestart, match=r"sink was given up with exit code 2: see .*sink\.log"):
        demo(tmp_path)._await_ready()
