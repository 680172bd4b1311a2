"""Runs statements on the embedded ClickHouse engine (chdb), each in a session of its own.

In: one request in the terms of ClickHouse's HTTP interface. Out: the result's bytes and the summary, or `Failed`
with ClickHouse's code. One engine a process; a process that has one must never fork.
"""

import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.local.clickhouse_access import ensure_default_database, write_configuration
from pipeline.local.clickhouse_sql import Statement, read_statement

DEFAULT_SESSION_TIMEOUT_S = 60
LONGEST_SESSION_TIMEOUT_S = 3600
"""ClickHouse's `default_session_timeout` and `max_session_timeout`."""

MOST_SESSIONS = 200
"""A connection costs 0.6 ms and little memory; this only bounds a client that never ends its sessions."""

UNKNOWN_SETTING, SESSION_NOT_FOUND, SESSION_IS_LOCKED, UNKNOWN_EXCEPTION = 115, 372, 373, 1002
"""ClickHouse's own error codes."""


class Failed(Exception):
    """The engine refused or failed; the text is ClickHouse's own."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True)
class Request:
    """What one HTTP request asks for.

    Args:
        text: the statement, for an insert followed by its data.
        params: values of `{name:Type}`, escaped as in TabSeparated.
        settings: applied to this statement only.
        readonly: 0 all, 1 reads without settings, 2 reads with settings; enforced by the engine.
        session_id: empty for a session that ends with the request.
    """

    text: bytes
    params: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    database: str = ""
    default_format: str = "TabSeparated"
    readonly: int = 0
    session_id: str = ""
    session_timeout_s: int = DEFAULT_SESSION_TIMEOUT_S
    session_check: bool = False


@dataclass(frozen=True)
class Answer:
    """A result: its bytes, their format, and ClickHouse's summary counters."""

    body: bytes
    format: str
    summary: Mapping[str, str]


@dataclass
class _Session:
    connection: Any
    expires_s: float = 0.0
    busy: threading.Lock = field(default_factory=threading.Lock)


class Engine:
    """The engine over one data folder; safe to use from many threads.

    Args:
        path: the data folder; made when missing.

    Raises:
        OSError, RuntimeError: the folder cannot be used, for instance because another process has it.
    """

    def __init__(self, path: Path) -> None:
        import chdb

        ensure_default_database(path / "data")
        config = write_configuration(path / "config")
        self._address = f"{path / 'data'}?config-file={config}"
        self._connect = chdb.connect
        # Kept open: the engine ends with its last connection, and every new one needs `default` to exist.
        self._anchor = self._connect(self._address)
        self._sessions: dict[str, _Session] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """Ends all sessions and the engine."""
        with self._lock:
            for session in self._sessions.values():
                session.connection.close()
            self._sessions.clear()
            self._anchor.close()

    def run(self, request: Request) -> Answer:
        """Runs one statement.

        Raises:
            Refused: `clickhouse_sql` does not let it through.
            Failed: the engine's error.
        """
        statement = read_statement(request.text)
        with self._connection(request) as connection:
            try:
                self._prepare(connection, request)
                if statement.data is not None:
                    return _insert(connection, statement)
                return _query(connection, statement, request)
            except (RuntimeError, ValueError) as error:
                raise _failed(error) from None

    @contextmanager
    def _connection(self, request: Request) -> Iterator[Any]:
        # A session that was made read-only cannot be made writable again, so a read-only request gets its own.
        if request.session_id and not request.readonly:
            session = self._session(request)
            try:
                yield session.connection
            finally:
                self._reset(session.connection, request)
                session.expires_s = time.monotonic() + min(request.session_timeout_s, LONGEST_SESSION_TIMEOUT_S)
                session.busy.release()
        else:
            connection = self._open()
            try:
                yield connection
            finally:
                connection.close()

    def _open(self) -> Any:
        try:
            return self._connect(self._address)
        except RuntimeError:
            # Somebody dropped `default`; on a real server that is allowed and harmless.
            self._anchor.query("CREATE DATABASE IF NOT EXISTS default ENGINE = Atomic")
            return self._connect(self._address)

    def _session(self, request: Request) -> _Session:
        """The named session, held until its `busy` is released."""
        now = time.monotonic()
        with self._lock:
            self._expire(now)
            session = self._sessions.get(request.session_id)
            if session is None:
                if request.session_check:
                    raise Failed(
                        SESSION_NOT_FOUND, _message(SESSION_NOT_FOUND, "Session not found", "SESSION_NOT_FOUND")
                    )
                session = self._sessions[request.session_id] = _Session(self._open())
            if not session.busy.acquire(blocking=False):
                text = _message(SESSION_IS_LOCKED, "Session is locked by a concurrent client", "SESSION_IS_LOCKED")
                raise Failed(SESSION_IS_LOCKED, text)
        return session

    def _expire(self, now_s: float) -> None:
        idle = [(s.expires_s, name) for name, s in self._sessions.items() if not s.busy.locked()]
        surplus = len(self._sessions) - MOST_SESSIONS + 1
        for index, (expires_s, name) in enumerate(sorted(idle)):
            if expires_s < now_s or index < surplus:
                self._sessions.pop(name).connection.close()

    @staticmethod
    def _prepare(connection: Any, request: Request) -> None:
        """Database first, then settings, then `readonly`, after which neither can be changed at will."""
        if request.database:
            connection.query("USE `{}`".format(request.database.replace("\\", "\\\\").replace("`", "\\`")))
        for name, value in request.settings.items():
            if not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
                text = _message(UNKNOWN_SETTING, f"Unknown setting {name!r}", "UNKNOWN_SETTING")
                raise Failed(UNKNOWN_SETTING, text)
            escaped = value.replace("\\", "\\\\").replace("'", "\\'")
            connection.query(f"SET {name} = '{escaped}'")
        if request.readonly:
            connection.query(f"SET readonly = {request.readonly:d}")

    @staticmethod
    def _reset(connection: Any, request: Request) -> None:
        """Settings of a request end with it, also in a session."""
        for name in request.settings:
            try:
                connection.query(f"SET {name} = DEFAULT")
            except RuntimeError:
                continue  # a name that the engine refused to set in the first place


def _insert(connection: Any, statement: Statement) -> Answer:
    with connection.send_insert(statement.sql, statement.data_format) as stream:
        if statement.data:
            stream.append(statement.data)
        result = stream.finish()
    summary = {"written_rows": str(result.rows_written), "written_bytes": str(result.bytes_written)}
    return Answer(b"", "", summary)


def _query(connection: Any, statement: Statement, request: Request) -> Answer:
    if not statement.sql.strip():
        raise Failed(62, _message(62, "Syntax error: Empty query", "SYNTAX_ERROR"))
    output = statement.result_format or request.default_format
    # Not the wrapper: it would turn some formats into Python objects.
    result = connection._conn.query(statement.sql, output, params=dict(request.params))
    summary = {
        "read_rows": str(result.rows_read()),
        "read_bytes": str(result.bytes_read()),
        "written_rows": str(result.rows_written()),
        "written_bytes": str(result.bytes_written()),
        "elapsed_ns": str(int(result.elapsed() * 1e9)),
    }
    return Answer(result.bytes() or b"", output, summary)


def _failed(error: Exception) -> Failed:
    """The engine's text from its code on, and its number."""
    text = str(error)
    match = re.search(r"Code: (\d+)\. DB::", text)
    if match is None:
        return Failed(UNKNOWN_EXCEPTION, _message(UNKNOWN_EXCEPTION, text, "UNKNOWN_EXCEPTION"))
    return Failed(int(match[1]), text[match.start() :])


def _message(code: int, detail: str, name: str) -> str:
    return f"Code: {code}. DB::Exception: {detail} ({name})"
