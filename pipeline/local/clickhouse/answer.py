"""Sends one statement's answer while the engine makes it.

A small answer goes in one piece with the summary, and a larger one in chunks. An error after the first chunk is
told inside the body, as ClickHouse does, and the body is cut off. A client that goes away ends its query.
"""

import asyncio
import json
import os
import secrets
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor

from aiohttp import web

from pipeline.local.clickhouse.engine import Engine, Output
from pipeline.local.clickhouse.frames import FRAME_BYTES, pack
from pipeline.local.clickhouse.request import QueryRequest
from pipeline.local.clickhouse.sessions import Failed
from pipeline.local.clickhouse.statement import Refused

WHOLE_BYTES = 1024 * 1024
"""Bytes of an answer that is sent in one piece, with the whole summary and a status that knows every error."""

STATUS = {
    27: 400, 36: 400, 40: 400, 62: 400, 73: 400, 89: 400, 115: 400, 46: 404, 47: 404, 60: 404, 81: 404, 48: 501,
    497: 403,
}  # fmt: skip
"""ClickHouse's status for the codes that clients tell apart. All other codes get 500."""

TOO_MANY_SIMULTANEOUS_QUERIES = 202
"""ClickHouse's own error code."""

MOST_READS_IN_SIGHT = 4
"""Reads that may run or wait, for each read that may run. Each of them holds three file descriptors, of the usual
1,024."""

CONTENT_TYPES = {
    "TabSeparated": "text/tab-separated-values; charset=UTF-8",
    "TSV": "text/tab-separated-values; charset=UTF-8",
    "CSV": "text/csv; charset=UTF-8; header=absent",
    "CSVWithNames": "text/csv; charset=UTF-8; header=present",
    "JSON": "application/json; charset=UTF-8",
    "JSONEachRow": "application/x-ndjson; charset=UTF-8",
}

Pipe = tuple[asyncio.StreamReader, asyncio.ReadTransport]


class Answerer:
    """Runs statements for HTTP requests.

    Args:
        engine: shared; not owned.
        statements: of writers at once; more wait. The engine itself uses every core for one.
        reads: of readers at once, besides those; more wait, far more are refused.
    """

    def __init__(self, engine: Engine, statements: int, reads: int) -> None:
        self._engine = engine
        self._pool = ThreadPoolExecutor(statements, thread_name_prefix="query")
        # Readers have slots of their own, so that they never keep a writer waiting.
        self._readers = ThreadPoolExecutor(reads, thread_name_prefix="read")
        self._reads, self._most_reads = 0, MOST_READS_IN_SIGHT * reads
        # KILL QUERY has a thread of its own, so that running statements never keep it waiting.
        self._killers = ThreadPoolExecutor(1, thread_name_prefix="kill")

    async def answer(self, http: web.Request, query: QueryRequest, query_id: str) -> web.StreamResponse:
        """Runs one statement, and returns its result or ClickHouse's error."""
        if not query.request.reader:
            # A writer that ends a query must not wait behind the query.
            kills = query.request.text.lstrip()[:4].upper() == b"KILL"
            return await self._answer(http, query, query_id, self._killers if kills else self._pool)
        if self._reads >= self._most_reads:
            code, name = TOO_MANY_SIMULTANEOUS_QUERIES, "TOO_MANY_SIMULTANEOUS_QUERIES"
            detail = f"Too many simultaneous queries of readers. Maximum: {self._most_reads}"
            return failure(code, f"Code: {code}. DB::Exception: {detail} ({name})", 500, query_id)
        self._reads += 1
        try:
            return await self._answer(http, query, query_id, self._readers)
        finally:
            self._reads -= 1

    async def _answer(
        self, http: web.Request, query: QueryRequest, query_id: str, pool: ThreadPoolExecutor
    ) -> web.StreamResponse:
        reading, writing = os.pipe()
        output = Output(writing)
        running = pool.submit(self._engine.run, query.request, output)
        # The end is closed here, because a statement that is cancelled before it began never runs. The reader of
        # the pipe sees the end all the same.
        running.add_done_callback(lambda _: os.close(writing))
        source, transport = await _open(reading)
        try:
            return await self._send(http, query, query_id, output, source, running)
        finally:
            transport.close()
            # The client went away, or the answer broke. A query that nobody reads would go on filling the pipe.
            if not running.cancel() and not running.done():
                self._killers.submit(self._engine.kill, query.request.tag)

    async def _send(
        self,
        http: web.Request,
        query: QueryRequest,
        query_id: str,
        output: Output,
        source: asyncio.StreamReader,
        running: "Future[Mapping[str, str]]",
    ) -> web.StreamResponse:
        try:
            # While the answer is this small no byte has left, so that an error can still choose the status.
            first = await source.readexactly(WHOLE_BYTES)
        except asyncio.IncompleteReadError as short:
            try:
                summary = await asyncio.wrap_future(running)
            except (Refused, Failed) as error:
                return failure(error.code, str(error), STATUS.get(error.code, 500), query_id)
            body = pack(short.partial) if query.framed else short.partial
            return web.Response(body=body, headers=_headers(output.format, summary, query_id, bool(body)))
        response = web.StreamResponse(headers=_headers(output.format, {}, query_id, True))
        tag = response.headers["X-ClickHouse-Exception-Tag"] = secrets.token_hex(8)
        await response.prepare(http)
        chunk = first
        while chunk:
            await response.write(pack(chunk) if query.framed else chunk)
            chunk = await source.read(FRAME_BYTES)
        try:
            await asyncio.wrap_future(running)
        except (Refused, Failed) as error:
            error_text = _error_text(str(error), tag)
            await response.write(pack(error_text) if query.framed else error_text)
            if http.transport is not None:
                http.transport.close()  # without the last chunk the client knows that the answer is not whole
            return response
        await response.write_eof()
        return response


def failure(code: int, text: str, status: int, query_id: str) -> web.Response:
    """Returns ClickHouse's error as a response of its own."""
    headers = {"X-ClickHouse-Exception-Code": str(code), "X-ClickHouse-Query-Id": query_id}
    return web.Response(status=status, text=text + "\n", headers=headers)


async def _open(reading: int) -> Pipe:
    loop = asyncio.get_running_loop()
    source = asyncio.StreamReader(limit=FRAME_BYTES)
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(source), os.fdopen(reading, "rb", buffering=0)
    )
    return source, transport


def _headers(format_name: str, summary: Mapping[str, str], query_id: str, has_body: bool) -> dict[str, str]:
    headers = {
        "X-ClickHouse-Summary": json.dumps(summary),
        "X-ClickHouse-Query-Id": query_id,
        "X-ClickHouse-Server-Display-Name": "earshot-local",
        "X-ClickHouse-Timezone": "UTC",
        "X-Content-Type-Options": "nosniff",
        "Content-Type": CONTENT_TYPES.get(format_name, "application/octet-stream"),
    }
    return headers | {"X-ClickHouse-Format": format_name} if has_body else headers


def _error_text(text: str, tag: str) -> bytes:
    """Returns the error as it stands inside a body, where clients look for it.

    Source: ClickHouse src/Server/HTTP/WriteBufferFromHTTPServerResponse.cpp.
    """
    return f"\r\n__exception__\r\n{tag}\r\n{text}\n{len(text)} {tag}\r\n__exception__\r\n".encode()
