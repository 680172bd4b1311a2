"""A ClickHouse HTTP server on 127.0.0.1 over the embedded engine: `python -m pipeline.local.clickhouse_server`.

In: ClickHouse's HTTP interface as clickhouse-connect and curl use it. Out: the same answers, codes and headers.
It serves this machine only: foreign Host headers are refused (DNS rebinding), every statement needs the password,
GET can only read. aiohttp carries it: its parser bounds and survives malformed requests.
"""

import argparse
import asyncio
import base64
import binascii
import hmac
import json
import logging
import re
import signal
import socket
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import lz4.frame
from aiohttp import web
from aiohttp.typedefs import Handler

from pipeline.local.clickhouse_engine import DEFAULT_SESSION_TIMEOUT_S, Engine, Failed, Request
from pipeline.local.clickhouse_sql import Refused
from pipeline.local.processes import write_private

MOST_BODY_BYTES = 256 * 1024 * 1024
"""Largest request after decompression; the sink's inserts are a few MiB."""

MOST_URL_BYTES = 1024 * 1024
"""ClickHouse's `http_max_uri_size`."""

THREADS = 8
"""Statements at once; more wait. The engine itself uses every core for one."""

USERS = frozenset({"default", "earshot"})
AUTHENTICATION_FAILED = 516

TRANSPORT = frozenset(
    {
        "query",
        "database",
        "query_id",
        "session_id",
        "session_timeout",
        "session_check",
        "close_session",
        "compress",
        "decompress",
        "user",
        "password",
        "quota_key",
        "stacktrace",
        "client_protocol_version",
        "buffer_size",
        "wait_end_of_query",
        "default_format",
    }
)
"""URL parameters that are no settings."""

STATUS = {36: 400, 62: 400, 115: 400, 27: 400, 47: 404, 46: 404, 60: 404, 81: 404, 48: 501, 164: 500, 497: 403}
"""ClickHouse's status for the codes that clients tell apart; 500 for all others."""

CONTENT_TYPES = {
    "TabSeparated": "text/tab-separated-values; charset=UTF-8",
    "TSV": "text/tab-separated-values; charset=UTF-8",
    "CSV": "text/csv; charset=UTF-8; header=absent",
    "CSVWithNames": "text/csv; charset=UTF-8; header=present",
    "JSON": "application/json; charset=UTF-8",
    "JSONEachRow": "application/x-ndjson; charset=UTF-8",
}

ENGINE = web.AppKey("engine", Engine)
POOL = web.AppKey("pool", ThreadPoolExecutor)
PASSWORD = web.AppKey("password", str)


def build_app(engine: Engine, password: str) -> web.Application:
    """The server as an aiohttp application; it does not own `engine`."""
    app = web.Application(client_max_size=MOST_BODY_BYTES, middlewares=[_only_this_machine])
    app[ENGINE], app[PASSWORD] = engine, password
    app[POOL] = ThreadPoolExecutor(THREADS, thread_name_prefix="query")
    app.router.add_get("/ping", _ping)
    app.router.add_get("/replicas_status", _ping)
    app.router.add_get("/", _statement, allow_head=False)
    app.router.add_post("/", _statement)
    return app


@web.middleware
async def _only_this_machine(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuses requests that name another host: a web page that rebinds its DNS name to 127.0.0.1 does."""
    hosts = request.headers.getall("Host", [])
    name = hosts[0].rpartition(":")[0] or hosts[0] if len(hosts) == 1 else ""
    if name.casefold() not in ("127.0.0.1", "localhost", "[::1]"):
        return web.Response(status=421, text="This server answers to 127.0.0.1 and localhost only.\n")
    return await handler(request)


async def _ping(_: web.Request) -> web.Response:
    return web.Response(text="Ok.\n")


async def _statement(request: web.Request) -> web.Response:
    """One statement in, its result or ClickHouse's error out."""
    wanted_id = request.query.get("query_id", "")
    query_id = wanted_id if re.fullmatch(r"[\w.:-]{1,200}", wanted_id, re.ASCII) else str(uuid.uuid4())
    if not _authentic(request):
        text = (
            f"Code: {AUTHENTICATION_FAILED}. DB::Exception: Authentication failed: password is incorrect, or "
            "there is no user with such name. (AUTHENTICATION_FAILED)"
        )
        return _error(AUTHENTICATION_FAILED, text, 403, query_id)
    try:
        asked = await _read(request)
        if request.method == "GET" and not asked.text:
            return web.Response(text="Ok.\n")
        loop = asyncio.get_running_loop()
        answer = await loop.run_in_executor(request.app[POOL], request.app[ENGINE].run, asked)
    except (Refused, Failed) as error:
        return _error(error.code, str(error), STATUS.get(error.code, 500), query_id)
    headers = {
        "X-ClickHouse-Summary": json.dumps(answer.summary),
        "X-ClickHouse-Query-Id": query_id,
        "X-ClickHouse-Server-Display-Name": "earshot-local",
        "X-ClickHouse-Timezone": "UTC",
        "X-Content-Type-Options": "nosniff",
        "Content-Type": CONTENT_TYPES.get(answer.format, "application/octet-stream"),
    }
    if answer.body:
        headers["X-ClickHouse-Format"] = answer.format
    return web.Response(body=answer.body, headers=headers)


def _error(code: int, text: str, status: int, query_id: str) -> web.Response:
    headers = {"X-ClickHouse-Exception-Code": str(code), "X-ClickHouse-Query-Id": query_id}
    return web.Response(status=status, text=text + "\n", headers=headers)


def _authentic(request: web.Request) -> bool:
    """ClickHouse's order: its own headers, then basic authentication, then the URL."""
    user = request.headers.get("X-ClickHouse-User")
    password = request.headers.get("X-ClickHouse-Key", "")
    if user is None and "X-ClickHouse-Key" not in request.headers:
        basic = _basic(request.headers.get("Authorization", ""))
        user, password = basic or (request.query.get("user", "default"), request.query.get("password", ""))
    known = (user or "default") in USERS
    return hmac.compare_digest(password.encode(), request.app[PASSWORD].encode()) and known


def _basic(header: str) -> tuple[str, str] | None:
    scheme, _, value = header.partition(" ")
    if scheme.casefold() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return user, password


async def _read(request: web.Request) -> Request:
    """The HTTP request in the engine's terms.

    Raises:
        Refused: a part of the interface that this server does not have, or a number that is none.
    """
    values: dict[str, str] = dict(request.query)
    if request.content_type == "multipart/form-data":
        for name, part in (await request.post()).items():
            if not isinstance(part, str):
                raise Refused(
                    48, "NOT_IMPLEMENTED", f"External table {name}: the embedded server has no external data"
                )
            values[name] = part
        body = b""
    else:
        body = _decompressed(await request.read(), request.headers.get("Content-Encoding", ""))
    for name in ("compress", "decompress"):
        if values.get(name, "0") not in ("0", "false"):
            raise Refused(48, "NOT_IMPLEMENTED", f"{name}: use Content-Encoding with the embedded server")
    text, head = values.get("query", "").encode(), request.headers
    readonly = _number(values.pop("readonly", "0"), "readonly")
    return Request(
        text=text + b"\n" + body if text and body else text or body,
        params={name[6:]: value for name, value in values.items() if name.startswith("param_")},
        settings={n: v for n, v in values.items() if n not in TRANSPORT and not n.startswith("param_")},
        database=values.get("database") or head.get("X-ClickHouse-Database") or "",
        default_format=values.get("default_format") or head.get("X-ClickHouse-Format") or "TabSeparated",
        readonly=readonly or 2 if request.method == "GET" else readonly,
        session_id=values.get("session_id", ""),
        session_timeout_s=_number(
            values.get("session_timeout", str(DEFAULT_SESSION_TIMEOUT_S)), "session_timeout"
        ),
        session_check=values.get("session_check", "0") == "1",
    )


def _number(text: str, name: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise Refused(36, "BAD_ARGUMENTS", f"{name}: {text!r} is no number")
    return int(text)


def _decompressed(body: bytes, encoding: str) -> bytes:
    """aiohttp has undone gzip, deflate and zstd; lz4 frames are left."""
    if encoding.casefold() != "lz4":
        return body
    stream = lz4.frame.LZ4FrameDecompressor()
    try:
        plain: bytes = stream.decompress(body, max_length=MOST_BODY_BYTES + 1)
    except (RuntimeError, EOFError) as error:
        raise Refused(432, "UNKNOWN_COMPRESSION_METHOD", f"The body is no lz4 frame: {error}") from None
    if len(plain) > MOST_BODY_BYTES or not stream.eof:
        raise Refused(432, "UNKNOWN_COMPRESSION_METHOD", "The lz4 body is cut off or too large")
    return plain


def _listen(port: int) -> socket.socket:
    """A socket on 127.0.0.1:`port`, or on any free port when that one is taken or 0."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError:
        listener.bind(("127.0.0.1", 0))
    return listener


async def serve(path: Path, password: str, port: int, port_file: Path) -> None:
    """Serves until SIGTERM or SIGINT; writes the port to `port_file` once it answers."""
    engine = Engine(path)
    runner = web.AppRunner(
        build_app(engine, password), access_log=None, max_line_size=MOST_URL_BYTES, max_field_size=64 * 1024
    )
    await runner.setup()
    listener = _listen(port)
    await web.SockSite(runner, listener).start()
    write_private(port_file, str(listener.getsockname()[1]))
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    await ended.wait()
    await runner.cleanup()
    engine.close()


def main() -> None:
    """Reads the arguments and serves; the password comes from a file, never from the command line."""
    parser = argparse.ArgumentParser(description="ClickHouse HTTP server over chdb, for this machine only")
    parser.add_argument("--path", type=Path, required=True, help="data folder")
    parser.add_argument("--password-file", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0, help="wanted port; another one when it is taken")
    parser.add_argument("--port-file", type=Path, required=True, help="gets the port once the server answers")
    args = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    password = args.password_file.read_text(encoding="utf-8").strip()
    asyncio.run(serve(args.path, password, args.port, args.port_file))


if __name__ == "__main__":
    main()
