"""What the doctor says of the workers of this machine."""

import http.server
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.app.supervise.diagnosis import stages
from pipeline.app.supervise.run_file import RunStatus, WorkerStatus, write_run_file
from pipeline.errors import ServiceMissing
from pipeline.local.doctor import Note
from pipeline.settings import Settings


class Ready(http.server.BaseHTTPRequestHandler):
    """Answers /readyz with `status`."""

    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(b"the store does not answer\n")

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[http.server.HTTPServer]:
    with http.server.HTTPServer(("127.0.0.1", 0), Ready) as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield made
        made.shutdown()


def worker(name: str, port: int, **changes: object) -> WorkerStatus:
    fields = {"stage": name, "name": name, "state": "running", "pid": 1, "http_port": port, "restarts": 0}
    return WorkerStatus.model_validate(fields | {"last_exit": None} | changes)


def look(folder: Path, *workers: WorkerStatus, supervisor: int | None = None) -> str | Note:
    write_run_file(folder, RunStatus(supervisor_pid=supervisor or os.getpid(), workers=workers))
    return stages(Settings(state_dir=folder))


def test_ready_workers_are_named(tmp_path: Path, server: http.server.HTTPServer) -> None:
    assert look(tmp_path, worker("enrich", server.server_port), worker("sink", server.server_port)) == (
        "enrich, sink ready"
    )


def test_each_worker_in_trouble_is_told_with_its_reason(
    tmp_path: Path, server: http.server.HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Ready, "status", 503)
    with pytest.raises(ServiceMissing) as found:
        look(
            tmp_path,
            worker("enrich", server.server_port),
            worker("route", 1),
            worker("sink", 1, state="given_up", pid=None, last_exit=2),
        )
    enrich, route, sink = str(found.value).split("; ")
    assert enrich == "enrich is not ready: the store does not answer"
    assert route.startswith("route (pid 1) does not answer on port 1: ")
    assert sink == "sink is given up (last exit 2)"


def test_no_supervisor_and_one_that_has_ended_are_no_fault(tmp_path: Path) -> None:
    assert isinstance(stages(Settings(state_dir=tmp_path)), Note)
    assert isinstance(look(tmp_path, worker("sink", 1), supervisor=2**22 + 1), Note)
