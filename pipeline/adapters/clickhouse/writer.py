"""Connects to ClickHouse over HTTP, turns the server's errors into ours, and writes rows as `ports.RowWriter`.

It takes the ClickHouse section of the settings, and gives connected clients. Rows are inserted so that the same
batch with the same token counts once. Which table gets what is decided elsewhere, and neither the password nor a
row's values ever stand in an error or a log.
"""

import struct
import threading
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, DataError, ProgrammingError

from pipeline.errors import EarshotError, Misconfigured, Permanent, ServiceMissing, Transient
from pipeline.settings import ClickHouseSettings

CONNECT_TIMEOUT_S = 10
RECEIVE_TIMEOUT_S = 60
"""Longest silence of the server in seconds. It is far below the consumer's max.poll.interval.ms (300 s), so that a
slow insert does not cost the partition."""
MAX_PARTITIONS_PER_INSERT = 1400
"""Most partitions that one insert may touch. A batch of imported history may span all months of the contract's
1990..2100 (1320), and the server's default of 100 would refuse it for ever (code 252)."""

_PERMANENT_CODES = frozenset(
    {6, 10, 16, 27, 36, 44, 47, 53, 60, 62, 69, 70, 72, 81, 115, 117, 130, 131, 164, 349, 452, 497, 691}
)
"""Errors that repeating cannot mend, which are parsing, unknown column, table, database or setting, types, NULL
and rights. Source: ClickHouse src/Common/ErrorCodes.cpp. All other errors (busy, memory, too many parts, network)
may pass."""
_AUTH_CODES = frozenset({192, 193, 194, 516})

_UNWRITABLE = (TypeError, ValueError, ArithmeticError, LookupError, AttributeError, struct.error)
"""Errors that clickhouse-connect lets through, unwrapped, for a value of another type than its column's. None
where NULL is not allowed is a TypeError, for instance. Such an error never mends itself, and it must not end the
process, because other partitions go on."""

_DEDUPLICATE_INSERT = "deduplicate_insert"
"""Name of the setting since 26.2. Before that it was `insert_deduplicate`."""


def connect(settings: ClickHouseSettings, *, query_settings: Mapping[str, object] | None = None) -> Client:
    """Opens a client for one thread. Times without a zone are UTC.

    Args:
        settings: resolved ones (`app.endpoints.resolve`).
        query_settings: ClickHouse settings of everything that the client sends.

    Raises:
        ServiceMissing: nobody answers.
        Misconfigured: the address is no URL, or user and password are refused.
    """
    assert settings.url is not None, "settings were not resolved"
    parts = urlsplit(settings.url)
    if parts.scheme not in ("http", "https") or parts.hostname is None:
        raise Misconfigured("EARSHOT_CLICKHOUSE__URL: expected http(s)://host:port")
    try:
        return clickhouse_connect.get_client(
            interface=parts.scheme,
            host=parts.hostname,
            port=parts.port or (8443 if parts.scheme == "https" else 8123),
            username=settings.user,
            password=settings.password.get_secret_value(),
            database="default",
            # A session serves one request at a time, and there is nothing here that would need one.
            autogenerate_session_id=False,
            connect_timeout=CONNECT_TIMEOUT_S,
            send_receive_timeout=RECEIVE_TIMEOUT_S,
            settings={"session_timezone": "UTC", **(query_settings or {})},
        )
    except ClickHouseError as error:
        where = f"ClickHouse at {parts.hostname}:{parts.port}"
        if _code(error) in _AUTH_CODES:
            raise Misconfigured(
                f"{where} refuses user {settings.user} ({_name(error)})",
                remedy="mend EARSHOT_CLICKHOUSE__USER and EARSHOT_CLICKHOUSE__PASSWORD",
            ) from None
        raise ServiceMissing(f"{where} does not answer ({_name(error)})") from None


def translate(error: ClickHouseError, what: str, *, show: bool = False) -> EarshotError:
    """Turns the server's error into one of our tree.

    Args:
        error: the error of clickhouse-connect.
        what: what was attempted, for the message.
        show: whether the server's own words may be shown. They may quote values, so it is never set for inserts.
    """
    text = f"{what}: {_name(error)}" + (f": {_words(error)}" if show else "")
    code = _code(error)
    if code in _AUTH_CODES:
        return Misconfigured(text)
    if code in _PERMANENT_CODES or (code is None and isinstance(error, DataError | ProgrammingError)):
        return Permanent("store_refuses", text)
    return Transient(text)


class ClickHouseWriter:
    """`ports.RowWriter` over HTTP. Any thread may call it, and each thread has a client of its own.

    Args:
        settings: resolved ones.
    """

    def __init__(self, settings: ClickHouseSettings) -> None:
        self._settings = settings
        self._local = threading.local()
        self._insert_settings: dict[str, object] | None = None
        self._lock = threading.Lock()

    def check(self) -> None:
        """Asks the server whether the settings that exactness rests on are in force.

        Raises:
            ServiceMissing: nobody answers.
            Misconfigured: the user's profile overrides one of them.
        """
        self._connection()
        assert self._insert_settings is not None
        wanted = {name: str(value) for name, value in self._insert_settings.items()}
        with connect(self._settings, query_settings=self._insert_settings) as client:
            try:
                rows = client.query(
                    "SELECT name, value FROM system.settings WHERE name IN {names:Array(String)}",
                    parameters={"names": list(wanted)},
                ).result_rows
            except ClickHouseError as error:
                raise translate(error, "reading ClickHouse's settings", show=True) from None
        actual = {str(name): str(value) for name, value in rows}
        wrong = {name: actual.get(name) for name, value in wanted.items() if actual.get(name) != value}
        if wrong:
            values = ", ".join(f"{name}={value} (needed {wanted[name]})" for name, value in sorted(wrong.items()))
            raise Misconfigured(f"ClickHouse does not follow the sink's settings: {values}")

    def insert(
        self,
        table: str,
        columns: Sequence[str],
        rows: Sequence[Sequence[object]],
        *,
        token: str,
        settings: Mapping[str, object] | None = None,
    ) -> None:
        """Inserts rows in one HTTP request under one token, as `ports.RowWriter.insert` says."""
        try:
            client, contexts = self._connection()
            key = (table, tuple(columns))
            context = contexts.get(key)
            if context is None:
                # A context is kept for the next insert, because a new one costs a DESCRIBE of the table.
                context = client.create_insert_context(table, columns, database=self._settings.database)
                contexts[key] = context
            context.settings = {
                **(self._insert_settings or {}), **(settings or {}), "insert_deduplication_token": token
            }  # fmt: skip
            context.data = rows
            client.data_insert(context)
        except ClickHouseError as error:
            # The table may have been migrated meanwhile. The next try must describe it anew, or it would fail like
            # this one for ever.
            self._forget_contexts()
            raise translate(error, f"{len(rows)} rows for {table}") from None
        except ServiceMissing as error:
            raise Transient(str(error)) from None
        except _UNWRITABLE as error:
            # The client's own words would quote the value that its column cannot hold, so only the type is named.
            self._forget_contexts()
            raise Permanent("store_refuses", f"{len(rows)} rows for {table}: {type(error).__name__}") from None

    def close(self) -> None:
        """Closes the calling thread's connection."""
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection[0].close()
            del self._local.connection

    def _connection(self) -> tuple[Client, dict[Any, Any]]:
        connection: tuple[Client, dict[Any, Any]] | None = getattr(self._local, "connection", None)
        if connection is None:
            client = connect(self._settings)
            with self._lock:
                if self._insert_settings is None:
                    self._insert_settings = _insert_settings(client, self._settings.cluster is not None)
            connection = self._local.connection = (client, {})
        return connection

    def _forget_contexts(self) -> None:
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection[1].clear()


def _insert_settings(client: Client, clustered: bool) -> dict[str, object]:
    settings: dict[str, object] = {
        # The defaults of these changed in 24.7, 26.2 and 26.3, so they are never relied on (pull requests 61601,
        # 95970 and 97590 of ClickHouse/ClickHouse).
        "async_insert": 0,
        "deduplicate_blocks_in_dependent_materialized_views": 1,
        "max_partitions_per_insert_block": MAX_PARTITIONS_PER_INSERT,
    }
    if _DEDUPLICATE_INSERT in client.server_settings:
        settings[_DEDUPLICATE_INSERT] = "enable"
    else:
        settings["insert_deduplicate"] = 1
    if clustered:
        # The Distributed table must answer when the shards have the rows. It answers when it has queued them
        # otherwise, and the sink would commit offsets of rows that may still be lost.
        settings["insert_distributed_sync"] = 1
    return settings


def _code(error: ClickHouseError) -> int | None:
    code = getattr(error, "code", None)
    return code if isinstance(code, int) else None


def _name(error: ClickHouseError) -> str:
    code = _code(error)
    name = getattr(error, "name", None)
    if code is None:
        return type(error).__name__
    return f"code {code}" + (f" {name}" if name else "")


def _words(error: ClickHouseError) -> str:
    return str(error).split("\n", 1)[0][:2000]
