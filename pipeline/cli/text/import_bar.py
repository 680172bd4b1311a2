"""Shows how far an import is: a bar on a terminal, a line now and then anywhere else."""

import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple

from pipeline.cli.text.output import say

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

    from pipeline.app.importing.request import IngestSummary, Progress

WINDOW_S = 30.0
"""Rate and time left are those of the last seconds, because a broker may slow down."""
LINE_EVERY_S = 60.0
"""A log gets a line so often."""


class _Sample(NamedTuple):
    at_s: float
    posts: int
    read_bytes: int


class Pace:
    """Tells the rate and the time left from what was done in the last seconds."""

    def __init__(self) -> None:
        self._samples: deque[_Sample] = deque()
        self._size_bytes: int | None = None

    def note(self, at_s: float, progress: "Progress") -> None:
        """Takes how far the run is at a moment, in seconds of any clock."""
        if progress.resuming:
            # Lines that were sent before are only passed over, which tells nothing of what is left.
            self._samples.clear()
        self._size_bytes = progress.size_bytes
        self._samples.append(_Sample(at_s, progress.sent + progress.rejected, progress.read_bytes or 0))
        while at_s - self._samples[0].at_s > WINDOW_S and len(self._samples) > 2:
            self._samples.popleft()

    @property
    def posts_per_s(self) -> float | None:
        """Posts a second, rejected ones included, or None before that is known."""
        return self._per_s(lambda sample: sample.posts)

    @property
    def left_s(self) -> float | None:
        """Seconds to the end of the file at this pace, or None where nobody can know."""
        per_s = self._per_s(lambda sample: sample.read_bytes)
        if self._size_bytes is None or not per_s:
            return None
        return max(0, self._size_bytes - self._samples[-1].read_bytes) / per_s

    def _per_s(self, what: Callable[[_Sample], int]) -> float | None:
        if len(self._samples) < 2:
            return None
        first, last = self._samples[0], self._samples[-1]
        return (what(last) - what(first)) / (last.at_s - first.at_s) if last.at_s > first.at_s else None


class ImportBar:
    """Shows progress while the block runs, and says lines without disturbing it.

    Args:
        file: its name.
        clock: returns seconds.
    """

    def __init__(self, file: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._file = file
        self._clock = clock
        self._pace = Pace()
        self._bar = _bar() if sys.stderr.isatty() else None
        self._task = None if self._bar is None else self._bar.add_task(file, total=None, told="")
        self._line_at_s = clock() + LINE_EVERY_S

    def say(self, text: str) -> None:
        """Writes a line for a person, above the bar."""
        if self._bar is None:
            say(text)
        else:
            self._bar.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def progress(self, progress: "Progress") -> None:
        """Takes how far the run is."""
        now_s = self._clock()
        self._pace.note(now_s, progress)
        if self._bar is not None and self._task is not None:
            self._bar.update(
                self._task,
                completed=progress.read_bytes or 0,
                total=progress.size_bytes,
                told=self._told(progress),
            )
        elif now_s >= self._line_at_s:
            self._line_at_s = now_s + LINE_EVERY_S
            say(f"{self._file}: {share(progress)}{self._told(progress)}")

    def _told(self, progress: "Progress") -> str:
        if progress.resuming:
            return f"passing over {progress.sent:,} posts that were sent before"
        rate, left_s = self._pace.posts_per_s, self._pace.left_s
        parts = [f"{progress.sent:,} posts", f"{progress.rejected:,} rejected"]
        parts += [] if rate is None else [f"{rate:,.0f} posts/s"]
        parts += [] if left_s is None else [f"{_duration(left_s)} left"]
        return ", ".join(parts)

    def __enter__(self) -> "ImportBar":
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()


def summary_lines(summary: "IngestSummary") -> Iterator[str]:
    """Yields what an import did, in lines for a person."""
    did = "would be sent" if summary.dry_run else "sent"
    parts = [f"{summary.sent:,} {did}", f"{summary.rejected:,} rejected"]
    parts += [f"{summary.sent_before:,} sent before and passed over"] if summary.sent_before else []
    parts += [f"{summary.seconds:.1f} s"]
    parts += [f"{summary.read / summary.seconds:,.0f} posts/s"] if summary.seconds > 0 else []
    yield f"{summary.file}: {', '.join(parts)}"
    if summary.manifest:
        yield f"manifest: {summary.manifest}"
    if summary.rejects:
        yield f"rejected lines, to be mended and ingested: {summary.rejects}"


def share(progress: "Progress") -> str:
    """Returns the part of the file that was read as a word with a space after it, or nothing if there is none."""
    if not progress.size_bytes or progress.read_bytes is None:
        return ""
    return f"{progress.read_bytes / progress.size_bytes:.0%} read, "


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _bar() -> "RichProgress":
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=None),
        TaskProgressColumn(),
        TextColumn("{task.fields[told]}", markup=False),
        console=Console(stderr=True),
    )
