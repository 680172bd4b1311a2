"""Runs the enrich worker and notes, a hundred times a second, what its event loop works on.

It runs as `python -m pipeline.bench.stage.watched_worker FILE`, and writes the notes to FILE at a clean stop. The
worker is that of `earshot run enrich`, unchanged. The notes cost it less than 1 % of one core.
"""

import json
import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import FrameType
from typing import Literal

Part = Literal["decode", "encode", "agent", "kafka", "faust", "idle"]
Role = Literal["loop", "kafka", "engine", "agent"]
INTERVAL_S = 0.0097
"""It is no divisor of the periods of the worker's own timers, which would always be met at the same point."""
ROLES_EVERY = 50
"""After so many notes the threads are listed again."""
_OURS = str(Path(__file__).parents[2])
_LOOP = ("/asyncio/base_events.py", "_run_once")
_PLACES: tuple[tuple[str, Part], ...] = (
    ("/selectors.py", "idle"),
    ("-packages/aiokafka/", "kafka"),
    ("/asyncio/selector_events.py", "kafka"),  # the worker's only sockets lead to Kafka
    ("/asyncio/streams.py", "kafka"),
    ("-packages/faust/", "faust"),
    ("-packages/mode/", "faust"),
    (f"{_OURS}/adapters/faust/worker.py", "faust"),
    (f"{_OURS}/", "agent"),
)

Call = tuple[str, str]
"""Holds file and function of one frame."""


def part_of(calls: Iterable[Call]) -> Part:
    """Returns what the loop works on, judged by the innermost call that says something.

    Args:
        calls: innermost first.
    """
    for file, function in calls:
        if file == f"{_OURS}/codec.py":
            return "encode" if function == "encode" else "decode"
        if file.endswith(_LOOP[0]) and function == _LOOP[1]:
            return "faust"  # between two tasks: the loop's own work, which Faust's many tasks cause
        for place, part in _PLACES:
            if place in file:
                return part
    return "faust"


def role_of(thread: threading.Thread) -> Role:
    """Returns what a thread is for.

    Threads that Python did not start have no object here, and they are the engine's own.
    """
    if thread is threading.main_thread():
        return "loop"
    if type(thread).__module__ == "mode.threads":
        return "kafka"  # Faust lets aiokafka fetch and commit in a thread with a loop of its own
    if thread.name.startswith("asyncio"):
        return "kafka"  # the agent publishes in a thread of asyncio.to_thread
    return "engine" if thread.name.startswith("inference") else "agent"


class Watch:
    """Notes by the clock what the main thread does. It must be used from the main thread."""

    def __init__(self) -> None:
        self.notes: list[tuple[float, Part]] = []
        """Holds seconds since the epoch and what was being done."""
        self.roles: dict[int, Role] = {}
        """Maps the number that the system gives a thread to its role."""

    def start(self) -> None:
        """Begins to take notes. It takes SIGALRM and the process's real-time timer for that."""
        # A signal handler runs in the main thread and is given the frame that it interrupted.
        signal.signal(signal.SIGALRM, self._note)
        signal.setitimer(signal.ITIMER_REAL, INTERVAL_S, INTERVAL_S)

    def stop(self) -> None:
        """Ends the notes."""
        signal.setitimer(signal.ITIMER_REAL, 0)

    def _note(self, _number: int, frame: FrameType | None) -> None:
        self.notes.append((time.time(), part_of(_calls(frame))))
        # Listing threads costs more than a note, and threads change rarely.
        if len(self.notes) % ROLES_EVERY == 1:
            self.roles |= {
                thread.native_id: role_of(thread) for thread in threading.enumerate() if thread.native_id
            }


def _calls(frame: FrameType | None) -> Iterator[Call]:
    while frame is not None:
        yield frame.f_code.co_filename, frame.f_code.co_name
        frame = frame.f_back


def main(file: str) -> None:
    """Works until SIGTERM."""
    from pipeline.app.stages.enrich import run
    from pipeline.settings import load_settings

    watch = Watch()
    watch.start()
    try:
        run(load_settings())
    finally:
        watch.stop()
        Path(file).write_text(json.dumps({"notes": watch.notes, "roles": watch.roles}), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
