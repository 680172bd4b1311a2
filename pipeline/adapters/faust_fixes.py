"""Two corrections of Faust's tables, for exactly the version that they were read and tested against.

In: nothing. Out: Faust's classes, changed in this process. Never here: an unknown version: the fixes touch
internals, so another one must be read and tested first (deploy/decisions, faust.md a.3 and a.9).

1. After a recovery Faust lets records flow before it seeks; the seek then looks like a compaction gap and is
   committed over: 83 of 23,000 records were lost in 2 of 6 runs without the fix, none in 5 with it.
2. A commit waits at most 0.1 s for table changes on their way and then goes ahead: up to 2,793 updates below the
   committed offset were lost on kill -9 without the fix, none with it.
"""

import asyncio
import os
import sys
import time
from importlib.metadata import version
from typing import Any, NoReturn

from pipeline.errors import EXIT_RESTART, Misconfigured

FAUST_VERSION = "0.15.3"
FLUSH_DEADLINE_S = 60.0
"""Table changes that the brokers do not take for so long never will: the worker must restart, not commit."""
_POLL_S = 0.005
_MARK = "earshot_fix"


def apply_fixes() -> None:
    """Applies both, once in a process; again is harmless.

    Raises:
        Misconfigured: another version of faust-streaming is installed.
    """
    installed = version("faust-streaming")
    if installed != FAUST_VERSION:
        raise Misconfigured(f"faust-streaming must be {FAUST_VERSION}, {installed} is installed")
    from faust.tables.recovery import Recovery
    from faust.transport.producer import ProducerBuffer

    if in_force():
        return
    _hold_streams_until_sought(Recovery)
    _flush_all(ProducerBuffer)


def in_force() -> bool:
    """Whether this process runs with both fixes."""
    from faust.tables.recovery import Recovery
    from faust.transport.producer import ProducerBuffer

    changed = (Recovery.on_recovery_completed, ProducerBuffer.flush, ProducerBuffer._send_pending)
    return all(getattr(function, _MARK, False) for function in changed)


def _hold_streams_until_sought(recovery: Any) -> None:
    original = recovery.on_recovery_completed

    async def on_recovery_completed(self: Any, generation_id: int = 0) -> None:
        self.app.flow_control.suspend()
        self.app.consumer.stop_flow()
        await asyncio.sleep(0)  # lets a fetch that is under way see it
        await original(self, generation_id)

    setattr(on_recovery_completed, _MARK, True)
    recovery.on_recovery_completed = on_recovery_completed


def _flush_all(buffer: Any) -> None:
    original = buffer._send_pending

    async def send_pending(self: Any, change: Any) -> None:
        # A change that left the queue but not yet the process is invisible to `size`.
        self._earshot_sending = True
        try:
            await original(self, change)
        finally:
            self._earshot_sending = False

    async def flush(self: Any) -> None:
        deadline = time.monotonic() + FLUSH_DEADLINE_S
        while self.size or getattr(self, "_earshot_sending", False):
            if time.monotonic() > deadline:
                _end("table changes could not be flushed before a commit")
            await asyncio.sleep(_POLL_S)

    setattr(send_pending, _MARK, True)
    setattr(flush, _MARK, True)
    buffer._send_pending = send_pending
    buffer.flush = flush


def _end(why: str) -> NoReturn:
    # Anything gentler (an exception, app.crash) would commit on its way out.
    sys.__stderr__.write(f"enrich: {why}, ending at once\n") if sys.__stderr__ else None
    os._exit(EXIT_RESTART)
