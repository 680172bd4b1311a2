"""ClickHouse over HTTP: connections, the errors of the server in ours, and the writer behind `ports.RowWriter`.

In: the ClickHouse section of the settings. Out: connected clients; rows inserted so that the same batch with the
same token counts once. Never here: which table gets what, the password or row values in an error or a log.
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
"""Longest silence of the server. Far below the consumer's max.poll.interval.ms (300 s), so that a slow insert
does not cost the partition."""
MAX_PARTITIONS_PER_INSERT = 1400
"""A batch of imported history may span all months of the contract's 1990..2100 (1320); the default of 100 would
refuse it for ever (code 252)."""

_PERMANENT_CODES = frozenset(
    {6, 10, 16, 27, 36, 44, 47, 53, 60, 62, 69, 70, 72, 81, 115, 117, 130, 131, 164, 349, 452, 497, 691}
)
"""What repeating cannot mend: parsing, unknown column, table, database or setting, types, NULL, rights.
Source: ClickHouse src/Common/ErrorCodes.cpp. Everything else (busy, memory, too many parts, network) may pass."""
_AUTH_CODES = frozenset({192, 193, 194, 516})

_UNWRITABLE = (TypeError, ValueError, ArithmeticError, LookupError, AttributeError, struct.error)
"""What clickhouse-connect lets through, unwrapped, from a value of another type than its column's: None where NULL
is not allowed is a TypeError. None of them mends itself, and none may end the process: other partitions go on."""

_DEDUPLICATE_INSERT = "deduplicate_insert"
"""Since 26.2; before, `insert_deduplicate` did it."""


def connect(settings: ClickHouseSettings, *, query_settings: Mapping[str, object] | None = None) -> Client:
    """A client for one thread. Times without a zone are UTC.

    Args:
        settings: resolved (`app.endpoints.resolve`).
        query_settings: ClickHouse settings of everything that the client sends.

    Raises:
        ServiceMissing: nobody answers.
        Misconfigured: the address is not one, or user and password are refused.
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
    """The server's error in our tree.

    Args:
        error: from clickhouse-connect.
        what: what was attempted, for the message.
        show: whether the server's own words may be shown; they may quote values, so never for inserts.
    """
    text = f"{what}: {_name(error)}" + (f": {_words(error)}" if show else "")
    code = _code(error)
    if code in _AUTH_CODES:
        return Misconfigured(text)
    if code in _PERMANENT_CODES or (code is None and isinstance(error, DataError | ProgrammingError)):
        return Permanent("store_refuses", text)
    return Transient(text)


class ClickHouseWriter:
    """`ports.RowWriter` over HTTP; any thread may call it, each uses a client of its own.

    Args:
        settings: resolved.
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
            found = ", ".join(f"{name}={value} (needed {wanted[name]})" for name, value in sorted(wrong.items()))
            raise Misconfigured(f"ClickHouse does not follow the sink's settings: {found}")

    def insert(
        self,
        table: str,
        columns: Sequence[str],
        rows: Sequence[Sequence[object]],
        *,
        token: str,
        settings: Mapping[str, object] | None = None,
    ) -> None:
        """See `ports.RowWriter.insert`. One HTTP request, one token."""
        try:
            client, contexts = self._connection()
            key = (table, tuple(columns))
            context = contexts.get(key)
            if context is None:
                # Reused: a new one costs a DESCRIBE per insert (clickhouse.md 3).
                context = client.create_insert_context(table, columns, database=self._settings.database)
                contexts[key] = context
            context.settings = {
                **(self._insert_settings or {}), **(settings or {}), "insert_deduplication_token": token
            }  # fmt: skip
            context.data = rows
            client.data_insert(context)
        except ClickHouseError as error:
            # The table may have been migrated meanwhile: the next try describes it anew.
            self._forget_contexts()
            raise translate(error, f"{len(rows)} rows for {table}") from None
        except ServiceMissing as error:
            raise Transient(str(error)) from None
        except _UNWRITABLE as error:
            # The client met a value that its column cannot hold; its words would quote the value.
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
        # Defaults of these changed in 24.7, 26.2 and 26.3: never rely on them (clickhouse.md 1.1).
        "async_insert": 0,
        "deduplicate_blocks_in_dependent_materialized_views": 1,
        "max_partitions_per_insert_block": MAX_PARTITIONS_PER_INSERT,
    }
    if _DEDUPLICATE_INSERT in client.server_settings:
        settings[_DEDUPLICATE_INSERT] = "enable"
    else:
        settings["insert_deduplicate"] = 1
    if clustered:
        # The Distributed table must answer when the shards have the rows, not when it has queued them.
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
