"""The health server answers probes and scrapes, and nothing else."""

import http.client
import socket
import struct
import threading
import time
from collections.abc import Iterator

import pytest

from pipeline.adapters.http.health_server import HealthServer, start_health_server
from pipeline.errors import Transient
from pipeline.metrics import Metrics


class Stage:
    """What a stage tells its health server."""

    def __init__(self) -> None:
        self.metrics = Metrics()
        self.now_s = 1000.0
        self.answer: tuple[bool, str] | None = (True, "ok")

    def ready(self) -> tuple[bool, str]:
        if self.answer is None:
            raise RuntimeError("the password is hunter2")
        return self.answer


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def health(stage: Stage) -> Iterator[HealthServer]:
    server = start_health_server(
        "127.0.0.1", 0, stage.metrics, stage.ready, stale_after_s=60, monotonic=lambda: stage.now_s
    )
    yield server
    server.close()


def ask(server: HealthServer, path: str, method: str = "GET") -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def test_metrics_are_prometheus_text(stage: Stage, health: HealthServer) -> None:
    stage.metrics.count("records_consumed_total", 3, stage="sink", topic="posts.scored")
    status, body = ask(health, "/metrics")
    assert status == 200
    assert 'earshot_records_consumed_total{stage="sink",topic="posts.scored"} 3.0' in body


def test_readyz_gives_the_reason(stage: Stage, health: HealthServer) -> None:
    assert ask(health, "/readyz") == (200, "ok\n")
    stage.answer = (False, "waiting for partitions")
    assert ask(health, "/readyz") == (503, "waiting for partitions\n")


def test_a_failing_readiness_check_is_not_ready_and_leaks_nothing(stage: Stage, health: HealthServer) -> None:
    stage.answer = None
    assert ask(health, "/readyz") == (503, "the readiness check failed: RuntimeError\n")


def test_healthz_fails_when_the_heartbeat_is_stale(stage: Stage, health: HealthServer) -> None:
    assert ask(health, "/healthz")[0] == 200
    health.beat()
    stage.now_s += 59
    assert ask(health, "/healthz")[0] == 200
    stage.now_s += 2
    assert ask(health, "/healthz") == (503, "no heartbeat for 61 s\n")
    health.beat()
    assert ask(health, "/healthz")[0] == 200


def test_a_query_string_does_not_change_the_path(health: HealthServer) -> None:
    assert ask(health, "/healthz?verbose=1")[0] == 200


@pytest.mark.parametrize("path", ["/", "/metrics/..", "/healthz/"])
def test_anything_else_is_not_found(health: HealthServer, path: str) -> None:
    assert ask(health, path)[0] == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_only_get_is_allowed(health: HealthServer, method: str) -> None:
    assert ask(health, "/healthz", method)[0] == 405


def test_a_taken_port_is_a_transient_error_that_names_it() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = int(taken.getsockname()[1])
        with pytest.raises(Transient, match=f"127.0.0.1:{port}"):
            start_health_server("127.0.0.1", port, Metrics(), lambda: (True, "ok"))


def test_close_frees_the_port_and_may_be_repeated(stage: Stage) -> None:
    server = start_health_server("127.0.0.1", 0, stage.metrics, stage.ready)
    port = server.port
    server.close()
    server.close()
    again = start_health_server("127.0.0.1", port, stage.metrics, stage.ready)
    assert ask(again, "/healthz")[0] == 200
    again.close()


def test_gauges_are_set_at_the_moment_of_the_scrape(stage: Stage) -> None:
    values = iter((1.0, 0.0))
    server = start_health_server(
        "127.0.0.1", 0, stage.metrics, stage.ready,
        before_metrics=lambda: stage.metrics.set("broker_answers", next(values), stage="sink"),
    )  # fmt: skip
    try:
        assert 'earshot_broker_answers{stage="sink"} 1.0' in ask(server, "/metrics")[1]
        assert 'earshot_broker_answers{stage="sink"} 0.0' in ask(server, "/metrics")[1]
    finally:
        server.close()


def test_a_probe_that_has_given_up_leaves_no_traceback_in_the_log(
    stage: Stage, capfd: pytest.CaptureFixture[str]
) -> None:
    given_up, threads = threading.Event(), list[threading.Thread]()

    def slowly() -> tuple[bool, str]:
        threads.append(threading.current_thread())
        assert given_up.wait(10)
        return True, "ok"

    server = start_health_server("127.0.0.1", 0, stage.metrics, slowly)
    try:
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as probe:
            # It goes without waiting for what it has not read, as a process does that is killed.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            probe.sendall(b"GET /readyz HTTP/1.0\r\n\r\n")
            while not threads:
                time.sleep(0.01)
        given_up.set()
        threads[0].join(10)
    finally:
        server.close()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("path", ["/metrics", "/healthz", "/readyz"])
def test_head_answers_like_get_without_the_body(health: HealthServer, path: str) -> None:
    got, head = raw(health, "GET", path), raw(health, "HEAD", path)
    assert head.startswith(b"HTTP/1.0 200 OK\r\n")
    assert head.endswith(b"\r\n\r\n")
    assert b"Content-Length: " in head
    assert not got.endswith(b"\r\n\r\n")


def raw(health: HealthServer, method: str, path: str) -> bytes:
    """Everything that the server sends, as bytes: a client library hides a body where none may be."""
    with socket.create_connection(("127.0.0.1", health.port), timeout=5) as connection:
        connection.sendall(f"{method} {path} HTTP/1.0\r\n\r\n".encode())
        with connection.makefile("rb") as answer:
            return answer.read()
