"""Notes fifteen days of a partition's inputs, or restores them from their changelog, and prints the cost as JSON.

Usage: `python -m tests.long.fifteen_days grow|restore <number of names> <changelog file>`. The file holds the
compacted changelog of the handled inputs, one entry a line. A process does one of both, so that its memory is its
own.
"""

import json
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from pipeline.route.state.changelog import decode, encode
from pipeline.route.state.dedupe.handled import Handled
from pipeline.route.state.entities import Entity

REMEMBER_MS = 15 * 86_400_000
START_MS = 29_453_760 * 60_000
A_SECOND = 101
"""So that 130 million come within the remembered time."""
TRANSACTION = 100
SAMPLE = 100_000


def main(what: str, names: int, changelog: Path) -> dict[str, float]:
    """Does it and returns seconds of CPU and bytes."""
    before = _rss()
    handled = Handled(REMEMBER_MS)
    cost = _grow(handled, names, changelog) if what == "grow" else _restore(handled, changelog)
    # Before the look-ups, whose results take memory too.
    cost |= {"bytes": _rss() - before, "peak_bytes": _peak() - before}
    now_ms = START_MS + names * 1000 // A_SECOND
    for told, platform, is_new in (("repeat_us", "x", False), ("new_us", "y", True)):
        sample = [_name(platform, number) for number in range(0, names, max(1, names // SAMPLE))]
        started_s = time.process_time()
        answers = {handled.note(name, now_ms) for name in sample}
        cost[told] = (time.process_time() - started_s) / len(sample) * 1e6
        assert answers == {is_new}
    return cost


def _grow(handled: Handled, names: int, changelog: Path) -> dict[str, float]:
    started_s, written, serving_s = time.process_time(), 0, 0.0
    with changelog.open("wb") as out:
        last: tuple[str, Entity | None] | None = None
        for first in range(0, names, TRANSACTION):
            now_ms = START_MS + first * 1000 // A_SECOND
            numbers = range(first, min(first + TRANSACTION, names))
            fresh = sum([handled.note(_name("x", number), now_ms) for number in numbers])
            assert fresh == len(numbers)
            entries = handled.changes()
            handled.commit()
            aside_s = time.process_time()
            for key, entity in entries.items():
                # Compacted: of the entries with one key only the last.
                if last is not None and last[0] != key:
                    out.write(_line(*last))
                last = key, entity
                written += 1
            serving_s -= time.process_time() - aside_s
        if last is not None:
            out.write(_line(*last))
    return {"input_us": (serving_s + time.process_time() - started_s) / names * 1e6, "entries_written": written}


def _restore(handled: Handled, changelog: Path) -> dict[str, float]:
    started_s, entries = time.process_time(), 0
    for key, value in _lines(changelog):
        handled.restore(key, decode(key, value, {}))
        entries += 1
    assert handled.next_due_ms() is not None
    return {"restore_cpu_s": time.process_time() - started_s, "entries": entries}


def _line(key: str, entity: Entity | None) -> bytes:
    assert entity is not None
    return b"%b %b\n" % (key.encode(), encode("handled", entity))


def _lines(changelog: Path) -> Iterator[tuple[str, bytes]]:
    with changelog.open("rb") as lines:
        for line in lines:
            key, value = line.rstrip(b"\n").split(b" ", 1)
            yield key.decode(), value


def _name(platform: str, number: int) -> str:
    return f"seen-post/acme/0/{platform}:{number}"


def _rss() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))))  # noqa: T201
