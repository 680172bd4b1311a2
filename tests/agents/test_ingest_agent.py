"""The ingest agent runs on the in-memory publisher through batches, rejections, crashes and replay."""

import gzip
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from pipeline.adapters.in_memory.publisher import MemoryPublisher
from pipeline.clock import ManualClock
from pipeline.errors import Misconfigured, Permanent, ServiceMissing
from pipeline.ingest import jsonl
from pipeline.ingest.agent import BATCH_POSTS, IngestAgent, Reports, Waits
from pipeline.ingest.lines import Candidate, LeftOut, numbered, unpacked
from pipeline.ingest.manifest.format import Header, read_manifest
from pipeline.ingest.manifest.writer import ManifestWriter
from pipeline.ingest.replay import Pacer
from pipeline.metrics import Metrics
from tests.fake_time import FakeTime

START = datetime(2026, 11, 1, 12, tzinfo=UTC)
CLOCK = ManualClock(START)


def candidate(line: int, every_s: int = 1, **changes: object) -> Candidate:
    post = {
        "workspace": "acme",
        "post_id": f"chirp:{line}",
        "platform": "chirp",
        "author": {"author_id": f"chirp:a{line % 7}"},
        "text": "hello",
        "created_at": (START + timedelta(seconds=line * every_s)).isoformat(),
    }
    raw = orjson.dumps(post | changes) + b"\n"
    return Candidate(line, raw, raw)


def candidates(count: int, every_s: int = 1) -> Iterator[Candidate]:
    return (candidate(line, every_s) for line in range(1, count + 1))


class Bench:
    """Sets up an agent with everything around it, on one state folder."""

    def __init__(self, state_dir: Path, fail_after: int | None = None, pacer: Pacer | None = None) -> None:
        self.publisher = MemoryPublisher(fail_after=fail_after)
        self.time = FakeTime()
        self.rejections: list[tuple[int, str]] = []
        self.left_out: list[tuple[int, LeftOut]] = []
        path = state_dir / "manifests" / "run.jsonl"
        if path.exists():
            self.writer = ManifestWriter(read_manifest(path), CLOCK)
            self.writer.resume()
        else:
            self.writer = ManifestWriter.create(
                state_dir, Header("run", "posts.raw", None, {}, START.isoformat()), CLOCK
            )
        self.agent = IngestAgent(
            self.publisher,
            self.writer,
            Waits(self.time.monotonic, self.time.sleep),
            Reports(
                lambda line, reason: self.rejections.append((line, reason.code)),
                lambda line, cell: self.left_out.append((line, cell)),
            ),
            Metrics(),
            pacer=pacer,
            header=b"header\n",
        )

    @property
    def ids(self) -> set[str]:
        return {
            orjson.loads(value)["post_id"] for value in self.publisher.values("posts.raw") if value is not None
        }


def test_every_candidate_is_sent_and_listed_with_its_place(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    assert bench.agent.run(candidates(2500))
    manifest = read_manifest(bench.writer.path)
    assert [sent.line for sent in manifest.deliveries] == list(range(1, 2501))
    for sent in manifest.deliveries[::100]:
        value = bench.publisher.logs["posts.raw", sent.partition][sent.offset].value
        assert value is not None
        assert orjson.loads(value)["post_id"] == sent.post_id


def test_the_record_is_the_contract_s_own_encoding(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.agent.run([candidate(1, unknown_field="dropped", text="h\u00e9llo")])
    (sent,) = bench.publisher.delivered
    assert (sent.topic, sent.key, sent.headers) == ("posts.raw", b"acme/chirp:a1", ())
    assert sent.value is not None
    assert b"unknown_field" not in sent.value
    assert orjson.loads(sent.value)["created_at"] == "2026-11-01T12:00:01.000Z"


def test_bad_lines_are_kept_and_the_rest_is_sent(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bad = Candidate(2, b"\xff broken", Permanent("invalid_utf8", "byte 0 of 8 is not UTF-8"))
    assert bench.agent.run([candidate(1), bad, candidate(3, created_at="9999-01-01T00:00:00Z"), candidate(4)])
    assert bench.rejections == [(2, "invalid_utf8"), (3, "invalid_field")]
    assert bench.ids == {"chirp:1", "chirp:4"}
    kept = bench.writer.rejects_path.read_bytes()
    assert kept == b"header\n\xff broken\n" + candidate(3, created_at="9999-01-01T00:00:00Z").raw
    assert bench.writer.cursor.rejected == 2


def test_a_cell_that_is_left_out_is_told_where_its_post_is_sent(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    cell = LeftOut("author.followers", "followers", "not_a_number")
    bad = candidate(2, created_at="9999-01-01T00:00:00Z")
    bench.agent.run(found._replace(left_out=(cell,)) for found in (candidate(1), bad, candidate(3)))
    assert bench.left_out == [(1, cell), (3, cell)]
    assert bench.rejections == [(2, "invalid_field")]


def test_what_the_topic_never_takes_is_rejected_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(tmp_path)
    monkeypatch.setattr("pipeline.ingest.agent.RECORD_OVERHEAD_BYTES", -(10**9))
    bench.publisher.max_bytes = 300
    assert bench.agent.run([candidate(1), candidate(2, text="x" * 400), candidate(3)])
    assert bench.rejections == [(2, "too_large")]
    assert bench.ids == {"chirp:1", "chirp:3"}
    assert bench.writer.cursor.line == 3


def test_a_record_above_the_topic_s_limit_never_reaches_the_producer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(tmp_path)
    monkeypatch.setattr("pipeline.ingest.agent.RECORD_OVERHEAD_BYTES", 2**20 - 300)
    assert bench.agent.run([candidate(1, text="x" * 400), candidate(2)])
    assert bench.rejections == [(1, "too_large")]


@pytest.mark.parametrize("crash_after", [0, 1, 999, 1000, 1001, 2600])
def test_a_run_that_lost_its_cluster_goes_on_without_loss(tmp_path: Path, crash_after: int) -> None:
    first = Bench(tmp_path, fail_after=crash_after)
    with pytest.raises(ServiceMissing):
        first.agent.run(candidates(3000))
    first.writer.close()
    second = Bench(tmp_path)
    assert second.agent.run(candidates(3000))
    every = {f"chirp:{line}" for line in range(1, 3001)}
    assert first.ids | second.ids == every
    assert len(first.ids & second.ids) <= BATCH_POSTS
    assert {post_id for _, post_id, _ in read_manifest(second.writer.path).ids} == every


def test_a_limit_counts_posts_and_leaves_the_rest_for_a_resumed_run(tmp_path: Path) -> None:
    first = Bench(tmp_path)
    assert not first.agent.run(candidates(30), limit=10)
    first.writer.close()
    second = Bench(tmp_path)
    assert second.agent.run(candidates(30))
    assert not first.ids & second.ids
    assert len(first.ids | second.ids) == 30


def test_a_limit_that_is_the_whole_input_has_read_all_of_it(tmp_path: Path) -> None:
    assert Bench(tmp_path).agent.run(candidates(10), limit=10)


def test_replay_takes_as_long_as_the_event_time_divided_by_the_speed(tmp_path: Path) -> None:
    bench = Bench(tmp_path, pacer=Pacer(speed=10))
    assert bench.agent.run(candidates(101, every_s=6))
    assert bench.time.now_s == pytest.approx(60.0)


def test_replay_confirms_while_it_waits(tmp_path: Path) -> None:
    bench = Bench(tmp_path, pacer=Pacer(speed=1))
    seen: list[int] = []

    def slow() -> Iterator[Candidate]:
        for found in candidates(3, every_s=60):
            yield found
            seen.append(len(read_manifest(bench.writer.path).deliveries))

    bench.agent.run(slow())
    assert seen == [0, 1, 2]


def test_a_stop_request_ends_the_run_after_confirming_what_was_sent(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.agent._waits.stopped = lambda: len(bench.ids) >= 5
    assert not bench.agent.run(candidates(100))
    assert bench.writer.cursor.line == 5


def test_what_stands_before_damaged_data_is_sent_and_counts(tmp_path: Path) -> None:
    # Noise, for gzip must not put all of it behind the damage.
    lines = b"".join(
        candidate(line, text=hashlib.sha512(str(line).encode()).hexdigest() * 4).raw for line in range(1, 3001)
    )
    packed = gzip.compress(lines)
    (tmp_path / "posts.gz").write_bytes(packed[: len(packed) * 2 // 3])
    bench = Bench(tmp_path)
    with (
        (tmp_path / "posts.gz").open("rb") as broken,
        pytest.raises(Misconfigured, match="damaged after line") as damaged,
    ):
        bench.agent.run(jsonl.candidates(numbered(unpacked(broken), "posts.gz"), None))
    read = int(str(damaged.value).partition("line ")[2].partition(":")[0])
    assert read % BATCH_POSTS != 0
    assert bench.writer.cursor.line == read
    assert len(bench.ids) == read == len(read_manifest(bench.writer.path).deliveries)
