"""Measures what reading, mapping and checking an export cost, beside a bare `csv.reader` and `orjson` loop.

The ingest side is a dry run of the real verb over a generated file. It returns processor time, so a loaded machine
changes the figures little.
"""

import csv
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import orjson

from pipeline.app.garbage_collection import freeze_collector
from pipeline.app.importing.request import IngestRequest, Progress
from pipeline.app.stages.ingest import ingest_file
from pipeline.bench.figures import Spread, ratios, spread
from pipeline.bench.rounds import Candidate, Measured, Report, alternate
from pipeline.bench.route.meter import resident_bytes
from pipeline.ingest.sources.spelling import parse_columns
from pipeline.scenario.generate import generate
from pipeline.settings import Settings

START = datetime(2026, 11, 1, tzinfo=UTC)
SEED = 11
WORKSPACE = "acme"
COLUMNS = {
    "post_id": "Id", "author.author_id": "Author Id", "author.handle": "Author", "author.followers": "Followers",
    "text": "Text", "created_at": "Date", "lang": "Language", "url": "Link", "metrics.likes": "Likes",
}  # fmt: skip
"""Maps fields to the columns of the generated table. A usual export has about as many that are of use."""
BARE = "csv.reader + orjson"


@dataclass(frozen=True)
class IngestCost:
    """Says what one way to read an export costs."""

    name: str
    us: Spread
    """Processor time a post in microseconds."""
    x_bare: Spread
    """This is the time over that of the bare loop, round by round."""
    grown_mib: float | None
    """So much more memory was held at the end of a file than after its first quarter. None: not measured."""


def bench_ingest(posts: int, rounds: int, report: Report) -> list[IngestCost]:
    """Returns the bare loop and ingest of a table and of JSON lines.

    Args:
        posts: of the generated file.
        rounds: how often each is measured, in turn.
        report: is told what is done.
    """
    with tempfile.TemporaryDirectory(prefix="earshot-bench-") as folder:
        report(f"writing {posts:,} posts as CSV and as JSON lines")
        table, lines = Path(folder, "export.csv"), Path(folder, "export.jsonl")
        _write(posts, table, lines)
        spec = ",".join(f"{field}={column}" for field, column in COLUMNS.items())
        columns = parse_columns(f"{spec},platform==chirp").with_defaults(WORKSPACE, None)
        requests = {
            "ingest csv": IngestRequest(str(table), WORKSPACE, columns, dry_run=True),
            "ingest jsonl": IngestRequest(str(lines), WORKSPACE, dry_run=True),
        }
        settings, grown = Settings(state_dir=Path(folder)), dict[str, float]()
        candidates = [Candidate(BARE, posts, lambda _round: _bare(table))]
        for name, request in requests.items():
            candidates.append(Candidate(name, posts, _dry(settings, name, request, grown)))
        freeze_collector()  # As the verb does.
        measured = alternate(candidates, rounds, report=report, clock=time.process_time)
    return [_cost(one, measured[0], grown.get(one.name)) for one in measured]


def _write(posts: int, table: Path, lines: Path) -> None:
    with table.open("w", encoding="utf-8", newline="") as rows, lines.open("wb") as entries:
        writer = csv.writer(rows)
        writer.writerow(COLUMNS.values())
        written = (post for post in generate(SEED, 2 * posts, START, 24, WORKSPACE) if post.text)
        for post in islice(written, posts):
            document = post.model_dump(mode="json", exclude_none=True)
            entries.write(orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE))
            writer.writerow(_cell(document, field) for field in COLUMNS)


def _cell(document: object, field: str) -> object:
    for name in field.split("."):
        document = document.get(name, "") if isinstance(document, dict) else ""
    return document


def _bare(table: Path) -> int:
    with table.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        names = next(rows)
        return sum(bool(orjson.dumps(dict(zip(names, row, strict=True)))) for row in rows)


def _dry(settings: Settings, name: str, request: IngestRequest, grown: dict[str, float]) -> Callable[[int], int]:
    def run(_round: int) -> int:
        with _memory_grown() as (note, result):
            done = ingest_file(settings, request, say=_unexpected, progress=note)
        grown[name] = max(grown.get(name, 0.0), result())
        return done.sent

    return run


@contextmanager
def _memory_grown() -> Iterator[tuple[Callable[[Progress], None], Callable[[], float]]]:
    seen: list[int] = []

    def note(progress: Progress) -> None:
        # The first quarter fills caches and buffers, which do not grow with a file.
        if progress.size_bytes and 4 * (progress.read_bytes or 0) >= progress.size_bytes:
            seen.append(resident_bytes())

    yield note, lambda: (max(seen) - seen[0]) / 2**20 if seen else 0.0


def _unexpected(line: str) -> None:
    raise AssertionError(f"every generated post is good: {line}")


def _cost(one: Measured, bare: Measured, grown_mib: float | None) -> IngestCost:
    return IngestCost(
        one.name, spread([1e6 / rate for rate in one.rates]), ratios(bare.rates, one.rates), grown_mib
    )
