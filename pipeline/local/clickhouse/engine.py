"""Runs statements on the embedded ClickHouse engine (chdb), each in a session of its own.

The answer's bytes go through a pipe as the engine makes them, and the summary is returned. `Failed` has
ClickHouse's code. A process can have one engine, and a process that has one must never fork.
"""

import os
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.local.clickhouse.access import ensure_default_database, write_configuration
from pipeline.local.clickhouse.closed_names import ClosedNames
from pipeline.local.clickhouse.sessions import Failed, Sessions
from pipeline.local.clickhouse.statement import (
    READING,
    UNKNOWN_FORMAT,
    Refused,
    Statement,
    closed_setting,
    read_statement,
)

DEFAULT_SESSION_TIMEOUT_S = 60
"""ClickHouse's `default_session_timeout`, in seconds."""

UNKNOWN_SETTING, READONLY, UNKNOWN_EXCEPTION = 115, 164, 1002
"""ClickHouse's own error codes."""

TAG = "log_comment"
"""Setting by which a query of ours is found again, since the engine gives queries ids of its own. It belongs to us
alone.

A statement that sets it is refused. In the settings of a request, as dbt sends it, it is passed over.
"""

STREAMED = frozenset({"SELECT", "WITH"})
"""Formats of answers to other statements, which are small and written when they are complete."""


@dataclass(frozen=True)
class Request:
    """What one HTTP request asks for.

    Args:
        text: the statement, for an insert followed by its data.
        params: values of `{name:Type}`, escaped as in TabSeparated.
        settings: applied to this statement only.
        user: whose sessions it may use.
        reader: may only read, whatever it asks for.
        readonly: 0 all, 1 reads without settings, 2 reads with settings; enforced by the engine.
        session_id: empty for a session that ends with the request.
        tag: names the running statement for `Engine.kill`.
    """

    text: bytes
    params: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    database: str = ""
    default_format: str = "TabSeparated"
    user: str = ""
    reader: bool = False
    readonly: int = 0
    session_id: str = ""
    session_timeout_s: int = DEFAULT_SESSION_TIMEOUT_S
    session_check: bool = False
    tag: str = ""


@dataclass
class Output:
    """Where an answer goes. It has the writing end of a pipe and, before the first byte, the name of the answer's
    format."""

    pipe: int
    format: str = ""


class Engine:
    """The engine over one data folder. It is safe to use from many threads.

    The process changes into an empty folder, because the engine takes relative paths of some statements as they
    come.

    Args:
        path: the data folder (absolute); made when missing.

    Raises:
        OSError, RuntimeError: the folder cannot be used, for instance because another process has it.
    """

    def __init__(self, path: Path) -> None:
        import chdb

        ensure_default_database(path / "data")
        config = write_configuration(path / "config")
        (path / "empty").mkdir(exist_ok=True)
        # A relative path in a statement then leads into an empty folder and not into the place where the stack was
        # started.
        os.chdir(path / "empty")
        self._address = f"{path / 'data'}?config-file={config}"
        self._connect = chdb.connect
        # This connection is kept open. The engine ends with its last connection, and every new one needs `default`
        # to exist.
        self._anchor = self._connect(self._address)
        self._parsing = threading.Lock()
        # Readers have sessions of their own, so that they never push out a writer's.
        self._sessions = {reader: Sessions(self._open) for reader in (False, True)}
        self.version = str(self._anchor.query("SELECT version()", "TSVRaw").bytes().decode().strip())
        functions = self._rows("SELECT name FROM system.table_functions")
        settings = (
            "SELECT name, type FROM system.settings UNION ALL SELECT name, type FROM system.merge_tree_settings"
        )
        self._closed = ClosedNames([name for name, _ in functions], dict(self._rows(settings)))

    def close(self) -> None:
        """Ends all sessions and the engine."""
        for sessions in self._sessions.values():
            sessions.close()
        self._anchor.close()

    def run(self, request: Request, output: Output) -> Mapping[str, str]:
        """Runs one statement and returns ClickHouse's summary counters. It does not close the pipe.

        Raises:
            Refused: the statement may not be run here.
            Failed: the engine's error.
        """
        statement = read_statement(request.text, request.params, self._parse, self._closed)
        if request.reader and statement.verb not in READING:
            raise Refused(READONLY, "READONLY", f"The reader cannot execute {statement.verb}")
        output.format = statement.result_format or request.default_format
        if not re.fullmatch(r"\w+", output.format):
            raise Refused(UNKNOWN_FORMAT, "UNKNOWN_FORMAT", f"Unknown format {output.format}")
        for name in request.settings:
            if name != TAG and self._closed.closes_setting(name):
                raise closed_setting(name)
        with self._connection(request) as connection:
            try:
                self._prepare(connection, request)
                if statement.data is not None:
                    return _insert(connection, statement)
                return _query(connection, statement, request, output)
            except (RuntimeError, ValueError) as error:
                raise _failed(error) from None

    def kill(self, tag: str) -> None:
        """Ends the query that was started with `tag`, if it still runs and only reads.

        Raises:
            Failed: the engine's error.
        """
        connection = self._open()
        try:
            # These statements are the server's own, so that no user's word is in them.
            connection.query(f"KILL QUERY WHERE Settings['{TAG}'] = '{tag}' AND query_kind = 'Select' ASYNC")
        except RuntimeError as error:
            raise _failed(error) from None
        finally:
            connection.close()

    def _rows(self, sql: str) -> list[tuple[str, str]]:
        """Answers one of our own questions about the engine. Each row has a name, and perhaps its type."""
        lines = self._anchor.query(sql, "TSVRaw").bytes().decode().splitlines()
        return [(name, type_) for name, _, type_ in (line.partition("\t") for line in lines)]

    def _parse(self, text: str) -> str:
        """Returns the engine's canonical text of one statement (`statement.Parser`)."""
        escaped = text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
        question = "SELECT formatQuerySingleLine({text:String}) SETTINGS max_query_size = 0"
        try:
            with self._parsing:
                answer = self._anchor._conn.query(
                    question, "TSVRaw", params={"text": escaped.replace("\0", "\\0")}
                )
        except (RuntimeError, ValueError) as error:
            failed = _failed(error)
            words = str(failed).partition("DB::Exception: ")[2].partition(": In scope SELECT formatQuery")[0]
            raise Refused(failed.code, "SYNTAX_ERROR", words) from None
        canonical: str = answer.bytes().decode()
        return canonical.removesuffix("\n")

    @contextmanager
    def _connection(self, request: Request) -> Iterator[Any]:
        # A session that reads without settings could not be cleaned up afterwards, so such a request gets its own.
        if request.session_id and request.readonly != 1:
            key = (request.user, request.readonly, request.session_id)
            sessions = self._sessions[request.reader]
            with sessions.hold(key, request.session_timeout_s, request.session_check) as connection:
                try:
                    yield connection
                finally:
                    _reset(connection, request)
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
            # Somebody dropped `default`. On a real server that is allowed and harmless.
            with self._parsing:
                self._anchor.query("CREATE DATABASE IF NOT EXISTS default ENGINE = Atomic")
            return self._connect(self._address)

    @staticmethod
    def _prepare(connection: Any, request: Request) -> None:
        """Sets the database first, then the settings, then `readonly`, after which neither can be changed at
        will."""
        if request.database:
            connection.query("USE `{}`".format(request.database.replace("\\", "\\\\").replace("`", "\\`")))
        # Our own tag comes last, so that no request can set another one.
        for name, value in {**request.settings, TAG: request.tag}.items():
            if not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
                raise Failed.of(UNKNOWN_SETTING, f"Unknown setting {name!r}", "UNKNOWN_SETTING")
            escaped = value.replace("\\", "\\\\").replace("'", "\\'")
            connection.query(f"SET {name} = '{escaped}'")
        if request.readonly:
            connection.query(f"SET readonly = {request.readonly:d}")


def _reset(connection: Any, request: Request) -> None:
    """Ends the settings of a request with it, also in a session."""
    for name in (*request.settings, TAG):
        try:
            connection.query(f"SET {name} = DEFAULT")
        except RuntimeError:
            continue  # the engine refused to set that name in the first place


def _insert(connection: Any, statement: Statement) -> Mapping[str, str]:
    with connection.send_insert(statement.sql, statement.data_format) as stream:
        if statement.data:
            stream.append(statement.data)
        result = stream.finish()
    return {"written_rows": str(result.rows_written), "written_bytes": str(result.bytes_written)}


def _query(connection: Any, statement: Statement, request: Request, output: Output) -> Mapping[str, str]:
    sql = statement.sql + statement.tail
    if statement.verb in STREAMED:
        # This is the engine's own way to write an answer while it makes it. INTO OUTFILE of a user is refused.
        sql = f"{statement.sql} INTO OUTFILE '/dev/fd/{output.pipe}' APPEND"
        sql += statement.tail or f" FORMAT {output.format}"
    # The wrapper is not used, because it would turn some formats into Python objects.
    result = connection._conn.query(sql, output.format, params=dict(request.params))
    rest = memoryview(result.bytes() or b"")
    while rest:
        rest = rest[os.write(output.pipe, rest) :]
    return {
        "read_rows": str(result.rows_read()),
        "read_bytes": str(result.bytes_read()),
        "written_rows": str(result.rows_written()),
        "written_bytes": str(result.bytes_written()),
        "elapsed_ns": str(int(result.elapsed() * 1e9)),
    }


def _failed(error: Exception) -> Failed:
    """Returns the engine's text from its code on, and its number."""
    text = str(error)
    match = re.search(r"Code: (\d+)\. DB::", text)
    if match is None:
        return Failed.of(UNKNOWN_EXCEPTION, text, "UNKNOWN_EXCEPTION")
    return Failed(int(match[1]), text[match.start() :])
