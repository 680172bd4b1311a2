"""The supervisor restarts, gives up and ends as it says; its children here are tiny scripts."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from pipeline.app.supervise.member_names import INSTANCE_ID, name_prefix
from pipeline.app.supervise.restart_rule import RestartRule
from pipeline.app.supervise.run_file import WorkerStatus, read_run_file
from pipeline.app.supervise.supervisor import Plan, Supervisor
from pipeline.errors import Misconfigured
from pipeline.settings import HOST

LASTS = "import time; time.sleep(60)"
DEAF = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
)
CLEAN = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("up", flush=True)
time.sleep(60)
"""
QUICK = RestartRule(first_delay_s=0.01, longest_delay_s=0.05, missing_tries=3)


def python(script: str) -> list[str]:
    return [sys.executable, "-S", "-c", textwrap.dedent(script)]


def eventually(check: Callable[[], object], within_s: float = 20.0) -> None:
    """Waits for other processes, which no injected clock can move."""
    deadline = time.monotonic() + within_s
    while not check():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)


class Running:
    """A supervisor on a thread of its own."""

    def __init__(self, state_dir: Path, scripts: dict[str, str], **plan: object) -> None:
        self.state_dir = state_dir
        workers = {"workers": dict.fromkeys(scripts, 1), "rule": QUICK, "log_files": True} | plan
        self.supervisor = Supervisor(
            Plan(state_dir=state_dir, **workers),  # type: ignore[arg-type]  # overrides come by name
            command=lambda stage: python(scripts[stage]),
        )
        self.code: int | None = None
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        self.code = self.supervisor.run()

    def worker(self, name: str) -> WorkerStatus:
        status = read_run_file(self.state_dir)
        assert status is not None
        return next(worker for worker in status.workers if worker.name == name)

    def has(self, name: str, check: Callable[[WorkerStatus], bool]) -> Callable[[], bool]:
        def holds() -> bool:
            status = read_run_file(self.state_dir)
            return status is not None and any(w.name == name and check(w) for w in status.workers)

        return holds

    def log(self, name: str) -> str:
        path = self.state_dir / "logs" / f"{name}.log"
        return path.read_text() if path.exists() else ""

    def wait(self) -> int:
        self.thread.join(timeout=30)
        assert self.code is not None, "the supervisor did not end"
        return self.code


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    begun: list[Running] = []

    def begin(scripts: dict[str, str], **plan: object) -> Running:
        begun.append(Running(tmp_path, scripts, **plan))
        return begun[-1]

    yield begin
    for running in begun:
        while running.thread.is_alive():
            running.supervisor.stop()
            running.thread.join(timeout=0.5)


Start = Callable[..., Running]


def is_up(worker: WorkerStatus) -> bool:
    return worker.pid is not None


def test_a_stop_ends_every_worker_cleanly(start: Start) -> None:
    running = start({"enrich": CLEAN, "sink": CLEAN}, workers={"enrich": 2, "sink": 1})
    eventually(lambda: all("up" in running.log(name) for name in ("enrich", "enrich-1", "sink")))
    pids = [running.worker(name).pid for name in ("enrich", "enrich-1", "sink")]
    running.supervisor.stop()
    assert running.wait() == 0
    assert {running.worker(name).last_exit for name in ("enrich", "enrich-1", "sink")} == {0}
    assert not any(psutil.pid_exists(pid) for pid in pids if pid)


@pytest.mark.parametrize("code", [0, 1, 70])
def test_a_worker_that_ends_unasked_is_restarted_whatever_its_code(start: Start, code: int) -> None:
    running = start({"route": f"raise SystemExit({code})"})
    eventually(running.has("route", lambda worker: worker.restarts >= 2))
    assert running.worker("route").last_exit == code


def test_a_killed_worker_is_replaced_and_the_others_stay(start: Start) -> None:
    running = start({"enrich": LASTS, "route": LASTS})
    eventually(lambda: running.has("enrich", is_up)() and running.has("route", is_up)())
    killed, other = running.worker("enrich").pid, running.worker("route").pid
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    eventually(running.has("enrich", lambda worker: worker.pid not in (None, killed)))
    assert running.worker("enrich").last_exit == -signal.SIGKILL
    assert running.worker("enrich").restarts == 1
    assert running.worker("route").pid == other


def test_a_stage_that_is_given_up_leaves_the_others_running_and_its_code_comes_at_the_end(start: Start) -> None:
    running = start({"sink": "raise SystemExit(2)", "route": CLEAN})
    eventually(lambda: running.has("sink", lambda worker: worker.state == "given_up")() and running.log("route"))
    given_up = running.worker("sink")
    assert (given_up.pid, given_up.restarts, given_up.last_exit) == (None, 0, 2)
    assert running.worker("route").state == "running"
    assert running.thread.is_alive()
    running.supervisor.stop()
    assert running.wait() == 2
    assert running.worker("route").last_exit == 0
    assert running.worker("sink").state == "given_up"


def test_a_stage_that_is_given_up_does_not_hide_the_restarts_of_another(start: Start) -> None:
    running = start({"sink": "raise SystemExit(2)", "route": "raise SystemExit(70)"})
    eventually(running.has("sink", lambda worker: worker.state == "given_up"))
    before = running.worker("route").restarts
    eventually(running.has("route", lambda worker: worker.restarts >= before + 2))


def test_the_supervisor_ends_once_every_stage_is_given_up_with_the_first_code(start: Start) -> None:
    running = start({"enrich": "raise SystemExit(3)", "sink": "raise SystemExit(2)"})
    assert running.wait() == 2, "the sink is given up at once, enrich after its tries"
    assert running.worker("enrich").state == running.worker("sink").state == "given_up"


def test_a_missing_service_is_given_up_after_its_tries(start: Start) -> None:
    running = start({"sink": "raise SystemExit(3)"})
    assert running.wait() == 3
    assert running.worker("sink").restarts == QUICK.missing_tries - 1


def test_a_worker_that_ignores_the_stop_is_killed_after_the_grace(start: Start) -> None:
    running = start({"sink": DEAF}, grace_s=0.2)
    eventually(lambda: "deaf" in running.log("sink"))
    running.supervisor.stop()
    assert running.wait() == 1
    assert running.worker("sink").last_exit == -signal.SIGKILL


def test_a_second_stop_kills_without_waiting(start: Start) -> None:
    running = start({"sink": DEAF}, grace_s=60)
    eventually(lambda: "deaf" in running.log("sink"))
    running.supervisor.stop()
    running.supervisor.stop()
    assert running.wait() == 0
    assert running.worker("sink").last_exit == -signal.SIGKILL


def test_a_stop_during_the_back_off_starts_nothing(start: Start) -> None:
    running = start({"sink": "raise SystemExit(70)"}, rule=RestartRule(first_delay_s=60, longest_delay_s=60))
    eventually(running.has("sink", lambda worker: worker.state == "waiting" and worker.restarts == 1))
    running.supervisor.stop()
    assert running.wait() == 0


def test_what_a_dead_worker_started_is_ended_with_it(start: Start, tmp_path: Path) -> None:
    script = f"""
    import subprocess, sys
    child = subprocess.Popen([sys.executable, "-S", "-c", {LASTS!r}])
    open({str(tmp_path / "grandchild")!r}, "a").write(f"{{child.pid}} ")
    raise SystemExit(2)
    """
    assert start({"enrich": script}).wait() == 2
    pid = int((tmp_path / "grandchild").read_text())
    eventually(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)


def test_each_worker_is_told_its_health_port_and_stage(start: Start) -> None:
    script = """
    import os, time
    print("port", os.environ["EARSHOT_OPERATE__HTTP_PORT"], flush=True)
    time.sleep(60)
    """
    running = start({"enrich": script}, workers={"enrich": 2})
    eventually(lambda: "port" in running.log("enrich") and "port" in running.log("enrich-1"))
    ports = [running.worker(name).http_port for name in ("enrich", "enrich-1")]
    assert running.log("enrich") == f"port {ports[0]}\n"
    assert running.log("enrich-1") == f"port {ports[1]}\n"
    assert ports[0] != ports[1]


def test_each_worker_has_a_name_in_its_group_that_outlives_it(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(INSTANCE_ID, raising=False)
    script = """
    import os
    print(os.environ["EARSHOT_KAFKA__INSTANCE_ID"], flush=True)
    raise SystemExit(70)
    """
    running = start({"route": script}, workers={"route": 2})
    eventually(lambda: all(running.log(name).count("\n") >= 2 for name in ("route", "route-1")))
    first, second = (set(running.log(name).split()) for name in ("route", "route-1"))
    assert len(first) == len(second) == 1, "the same after a restart"
    assert first.pop() == f"{name_prefix(tmp_path, {})}-route"
    assert second.pop() == f"{name_prefix(tmp_path, {})}-route-1"


def test_workers_of_two_folders_or_machines_never_share_a_name(tmp_path: Path) -> None:
    assert name_prefix(tmp_path / "a", {}) != name_prefix(tmp_path / "b", {})
    assert HOST in name_prefix(tmp_path, {})
    assert name_prefix(tmp_path, {INSTANCE_ID: "blue"}) == "blue"


def test_a_configured_port_counts_up_over_the_workers(start: Start) -> None:
    running = start({"enrich": LASTS, "sink": LASTS}, workers={"enrich": 2, "sink": 1}, http_port=18_080)
    eventually(running.has("sink", is_up))
    assert [running.worker(name).http_port for name in ("enrich", "enrich-1", "sink")] == [18_080, 18_081, 18_082]


def test_two_supervisors_do_not_share_a_state_folder(start: Start, tmp_path: Path) -> None:
    running = start({"sink": LASTS})
    eventually(running.has("sink", is_up))
    with pytest.raises(Misconfigured, match=str(os.getpid())):
        Supervisor(Plan({"sink": 1}, tmp_path), command=lambda _: python(LASTS)).run()


def test_output_goes_to_stderr_behind_the_workers_name(start: Start, capfd: pytest.CaptureFixture[str]) -> None:
    start({"route": "print('one\\ntwo'); raise SystemExit(2)"}, log_files=False).wait()
    seen = ""

    def both() -> bool:
        nonlocal seen
        seen += capfd.readouterr().err
        return "route | one\n" in seen and "route | two\n" in seen

    eventually(both)


SERVES_AND_FAILS = """
import os, threading, time
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(STATUS if self.path == "/readyz" else 404)
        self.end_headers()
    def log_message(self, *words): pass
server = HTTPServer(("127.0.0.1", int(os.environ["EARSHOT_OPERATE__HTTP_PORT"])), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
time.sleep(0.6)
os._exit(3)
"""


@pytest.mark.parametrize("status", [200, 503])
def test_only_a_worker_that_says_it_is_ready_begins_anew(tmp_path: Path, status: int) -> None:
    rule = RestartRule(first_delay_s=0.01, longest_delay_s=0.01, healthy_after_s=0.1, missing_tries=2)
    supervisor = Supervisor(
        Plan({"route": 1}, tmp_path, log_files=True, rule=rule),
        command=lambda _: python(SERVES_AND_FAILS.replace("STATUS", str(status))),
        ask_every_s=0.02,
    )
    thread = threading.Thread(target=supervisor.run)
    thread.start()

    def worker() -> WorkerStatus | None:
        found = read_run_file(tmp_path)
        return found.workers[0] if found else None

    try:
        if status == 200:
            eventually(lambda: (now := worker()) is not None and now.restarts > rule.missing_tries + 1)
        else:
            eventually(lambda: (now := worker()) is not None and now.state == "given_up")
    finally:
        supervisor.stop()
        thread.join(timeout=20)
    assert not thread.is_alive()


class Leaps:
    """A clock on which each look is so many seconds after the last."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._now_s = seconds, 0.0

    def __call__(self) -> float:
        self._now_s += self._seconds
        return self._now_s


def test_a_stage_that_takes_31_s_to_fail_is_given_up_after_its_tries(tmp_path: Path) -> None:
    supervisor = Supervisor(
        Plan({"route": 1}, tmp_path, log_files=True, rule=QUICK),
        command=lambda _: python("raise SystemExit(3)"),
        monotonic=Leaps(31),
    )
    assert supervisor.run() == 3
    status = read_run_file(tmp_path)
    assert status is not None
    assert status.workers[0].restarts == QUICK.missing_tries - 1


def test_a_restarted_worker_keeps_its_port(start: Start) -> None:
    running = start({"route": LASTS})
    eventually(running.has("route", is_up))
    first = running.worker("route")
    assert first.pid is not None
    os.kill(first.pid, signal.SIGKILL)
    eventually(running.has("route", lambda worker: worker.pid not in (None, first.pid)))
    assert running.worker("route").http_port == first.http_port


def test_a_port_that_was_taken_meanwhile_is_replaced(start: Start) -> None:
    rule = RestartRule(first_delay_s=1.0)
    running = start({"route": LASTS}, rule=rule)
    eventually(running.has("route", is_up))
    first = running.worker("route")
    assert first.pid is not None
    with socket.socket() as thief:
        thief.bind(("127.0.0.1", first.http_port))
        thief.listen()
        os.kill(first.pid, signal.SIGKILL)
        eventually(running.has("route", lambda worker: worker.pid not in (None, first.pid)))
        assert running.worker("route").http_port != first.http_port


SUPERVISE = """
import sys
from pathlib import Path
from pipeline.app.supervise.supervisor import Plan, Supervisor
child = [sys.executable, "-c", sys.argv[2]]
raise SystemExit(Supervisor(Plan({"sink": 2}, Path(sys.argv[1]), log_files=True), command=lambda _: child).run())
"""
FOLLOWS = """
import os, time
from pipeline.app.supervise.parent import follow_parent
follow_parent(int(os.environ["EARSHOT_PARENT_FD"]))
print("up", flush=True)
time.sleep(60)
"""


def supervised(tmp_path: Path, child: str) -> tuple[subprocess.Popen[bytes], list[int]]:
    """A supervisor in a process of its own, and the pids of its two children once both are up."""
    process = subprocess.Popen([sys.executable, "-c", SUPERVISE, str(tmp_path), child])
    logs = tmp_path / "logs"
    eventually(lambda: len([path for path in logs.glob("*.log") if "up" in path.read_text()]) == 2)
    status = read_run_file(tmp_path)
    assert status is not None
    return process, [worker.pid for worker in status.of("sink") if worker.pid]


def is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_no_worker_outlives_a_killed_supervisor(tmp_path: Path) -> None:
    process, pids = supervised(tmp_path, FOLLOWS)
    process.kill()
    process.wait()
    assert len(pids) == 2
    eventually(lambda: all(is_gone(pid) for pid in pids))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_supervisor_and_workers_with_0(tmp_path: Path, number: signal.Signals) -> None:
    process, pids = supervised(tmp_path, CLEAN)
    process.send_signal(number)
    assert process.wait(timeout=20) == 0
    assert all(is_gone(pid) for pid in pids)


def test_the_health_port_of_a_worker_is_free_when_it_starts(start: Start) -> None:
    script = """
    import os, socket, time
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", int(os.environ["EARSHOT_OPERATE__HTTP_PORT"])))
        print("bound", flush=True)
        probe.listen()
        time.sleep(60)
    """
    running = start({"sink": script})
    eventually(lambda: "bound" in running.log("sink"))
    with socket.create_connection(("127.0.0.1", running.worker("sink").http_port), timeout=5):
        pass
