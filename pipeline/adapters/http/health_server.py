"""Serves /metrics to Prometheus, and /healthz and /readyz to whatever restarts a stage.

It takes the stage's metrics, a function that says whether the stage can work, and heartbeats from its loop. The
server runs on a thread of its own and answers GET and HEAD only. It shows neither posts nor settings.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from pipeline.errors import Transient
from pipeline.metrics import Metrics

STALE_AFTER_S = 120.0
"""Seconds of silence after which a loop that has beaten once counts as hung. It is twice the longest step,
inference_timeout_s."""
READ_TIMEOUT_S = 10.0
"""Seconds after which a client that connects and sends nothing is dropped, so that it holds no thread for ever."""

STOP_POLL_S = 0.1
"""Longest time in seconds that `close` waits for the serving thread to notice."""

_TEXT = "text/plain; charset=utf-8"

Ready = Callable[[], tuple[bool, str]]


class HealthServer:
    """A health server of one stage.

    Args:
        server: bound HTTP server that does not serve yet.
        stale_after_s: /healthz fails when the last beat is older than this many seconds.
        monotonic: seconds of a clock that never goes back.
    """

    def __init__(self, server: ThreadingHTTPServer, stale_after_s: float, monotonic: Callable[[], float]) -> None:
        self._server = server
        self._stale_after_s = stale_after_s
        self._monotonic = monotonic
        self._last_beat_s: float | None = None
        self._thread = threading.Thread(
            target=server.serve_forever, args=(STOP_POLL_S,), name="health", daemon=True
        )

    @property
    def port(self) -> int:
        """TCP port on which it listens."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Starts the thread that answers."""
        self._thread.start()

    def beat(self) -> None:
        """Notes that the stage's loop has come round. After the first beat, silence makes /healthz fail."""
        self._last_beat_s = self._monotonic()

    def alive(self) -> tuple[bool, str]:
        """Says whether the loop still turns, and why not."""
        if self._last_beat_s is None:
            # A stage that still loads its model or waits for Kafka is not hung. /readyz reports it instead.
            return True, "ok"
        silent_s = self._monotonic() - self._last_beat_s
        if silent_s > self._stale_after_s:
            return False, f"no heartbeat for {silent_s:.0f} s"
        return True, "ok"

    def close(self) -> None:
        """Stops answering and frees the port. A second call does nothing."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


def start_health_server(
    host: str,
    port: int,
    metrics: Metrics,
    ready: Ready,
    *,
    before_metrics: Callable[[], None] = lambda: None,
    stale_after_s: float = STALE_AFTER_S,
    monotonic: Callable[[], float] = time.monotonic,
) -> HealthServer:
    """Starts the server on a daemon thread.

    Args:
        host: address to listen on.
        port: TCP port; 0 lets the system choose one, which `HealthServer.port` shows.
        metrics: what /metrics shows.
        ready: answers each /readyz with (can work, reason). It is called from the server's threads and must not
            block.
        before_metrics: called before each /metrics is made, to set gauges that are true at that moment.
        stale_after_s: longest silence in seconds between two `beat` calls.
        monotonic: clock, replaced in tests.

    Raises:
        Transient: the address cannot be bound. The process that holds it may be about to end.
    """

    class Handler(_Handler):
        def answer(self, path: str) -> tuple[HTTPStatus, str, bytes] | None:
            if path == "/metrics":
                before_metrics()
                return HTTPStatus.OK, CONTENT_TYPE_PLAIN_0_0_4, generate_latest(metrics.registry)
            if path == "/healthz":
                return _verdict(*health.alive())
            if path == "/readyz":
                return _verdict(*ask(ready))
            return None

    try:
        server = ThreadingHTTPServer((host, port), Handler)
    except OSError as error:
        raise Transient(f"cannot listen on {host}:{port} for health checks: {error.strerror}") from error
    # Otherwise a client that keeps its connection open would keep the process from ending.
    server.daemon_threads = True
    health = HealthServer(server, stale_after_s, monotonic)
    health.start()
    return health


class _Handler(BaseHTTPRequestHandler):
    timeout = READ_TIMEOUT_S
    server_version = "earshot"
    sys_version = ""

    def handle(self) -> None:
        """Answers whoever still listens. A probe that has given up is worth no traceback in the log."""
        with suppress(ConnectionError):
            super().handle()

    def answer(self, path: str) -> tuple[HTTPStatus, str, bytes] | None:
        """Returns status, content type and body for one GET, or None where there is nothing, as here."""

    def do_GET(self) -> None:
        answer = self.answer(self.path.partition("?")[0])
        self._send(*(answer or (HTTPStatus.NOT_FOUND, _TEXT, b"try /metrics, /healthz, /readyz\n")))

    def do_HEAD(self) -> None:
        # `wget --spider` and many load balancers probe with HEAD, and `_send` leaves the body out for them.
        self.do_GET()

    def _refuse(self) -> None:
        self._send(HTTPStatus.METHOD_NOT_ALLOWED, _TEXT, b"GET and HEAD only\n")

    do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _refuse  # noqa: N815 - the standard library's names

    def _send(self, status: HTTPStatus, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Writes nothing, because a scrape every few seconds is not worth a log line."""


def _verdict(good: bool, reason: str) -> tuple[HTTPStatus, str, bytes]:
    status = HTTPStatus.OK if good else HTTPStatus.SERVICE_UNAVAILABLE
    return status, _TEXT, f"{reason}\n".encode()


def ask(ready: Ready) -> tuple[bool, str]:
    """Returns what `ready` says. A failure of `ready` itself counts as a no."""
    try:
        return ready()
    except Exception as error:  # a probe must get an answer whatever is broken
        return False, f"the readiness check failed: {type(error).__name__}"
