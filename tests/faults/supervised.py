"""Runs supervised workers for fault tests, with the real supervisor over any command."""

import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipeline.app.supervise.restart_rule import RestartRule
from pipeline.app.supervise.run_file import read_run_file
from pipeline.app.supervise.supervisor import Plan, Supervisor

USUAL = RestartRule()


@contextmanager
def supervised(
    arguments: Sequence[str],
    state_dir: Path,
    environment: Mapping[str, str],
    workers: int = 1,
    stage: str = "enrich",
    rule: RestartRule = USUAL,
) -> Iterator[None]:
    """Runs `python ARGUMENTS` as workers of a stage, which the supervisor restarts, until the block ends."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        plan = Plan({stage: workers}, state_dir, log_files=True, rule=rule)
        supervisor = Supervisor(plan, lambda _stage: [sys.executable, *arguments])
        thread = threading.Thread(target=supervisor.run)
        thread.start()
        try:
            yield
        finally:
            supervisor.stop()
            supervisor.stop()  # a worker that holds its interpreter does not hear the first
            thread.join(60)


def restarts(state_dir: Path) -> int:
    """Says how often workers were started again."""
    status = read_run_file(state_dir)
    return 0 if status is None else sum(worker.restarts for worker in status.workers)
