"""Keeps the named sessions of ClickHouse's HTTP interface. Each is one engine connection and takes one request at
a time.

Idle sessions end after their time.
"""

import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

LONGEST_TIMEOUT_S = 3600
"""ClickHouse's `max_session_timeout`, in seconds."""

MOST_SESSIONS = 200
"""Most sessions at a time. A connection costs 0.6 ms and little memory, so this only bounds a client that never
ends its sessions."""

SESSION_NOT_FOUND, SESSION_IS_LOCKED = 372, 373
"""ClickHouse's own error codes."""


class Failed(Exception):
    """The engine refused or failed. The text is ClickHouse's own."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code

    @classmethod
    def of(cls, code: int, detail: str, name: str) -> "Failed":
        """Returns the error in ClickHouse's form, which is number, words, name of the code."""
        return cls(code, f"Code: {code}. DB::Exception: {detail} ({name})")


@dataclass
class _Session:
    connection: Any
    expires_s: float = 0.0
    busy: threading.Lock = field(default_factory=threading.Lock)


class Sessions:
    """The named sessions of writers or of readers. They are safe to use from many threads."""

    def __init__(self, connect: Callable[[], Any]) -> None:
        self._connect = connect
        self._sessions: dict[Hashable, _Session] = {}
        self._lock = threading.Lock()

    @contextmanager
    def hold(self, key: Hashable, timeout_s: int, must_exist: bool) -> Iterator[Any]:
        """Gives the connection of a session, made when it is missing, for one request.

        Args:
            key: names it.
            timeout_s: how long it lives on after this request.
            must_exist: refuse to make it.

        Raises:
            Failed: it must exist and does not, or another request holds it.
        """
        session = self._take(key, must_exist)
        try:
            yield session.connection
        finally:
            session.expires_s = time.monotonic() + min(timeout_s, LONGEST_TIMEOUT_S)
            session.busy.release()

    def close(self) -> None:
        """Ends all sessions."""
        with self._lock:
            for session in self._sessions.values():
                session.connection.close()
            self._sessions.clear()

    def _take(self, key: Hashable, must_exist: bool) -> _Session:
        with self._lock:
            self._expire(time.monotonic())
            session = self._sessions.get(key)
            if session is None:
                if must_exist:
                    raise Failed.of(SESSION_NOT_FOUND, "Session not found", "SESSION_NOT_FOUND")
                session = self._sessions[key] = _Session(self._connect())
            if not session.busy.acquire(blocking=False):
                text = "Session is locked by a concurrent client"
                raise Failed.of(SESSION_IS_LOCKED, text, "SESSION_IS_LOCKED")
        return session

    def _expire(self, now_s: float) -> None:
        idle = [(s.expires_s, name) for name, s in self._sessions.items() if not s.busy.locked()]
        surplus = len(self._sessions) - MOST_SESSIONS + 1
        for index, (expires_s, name) in enumerate(sorted(idle, key=lambda entry: entry[0])):
            if expires_s < now_s or index < surplus:
                self._sessions.pop(name).connection.close()
