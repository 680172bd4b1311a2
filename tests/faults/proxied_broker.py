"""Runs a broker whose second listener leads through a proxy that holds one EndTxn request back.

The proxy holds the request and lets its repeat pass. It sends the held one after all as soon as the next
transaction has produced to the topic that `arm` names, whose own end waits until then. `cut` also closes the
client's connection.
"""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.local import kafka
from pipeline.local.jars import ensure_jars
from pipeline.local.kafka import Node
from pipeline.local.processes import free_ports, stop
from pipeline.local.stack import java_program

PRODUCE, END_TXN = 0, 26
"""These are keys of requests in Kafka's protocol."""
SETTLE_S = 0.5
"""A request that is on its way has been handled by the broker after this time."""


class Proxy:
    """Passes everything on except what it was armed for."""

    def __init__(self, port: int, upstream_port: int) -> None:
        self._upstream_port = upstream_port
        self._armed = False
        self._cut = False
        self._topic = b""
        self._held: tuple[socket.socket, bytes] | None = None
        self._repeated = False
        self._released = threading.Event()
        self._released.set()
        self._lock = threading.Lock()
        self._server = socket.create_server(("127.0.0.1", port))
        self._sockets: list[socket.socket] = [self._server]
        self.held = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def arm(self, topic: str, *, cut: bool) -> None:
        """Makes the proxy hold the next EndTxn until the transaction after it has produced to `topic`."""
        with self._lock:
            self._armed, self._cut, self._held, self._repeated = True, cut, None, False
            self._topic = topic.encode()

    @property
    def released(self) -> bool:
        """Says whether the held request has reached the broker."""
        return self._released.is_set()

    def close(self) -> None:
        """Ends every connection."""
        for each in self._sockets:
            each.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                upstream = socket.create_connection(("127.0.0.1", self._upstream_port))
                self._sockets += [client, upstream]
                threading.Thread(target=self._answers, args=(upstream, client), daemon=True).start()
                threading.Thread(target=self._requests, args=(client, upstream), daemon=True).start()

    def _answers(self, upstream: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := upstream.recv(65_536):
                client.sendall(data)

    def _requests(self, client: socket.socket, upstream: socket.socket) -> None:
        # The way to the broker stays open when the client goes: what was sent on it is still on its way.
        with contextlib.suppress(OSError):
            stream = client.makefile("rb")
            while len(head := stream.read(4)) == 4:
                frame = head + stream.read(struct.unpack(">i", head)[0])
                (key,) = struct.unpack(">h", frame[4:6])
                if key == END_TXN and self._hold(upstream, frame):
                    if self._cut:
                        client.shutdown(socket.SHUT_RDWR)
                        return
                    continue
                upstream.sendall(frame)
                if key == PRODUCE and self._topic in frame:
                    self._release()

    def _hold(self, upstream: socket.socket, frame: bytes) -> bool:
        with self._lock:
            if self._armed:
                self._armed, self._held = False, (upstream, frame)
                self.held += 1
                self._released.clear()
                return True
            if self._held is None:
                return False
            if not self._repeated:
                self._repeated = True
                return False
        # The end of the next transaction: it must not overtake the held one.
        self._released.wait(30)
        return False

    def _release(self) -> None:
        with self._lock:
            if self._held is None or not self._repeated:
                return
            (upstream, frame), self._held = self._held, None
        time.sleep(SETTLE_S)
        upstream.sendall(frame)
        time.sleep(SETTLE_S)
        self._released.set()


@contextmanager
def proxied_broker(folder: Path) -> Iterator[tuple[str, str, Proxy]]:
    """Runs a broker of its own, and yields its direct address, its address through the proxy, and the proxy."""
    inner, outer = free_ports(2)

    def listeners(node: Node) -> dict[str, str]:
        direct, controller = f"127.0.0.1:{node.broker_port}", f"127.0.0.1:{node.controller_port}"
        return {
            "listeners": f"PLAINTEXT://{direct},CONTROLLER://{controller},PROXY://127.0.0.1:{inner}",
            "advertised.listeners": f"PLAINTEXT://{direct},PROXY://127.0.0.1:{outer}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,PROXY:PLAINTEXT",
        }

    layout = kafka.start(folder, 1, ensure_jars(lambda *_: None), java_program(), listeners)
    proxy = Proxy(outer, inner)
    try:
        yield layout.bootstrap, f"127.0.0.1:{outer}", proxy
    finally:
        proxy.close()
        stop(list(kafka.running(folder, layout).values()), 5)
