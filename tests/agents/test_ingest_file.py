"""A file goes through all of ingest with Kafka in memory: again, mended, damaged, dry, and by two at once."""

import csv
import gzip
import hashlib
import io
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import orjson
import pytest

from pipeline.adapters.in_memory.publisher import MemoryPublisher
from pipeline.app.importing.earlier import Appended
from pipeline.app.importing.request import IngestRequest, IngestSummary, Progress
from pipeline.app.stages.ingest import Machines, ingest_file
from pipeline.clock import ManualClock
from pipeline.errors import Misconfigured, ServiceMissing
from pipeline.ingest.manifest.disk import only_run
from pipeline.ingest.manifest.format import list_manifests, read_manifest
from pipeline.ingest.sources.spelling import parse_columns
from pipeline.settings import KafkaSettings, Settings
from schemas.topics import RAW

START = datetime(2026, 11, 1, 12, tzinfo=UTC)
COLUMNS = parse_columns("post_id=id,author.author_id=user,text=text,created_at=at,platform==chirp")
ROWS = [[str(n), f"u{n % 9}", f"text, {n}", "2026-11-01T10:00:00Z"] for n in range(1, 41)]
Start = Literal["auto", "resume", "restart"]


@dataclass
class Desk:
    """Stands for an operator with a state folder and a Kafka in memory that outlives each call."""

    folder: Path
    kafka: MemoryPublisher = field(default_factory=MemoryPublisher)
    clock: ManualClock = field(default_factory=lambda: ManualClock(START))
    said: list[str] = field(default_factory=list)
    progress: list[Progress] = field(default_factory=list)

    def ingest(self, file: Path, **changes: object) -> IngestSummary:
        columns = COLUMNS.with_defaults("acme", "chirp")
        request = replace(IngestRequest(str(file), "acme", columns), **changes)  # type: ignore[arg-type]
        self.clock.advance(1)
        return ingest_file(
            Settings(kafka=KafkaSettings(bootstrap_servers="127.0.0.1:1"), state_dir=self.folder / "state"),
            request,
            say=self.said.append,
            progress=self.progress.append,
            machines=Machines(lambda _: self.kafka, lambda _: self.ends(), lambda _, ends: self.appended(ends)),
            clock=self.clock,
        )

    def ends(self) -> dict[int, int]:
        return {partition: len(self.kafka.logs[RAW.name, partition]) for partition in range(4)}

    def appended(self, ends: Mapping[int, int]) -> Iterator[Appended]:
        for partition, end in ends.items():
            for offset, record in enumerate(self.kafka.logs[RAW.name, partition][end:], end):
                post = orjson.loads(record.value or b"")
                yield Appended((post["workspace"], post["post_id"], post.get("revision", 0)), partition, offset)

    @property
    def sent(self) -> Counter[str]:
        return Counter(orjson.loads(record.value or b"")["post_id"] for record in self.kafka.delivered)

    def table(self, rows: list[list[str]], name: str = "export.csv") -> Path:
        text = io.StringIO()
        csv.writer(text).writerows([["id", "user", "text", "at"], *rows])
        path = self.folder / name
        path.write_text(text.getvalue(), encoding="utf-8")
        # A file that is written twice within a tick of the clock is another one all the same.
        os.utime(path, ns=(0, int(self.clock.now().timestamp()) * 10**9))
        return path


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def broken(*numbers: int) -> list[list[str]]:
    return [[*row[:3], "yesterday"] if int(row[0]) in numbers else row for row in ROWS]


def ids(*left_out: int) -> Counter[str]:
    return Counter(f"chirp:{row[0]}" for row in ROWS if int(row[0]) not in left_out)


def test_mended_rejects_are_sent_once_however_often_they_are_ingested(desk: Desk) -> None:
    first = desk.ingest(desk.table(broken(3, 17, 30)))
    assert (first.sent, first.rejected, desk.sent) == (37, 3, ids(3, 17, 30))
    rejects = Path(first.rejects)
    assert rejects.stat().st_mode & 0o077 == 0
    rejects.write_bytes(rejects.read_bytes().replace(b"yesterday", b"2026-11-01T10:00:00Z", 2))
    second = desk.ingest(rejects)
    assert (second.sent, second.rejected, desk.sent) == (2, 1, ids(30))
    rejects.write_bytes(rejects.read_bytes().replace(b"yesterday", b"2026-11-01T10:00:00Z"))
    third = desk.ingest(rejects)
    assert (third.sent, third.sent_before, third.rejected, desk.sent) == (1, 2, 0, ids())


def test_a_mended_file_sends_only_what_was_rejected_of_it(desk: Desk) -> None:
    desk.ingest(desk.table(broken(3, 17)))
    again = desk.ingest(desk.table(ROWS))
    assert (again.sent, again.sent_before, desk.sent) == (2, 38, ids())


def test_a_file_after_its_mended_rejects_sends_nothing_twice(desk: Desk) -> None:
    rejects = Path(desk.ingest(desk.table(broken(3, 17))).rejects)
    rejects.write_bytes(rejects.read_bytes().replace(b"yesterday", b"2026-11-01T10:00:00Z"))
    assert desk.ingest(rejects).sent == 2
    assert desk.ingest(desk.table(ROWS)).sent == 0
    assert desk.sent == ids()


def test_another_map_sends_only_what_the_first_could_not(desk: Desk) -> None:
    path = desk.table([[*row[:3], "1|11|2026 10:00"] if int(row[0]) > 20 else row for row in ROWS])
    first = desk.ingest(path, patience=10)
    assert first.fault is not None
    assert "--time-format" in first.fault
    assert (first.sent, first.rejected, first.whole) == (20, 10, False)
    columns = COLUMNS.with_options({"times": ["%d|%m|%Y %H:%M"]}).with_defaults("acme", "chirp")
    second = desk.ingest(path, columns=columns)
    assert (second.sent, second.sent_before, desk.sent) == (20, 20, ids())


def test_a_file_that_was_sent_whole_is_sent_again_on_request_only(desk: Desk) -> None:
    path = desk.table(ROWS)
    desk.ingest(path)
    assert desk.ingest(path).sent == 0
    assert "--restart sends it again" in desk.said[-1]
    assert desk.ingest(path, start="restart").sent == 40
    assert set(desk.sent.values()) == {2}


def test_a_restart_that_was_killed_goes_on_as_a_restart(desk: Desk) -> None:
    path = desk.table(ROWS)
    desk.ingest(path)
    desk.kafka._fail_after = 45
    with pytest.raises(ServiceMissing):
        desk.ingest(path, start="restart")
    desk.kafka._fail_after = None
    assert desk.ingest(path).sent == 40
    assert set(desk.sent.values()) == {2}


@pytest.mark.parametrize("kills", [(0, 0), (1, 0, 3), (20, 5, 13), (38, 0)])
def test_a_killed_run_is_taken_up_exactly(desk: Desk, kills: tuple[int, ...]) -> None:
    path = desk.table(broken(5))
    for delivered in kills:
        desk.kafka._fail_after = desk.kafka._sent + delivered
        with pytest.raises(ServiceMissing):
            desk.ingest(path)
    desk.kafka._fail_after = None
    desk.ingest(path)
    assert desk.sent == ids(5)
    (manifest,) = (read_manifest(found) for found in list_manifests(desk.folder / "state"))
    places = {(sent.partition, sent.offset): sent.post_id for sent in manifest.deliveries}
    assert len(places) == manifest.cursor.sent == 39


def test_a_damaged_container_keeps_what_stands_before_the_damage(desk: Desk) -> None:
    # Noise, for gzip must not put all of it behind the damage.
    noise = [[row[0], row[1], hashlib.sha512(row[0].encode()).hexdigest() * 9, row[3]] for row in broken(2)]
    packed = gzip.compress(desk.table(noise).read_bytes())
    path = desk.folder / "export.csv.gz"
    path.write_bytes(packed[: len(packed) * 2 // 3])
    done = desk.ingest(path)
    assert done.fault is not None
    assert "damaged after line" in done.fault
    assert 0 < done.sent < 39
    assert (done.rejected, done.whole) == (1, False)
    assert sum(desk.sent.values()) == done.sent
    manifest = read_manifest(Path(done.manifest))
    assert (manifest.broke_off, manifest.cursor.sent, manifest.ended) == (done.fault, done.sent, False)
    assert desk.ingest(path).sent == 0
    path.write_bytes(packed)
    whole = desk.ingest(path)
    assert (whole.whole, desk.sent) == (True, ids(2))


def test_two_runs_on_one_file_are_refused_whatever_their_options(desk: Desk) -> None:
    path = desk.table(ROWS)
    with only_run(desk.folder / "state", str(path.resolve())):
        for start in ("auto", "resume", "restart"):
            with pytest.raises(Misconfigured, match=r"another ingest of .* is running"):
                desk.ingest(path, start=start, strict=start == "resume")
    assert not desk.sent
    assert not list_manifests(desk.folder / "state")
    assert desk.ingest(path).sent == 40


def test_a_dry_run_does_everything_but_send(desk: Desk) -> None:
    path = desk.table(broken(3, 17))
    dry = desk.ingest(path, dry_run=True)
    assert (dry.sent, dry.rejected, dry.manifest, dry.dry_run) == (38, 2, "", True)
    assert not desk.sent
    assert not list_manifests(desk.folder / "state")
    rejects = Path(dry.rejects).read_bytes()
    dry_said = list(desk.said)
    desk.said.clear()
    wet = desk.ingest(path)
    assert (wet.sent, wet.rejected) == (38, 2)
    assert Path(wet.rejects).read_bytes() == rejects
    assert desk.said == dry_said
    assert desk.ingest(path, dry_run=True).sent_before == 38


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_progress_ends_at_the_size_of_the_file(desk: Desk, pack: Callable[[bytes], bytes]) -> None:
    path = desk.table(broken(3))
    path.write_bytes(pack(path.read_bytes()))
    desk.ingest(path)
    size = path.stat().st_size
    assert desk.progress[-1] == Progress(39, 1, size, size, resuming=False)


def test_a_limit_of_a_second_call_counts_posts_that_are_not_sent_yet(desk: Desk) -> None:
    path = desk.table(ROWS)
    assert [desk.ingest(path, limit=15).sent for _ in range(4)] == [15, 15, 10, 0]
    assert desk.sent == ids()
