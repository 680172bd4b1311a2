"""Asks running workers for their readiness on a thread of its own, so that a hung worker delays nobody."""

import threading
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from http.client import HTTPException

INTERVAL_S = 5.0
TIMEOUT_S = 2.0
"""Longest wait for an answer. A worker whose interpreter is held gives none, and is not ready."""


def is_ready(host: str, port: int) -> bool:
    """Whether the health server there says that its stage can work."""
    try:
        with urllib.request.urlopen(f"http://{_in_url(host)}:{port}/readyz", timeout=TIMEOUT_S):
            return True
    except (OSError, HTTPException):  # a stranger at the port raises the latter
        return False


def ask_regularly(
    ports: Callable[[], Sequence[int]],
    tell: Callable[[Mapping[int, bool]], None],
    ask: Callable[[int], bool],
    interval_s: float = INTERVAL_S,
) -> Callable[[], None]:
    """Asks all ports every `interval_s` seconds. The function that it returns ends the asking.

    Args:
        ports: where workers listen now; called from the thread.
        tell: takes port to answer after each round; called from the thread.
        ask: whether the worker at a port is ready.
        interval_s: pause between two rounds.
    """
    ending = threading.Event()

    def rounds() -> None:
        # It waits before the first round, because no worker is ready at once.
        while not ending.wait(interval_s):
            tell({port: ask(port) for port in ports()})

    threading.Thread(target=rounds, name="readiness", daemon=True).start()
    return ending.set


def _in_url(host: str) -> str:
    """Returns an address that can be asked. The address of all interfaces means this machine, and IPv6 needs
    brackets."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - recognised, not bound
    return f"[{host}]" if ":" in host else host
