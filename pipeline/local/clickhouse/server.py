"""Serves ClickHouse's HTTP interface on 127.0.0.1 over the embedded engine (`python -m
pipeline.local.clickhouse.server`).

Official clients and curl get the answers, codes and headers that ClickHouse gives. Only this machine is served.
Foreign Host headers are refused (DNS rebinding), every statement needs a password, and GET and the reader can only
read. aiohttp carries it, because its parser bounds and survives malformed requests.
"""

import argparse
import asyncio
import logging
import signal
import socket
import struct
from collections.abc import Mapping
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler

from pipeline.local.clickhouse.answer import STATUS, Answerer, failure
from pipeline.local.clickhouse.engine import Engine
from pipeline.local.clickhouse.frames import MOST_BYTES, pack
from pipeline.local.clickhouse.request import Account, QueryRequest, authenticate, query_id, read_request
from pipeline.local.clickhouse.statement import Refused
from pipeline.local.processes import write_private

MOST_URL_BYTES = 1024 * 1024
"""ClickHouse's `http_max_uri_size`, in bytes."""

STATEMENTS = 64
"""Statements of writers that run at once, while more wait. Most of them wait themselves, for a slow reader or for
`sleep`."""

READS = STATEMENTS // 2
"""Statements of readers that run at once, besides those of writers. More wait."""

WRITERS, READER = ("default", "earshot"), "earshot_reader"
AUTHENTICATION_FAILED = 516

GO_HELLO = b"SELECT displayName(), version(), revision(), timezone()"
"""What clickhouse-go asks over HTTP before all else. Source: clickhouse-go v2.51.0 conn_http.go."""

BLOCK_INFO_REVISION, SERIALIZATION_REVISION = 51903, 54454
"""Protocol revisions since when a Native block begins with its info, and a column has a byte for its kind of
serialization. Source: ClickHouse src/Core/ProtocolDefines.h."""

ANSWERER = web.AppKey("answerer", Answerer)
ENGINE = web.AppKey("engine", Engine)
ACCOUNTS = web.AppKey("accounts", Mapping[str, Account])


def build_app(engine: Engine, password: str, reader_password: str) -> web.Application:
    """Returns the server as an aiohttp application. It does not own `engine`."""
    app = web.Application(client_max_size=MOST_BYTES, middlewares=[_only_this_machine])
    app[ENGINE], app[ANSWERER] = engine, Answerer(engine, STATEMENTS, READS)
    accounts = [*(Account(user, password) for user in WRITERS), Account(READER, reader_password, reader=True)]
    app[ACCOUNTS] = {account.user: account for account in accounts}
    app.router.add_get("/ping", _ping)
    app.router.add_get("/replicas_status", _ping)
    app.router.add_get("/", _statement, allow_head=False)
    app.router.add_post("/", _statement)
    return app


@web.middleware
async def _only_this_machine(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuses requests that name another host, as a web page does that rebinds its DNS name to 127.0.0.1."""
    hosts = request.headers.getall("Host", [])
    name = hosts[0].rpartition(":")[0] or hosts[0] if len(hosts) == 1 else ""
    if name.casefold() not in ("127.0.0.1", "localhost", "[::1]"):
        return web.Response(status=421, text="This server answers to 127.0.0.1 and localhost only.\n")
    return await handler(request)


async def _ping(_: web.Request) -> web.Response:
    return web.Response(text="Ok.\n")


async def _statement(request: web.Request) -> web.StreamResponse:
    """Runs one statement, and returns its result or ClickHouse's error."""
    name = query_id(request)
    account = authenticate(request, request.app[ACCOUNTS])
    if account is None:
        text = (
            f"Code: {AUTHENTICATION_FAILED}. DB::Exception: Authentication failed: password is incorrect, or "
            "there is no user with such name. (AUTHENTICATION_FAILED)"
        )
        return failure(AUTHENTICATION_FAILED, text, 403, name)
    try:
        query = await read_request(request, account)
    except Refused as error:
        return failure(error.code, str(error), STATUS.get(error.code, 500), name)
    if request.method == "GET" and not query.request.text:
        return web.Response(text="Ok.\n")
    if query.revision and query.request.text.strip() == GO_HELLO:
        block = _go_hello(query, request.app[ENGINE].version)
        return web.Response(body=pack(block) if query.framed else block)
    return await request.app[ANSWERER].answer(request, query, name)


def _go_hello(query: QueryRequest, version: str) -> bytes:
    """Returns one row in Native of the client's revision. The client reads every later block in the revision that
    the row names.

    That revision is 0, because the engine's Native knows no other when it is embedded.
    """
    columns = [
        (b"displayName()", b"String", _string(b"earshot-local")),
        (b"version()", b"String", _string(version.encode())),
        (b"revision()", b"UInt32", struct.pack("<I", 0)),
        (b"timezone()", b"String", _string(b"UTC")),
    ]
    info = b"\1\0\2" + struct.pack("<i", -1) + b"\0" if query.revision >= BLOCK_INFO_REVISION else b""
    kind = b"\0" if query.revision >= SERIALIZATION_REVISION else b""
    head = info + bytes((len(columns), 1))
    return head + b"".join(_string(name) + _string(type_) + kind + value for name, type_, value in columns)


def _string(text: bytes) -> bytes:
    return bytes((len(text),)) + text


def _listen(port: int) -> socket.socket:
    """Returns a socket on 127.0.0.1:`port`, or on any free port when that one is taken or 0."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError:
        listener.bind(("127.0.0.1", 0))
    return listener


async def serve(engine: Engine, app: web.Application, port: int, port_file: Path) -> None:
    """Serves until SIGTERM or SIGINT. It writes the port to `port_file` once it answers."""
    runner = web.AppRunner(
        app,
        access_log=None,
        max_line_size=MOST_URL_BYTES,
        max_field_size=64 * 1024,
        auto_decompress=False,
        handler_cancellation=True,
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
    """Reads the arguments and serves. Passwords come from files, never from the command line."""
    parser = argparse.ArgumentParser(description="ClickHouse HTTP server over chdb, for this machine only")
    parser.add_argument("--path", type=Path, required=True, help="data folder")
    parser.add_argument("--password-file", type=Path, required=True)
    parser.add_argument("--reader-password-file", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0, help="wanted port; another one when it is taken")
    parser.add_argument("--port-file", type=Path, required=True, help="gets the port once the server answers")
    args = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    password, reader_password = (
        file.read_text(encoding="utf-8").strip() for file in (args.password_file, args.reader_password_file)
    )
    port_file = args.port_file.resolve()
    engine = Engine(args.path.resolve())
    asyncio.run(serve(engine, build_app(engine, password, reader_password), args.port, port_file))


if __name__ == "__main__":
    main()
