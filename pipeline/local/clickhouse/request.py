"""Reads an HTTP request of ClickHouse's interface. It says who asks, what is asked, and in which form the answer
is wanted.
"""

import base64
import binascii
import hmac
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp import web

from pipeline.local.clickhouse.engine import DEFAULT_SESSION_TIMEOUT_S, Request
from pipeline.local.clickhouse.frames import decode, unpack
from pipeline.local.clickhouse.statement import Refused

BAD_ARGUMENTS, NOT_IMPLEMENTED = 36, 48
"""ClickHouse's own error codes."""

TRANSPORT = frozenset({
    "query", "database", "query_id", "session_id", "session_timeout", "session_check", "close_session", "compress",
    "decompress", "user", "password", "quota_key", "role", "stacktrace", "client_protocol_version", "buffer_size",
    "wait_end_of_query", "default_format",
})  # fmt: skip
"""URL parameters that are no settings."""

READER_SETTINGS = {"final": "1"}
"""Settings of every read. A table holds a row twice until a merge, and with `final` every read counts it once, as
in clickhouse-reader.xml."""


@dataclass(frozen=True)
class Account:
    """Somebody who may ask. A reader may only read."""

    user: str
    password: str = field(repr=False)
    reader: bool = False


@dataclass(frozen=True)
class QueryRequest:
    """A request, whether its answer is wanted in compressed frames, and the client's protocol revision or 0."""

    request: Request
    framed: bool
    revision: int


def authenticate(request: web.Request, accounts: Mapping[str, Account]) -> Account | None:
    """Returns the account whose credentials come with the request. They are looked for in ClickHouse's order,
    which is its own headers, basic authentication, the URL."""
    user = request.headers.get("X-ClickHouse-User")
    password = request.headers.get("X-ClickHouse-Key", "")
    if user is None and "X-ClickHouse-Key" not in request.headers:
        basic = _basic(request.headers.get("Authorization", ""))
        user, password = basic or (request.query.get("user", "default"), request.query.get("password", ""))
    account = accounts.get(user or "default")
    # Headers may hold any bytes, which aiohttp keeps as surrogates.
    offered = password.encode("utf-8", "surrogateescape")
    expected = account.password.encode() if account else b""
    return account if hmac.compare_digest(offered, expected) and expected else None


async def read_request(request: web.Request, account: Account) -> QueryRequest:
    """Returns the HTTP request in the engine's terms.

    Raises:
        Refused: a part of the interface that this server does not have, or a value that cannot be read.
    """
    values: dict[str, str] = dict(request.query)
    body = b""
    if request.content_type == "multipart/form-data":
        values |= await _form(request)
    else:
        body = decode(await request.read(), request.headers.get("Content-Encoding", "").casefold())
        if _is_set(values, "decompress"):
            body = unpack(body)
    text, head = values.get("query", "").encode("utf-8", "surrogateescape"), request.headers
    readonly = _number(values.pop("readonly", "0"), "readonly")
    # GET can only read, as on a real server, because a link in a web page can make a browser send it.
    if request.method == "GET" or account.reader:
        readonly = readonly or 2
    statement = Request(
        text=text + b"\n" + body if text and body else text or body,
        params={name[6:]: value for name, value in values.items() if name.startswith("param_")},
        settings=(READER_SETTINGS if account.reader else {})
        | {n: v for n, v in values.items() if n not in TRANSPORT and not n.startswith("param_")},
        database=values.get("database") or head.get("X-ClickHouse-Database") or "",
        default_format=values.get("default_format") or head.get("X-ClickHouse-Format") or "TabSeparated",
        user=account.user,
        reader=account.reader,
        readonly=readonly,
        session_id=values.get("session_id", ""),
        session_timeout_s=_number(
            values.get("session_timeout", str(DEFAULT_SESSION_TIMEOUT_S)), "session_timeout"
        ),
        session_check=_is_set(values, "session_check"),
        # The client may choose its query id, and two clients the same one. The tag is ours, so KILL hits the right
        # query.
        tag=str(uuid.uuid4()),
    )
    revision = _number(values.get("client_protocol_version", "0"), "client_protocol_version")
    return QueryRequest(statement, _is_set(values, "compress"), revision)


def query_id(request: web.Request) -> str:
    """Returns the query id that the client chose, when it can stand in a header, or else a new one."""
    wanted = request.query.get("query_id", "")
    return wanted if re.fullmatch(r"[\w.:-]{1,200}", wanted, re.ASCII) else str(uuid.uuid4())


def _basic(header: str) -> tuple[str, str] | None:
    scheme, _, value = header.partition(" ")
    if scheme.casefold() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return user, password


async def _form(request: web.Request) -> dict[str, str]:
    values = {}
    for name, part in (await request.post()).items():
        if not isinstance(part, str):
            text = f"External table {name}: the embedded server has no external data"
            raise Refused(NOT_IMPLEMENTED, "NOT_IMPLEMENTED", text)
        values[name] = part
    return values


def _is_set(values: Mapping[str, str], name: str) -> bool:
    return values.get(name, "0") not in ("0", "false")


def _number(text: str, name: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Refused(BAD_ARGUMENTS, "BAD_ARGUMENTS", f"{name}: {text[:20]!r} is no number")
    return int(text)
