"""The health server of a running stage: /metrics for Prometheus, /healthz and /readyz for whoever restarts it.

In: the stage's metrics, a function that says whether it can work, and heartbeats from its loop. Out: a server
on a thread of its own. Never here: posts, settings, anything but GET and HEAD.
"""

import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from pipeline.errors import Transient
from pipeline.metrics import Metrics

STALE_AFTER_S = 120.0
"""A loop that beat once and then was silent for so long hangs: twice the longest step, inference_timeout_s."""
READ_TIMEOUT_S = 10.0
"""A client that connects and says nothing is dropped, so that it holds no thread for ever."""

STOP_POLL_S = 0.1
"""How long `close` waits at most for the serving thread to notice."""

_TEXT = "text/plain; charset=utf-8"

Ready = Callable[[], tuple[bool, str]]


class HealthServer:
    """A running health server.

    Args:
        server: bound HTTP server, not yet serving.
        stale_after_s: /healthz fails when the last beat is older.
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
        """TCP port that it listens on."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Begins to answer."""
        self._thread.start()

    def beat(self) -> None:
        """The stage's loop came round. After the first beat, silence makes /healthz fail."""
        self._last_beat_s = self._monotonic()

    def alive(self) -> tuple[bool, str]:
        """Whether the loop still turns, and why not."""
        if self._last_beat_s is None:
            return True, "ok"
        silent_s = self._monotonic() - self._last_beat_s
        if silent_s > self._stale_after_s:
            return False, f"no heartbeat for {silent_s:.0f} s"
        return True, "ok"

    def close(self) -> None:
        """Stops answering and frees the port; again is harmless."""
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
        port: TCP port; 0 lets the system choose (see `HealthServer.port`).
        metrics: what /metrics shows.
        ready: asked by each /readyz, from the server's threads: (can work, reason). It must not block.
        before_metrics: called before each /metrics is made, to set gauges that are true at that moment.
        stale_after_s: longest silence between two `beat` calls.
        monotonic: for tests.

    Raises:
        Transient: the address cannot be bound; who held it may be about to end.
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
    server.daemon_threads = True
    health = HealthServer(server, stale_after_s, monotonic)
    health.start()
    return health


class _Handler(BaseHTTPRequestHandler):
    timeout = READ_TIMEOUT_S
    server_version = "earshot"
    sys_version = ""

    def answer(self, path: str) -> tuple[HTTPStatus, str, bytes] | None:
        """Status, content type and body of one GET; None where there is nothing, as here."""

    def do_GET(self) -> None:
        found = self.answer(self.path.partition("?")[0])
        self._send(*(found or (HTTPStatus.NOT_FOUND, _TEXT, b"try /metrics, /healthz, /readyz\n")))

    def do_HEAD(self) -> None:
        # The same answer without its body: what `wget --spider` and many load balancers ask.
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
        """Scrapes are not worth a log line."""


def _verdict(good: bool, reason: str) -> tuple[HTTPStatus, str, bytes]:
    status = HTTPStatus.OK if good else HTTPStatus.SERVICE_UNAVAILABLE
    return status, _TEXT, f"{reason}\n".encode()


def ask(ready: Ready) -> tuple[bool, str]:
    """What `ready` says; a failure of its own is a no."""
    try:
        return ready()
    except Exception as error:  # a probe must get an answer whatever is broken; the type is answer enough
        return False, f"the readiness check failed: {type(error).__name__}"
