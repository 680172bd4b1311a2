"""The ingest agent runs on the in-memory publisher through batches, rejections, crashes and replay."""

import gzip
import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from pipeline.adapters.in_memory.publisher import MemoryPublisher
from pipeline.clock import ManualClock
from pipeline.errors import Misconfigured, Permanent, ServiceMissing
from pipeline.ingest import jsonl
from pipeline.ingest.agent import BATCH_POSTS, IngestAgent, Reports, Rules, Waits
from pipeline.ingest.lines import Candidate, LeftOut, numbered
from pipeline.ingest.look.container import contents
from pipeline.ingest.manifest.format import Header, read_manifest
from pipeline.ingest.manifest.writer import ManifestWriter
from pipeline.ingest.mending import TableForm
from pipeline.ingest.replay import Pacer
from pipeline.metrics import Metrics
from tests.fake_time import FakeTime

START = datetime(2026, 11, 1, 12, tzinfo=UTC)
CLOCK = ManualClock(START)
FORM = TableForm(b"header\n", ",")
RULES = Rules(FORM, {"created_at": "posted"}, patience=5)


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

    def __init__(
        self,
        state_dir: Path,
        fail_after: int | None = None,
        pacer: Pacer | None = None,
        rules: Rules | None = None,
    ) -> None:
        self.publisher = MemoryPublisher(fail_after=fail_after)
        self.time = FakeTime()
        self.rejections: list[tuple[int, str]] = []
        self.left_out: list[tuple[int, LeftOut]] = []
        path = state_dir / "manifests" / "run.jsonl"
        if path.exists():
            self.writer = ManifestWriter(path, CLOCK, FORM.begin)
            self.writer.resume()
        else:
            self.writer = ManifestWriter.create(
                state_dir, Header("run", "posts.raw", None, {}, START.isoformat()), CLOCK, FORM.begin
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
            rules or RULES,
            pacer=pacer,
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
    header, first, second = bench.writer.rejects_path.read_bytes().splitlines(keepends=True)
    assert header == b"earshot_reason,earshot_column,earshot_line,header\n"
    assert first == b"invalid_utf8: byte 0 of 8 is not UTF-8,,2,\xff broken\n"
    assert second.endswith(b",posted,3," + candidate(3, created_at="9999-01-01T00:00:00Z").raw)
    assert bench.writer.cursor.rejected == 2


def test_a_cell_that_is_left_out_is_told_where_its_post_is_sent(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    cell = LeftOut("author.followers", "followers", "not_a_number")
    bad = candidate(2, created_at="9999-01-01T00:00:00Z")
    bench.agent.run(found._replace(left_out=(cell,)) for found in (candidate(1), bad, candidate(3)))
    assert bench.left_out == [(1, cell), (3, cell)]
    assert bench.rejections == [(2, "invalid_field")]


def test_a_strict_run_refuses_a_post_with_an_odd_optional_cell(tmp_path: Path) -> None:
    bench = Bench(tmp_path, rules=replace(RULES, strict=True))
    cell = LeftOut("author.followers", "Fans", "not_a_number")
    bench.agent.run([candidate(1)._replace(left_out=(cell,)), candidate(2)])
    assert (bench.rejections, bench.left_out, bench.ids) == ([(1, "not_a_number")], [], {"chirp:2"})
    assert b"column 'Fans'" in bench.writer.rejects_path.read_bytes()


def test_a_strict_run_takes_a_post_that_lacks_nothing(tmp_path: Path) -> None:
    bench = Bench(tmp_path, rules=replace(RULES, strict=True))
    note = LeftOut("text", "Text", "half_character")
    bench.agent.run([candidate(1)._replace(left_out=(note,))])
    assert (bench.rejections, bench.left_out) == ([], [(1, note)])


@pytest.mark.parametrize("patience", [5, 0])
def test_a_mistake_that_all_lines_have_ends_the_run_with_what_helps(tmp_path: Path, patience: int) -> None:
    bench = Bench(tmp_path, rules=replace(RULES, patience=patience))
    found = [candidate(1), *(candidate(line, created_at=f"yesterday {line}") for line in range(2, 12))]
    if patience:
        with pytest.raises(Misconfigured, match=r"lines 2 to 6 .*--time-format how column 'posted'"):
            bench.agent.run(found)
    else:
        assert bench.agent.run(found)
    assert bench.ids == {"chirp:1"}
    cursor = read_manifest(bench.writer.path).cursor
    assert (cursor.line, cursor.sent, cursor.rejected) == ((6, 1, 5) if patience else (11, 1, 10))


def test_mistakes_that_differ_or_are_few_do_not_end_a_run(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bad = {"created_at": "yesterday"}, {"text": 5}
    found = [candidate(line, **({} if line % 5 == 0 else bad[line % 2])) for line in range(1, 60)]
    assert bench.agent.run(found)


def test_what_an_earlier_run_has_sent_is_passed_over_and_does_not_count_for_a_limit(tmp_path: Path) -> None:
    rules = replace(RULES, sent_before=lambda post: int(post.post_id.removeprefix("chirp:")) <= 6)
    bench = Bench(tmp_path, rules=rules)
    assert not bench.agent.run(candidates(10), limit=2)
    assert bench.ids == {"chirp:7", "chirp:8"}
    assert (bench.agent.passed_over, bench.writer.cursor.line) == (6, 8)


def test_what_kafka_took_when_the_run_was_killed_is_noted_and_not_sent_again(tmp_path: Path) -> None:
    rules = replace(RULES, landed={("acme", "chirp:2", 0): [(3, 40)], ("acme", "chirp:9", 0): [(1, 7)]})
    bench = Bench(tmp_path, rules=rules)
    assert bench.agent.run([*candidates(3), candidate(4, post_id="chirp:2")])
    assert [record for record in bench.publisher.delivered if b"chirp:2" in (record.value or b"")] == (
        bench.publisher.delivered[-1:]
    ), "the second row of that name is a copy that the file itself holds"
    manifest = read_manifest(bench.writer.path)
    assert [sent.line for sent in manifest.deliveries] == [1, 2, 3, 4]
    assert manifest.deliveries[1][4:] == (3, 40)


def test_a_resumed_run_tells_its_progress_while_it_passes_lines_over(tmp_path: Path) -> None:
    first = Bench(tmp_path)
    first.agent.run(candidates(2500))
    first.writer.close()
    bench = Bench(tmp_path)
    told: list[tuple[int, int]] = []
    reports = replace(bench.agent._reports, progress=lambda sent, rejected: told.append((sent, rejected)))
    bench.agent._reports = reports
    assert bench.agent.run(candidates(2600))
    assert told == [(2500, 0), (2500, 0), (2600, 0)]


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
        bench.agent.run(jsonl.candidates(numbered(contents(broken, "posts.gz"), "posts.gz"), None))
    read = int(str(damaged.value).partition("line ")[2].partition(":")[0])
    assert read % BATCH_POSTS != 0
    assert bench.writer.cursor.line == read
    assert len(bench.ids) == read == len(read_manifest(bench.writer.path).deliveries)
