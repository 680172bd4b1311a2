"""The enrich agent runs over a fake stream and producer. The tests see what is delivered and acknowledged, and
when it ends.
"""

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NoReturn

import pytest

from pipeline.adapters.in_memory.model import KeywordSentiment
from pipeline.adapters.kafka.partitioner import partition_of
from pipeline.adapters.models.locked_model import LockedModel
from pipeline.clock import ManualClock, from_ms
from pipeline.codec import decode, encode
from pipeline.enrich.agent import EnrichAgent, Parts
from pipeline.enrich.batches.notes import MAX_LONE_ATTEMPTS
from pipeline.enrich.score import Scorer
from pipeline.errors import Transient
from pipeline.influence.history import apply
from pipeline.logs import get_log
from pipeline.metrics import Metrics
from pipeline.ports.events import Event
from pipeline.ports.models import TextModel, TextScores
from pipeline.ports.records import Delivery
from schemas.dead_letter import decode_headers
from schemas.posts.engagement import Engagement
from schemas.posts.raw import PostMetrics, RawPost
from schemas.posts.scored import ScoredPost
from schemas.topics import post_key
from tests.agents.faust_fakes import Died, FakeEvent, FakePublisher, FakeRecord
from tests.unit.enrich.posts import WRITTEN_MS, policy, raw_post

PARTITIONS = 4


class FakeNotes:
    """Keeps the notes of one worker, and finds those that stood at its start."""

    def __init__(self, standing: Mapping[int, str], journal: list[str]) -> None:
        self.standing = dict(standing)
        self._first: Mapping[int, str] | None = dict(standing)
        self._kept: Mapping[int, str] = {}
        self._journal = journal
        self.written = 0
        self.unanswered = 0
        """The note with this number, counted from 1, stands but its writer never learns it. 0 means none."""

    async def assigned(self) -> Mapping[int, str] | None:
        first, self._first = self._first, None
        return first

    def keep(self, notes: Mapping[int, str]) -> None:
        self._kept = dict(notes)

    async def write(self, partitions: Iterable[int]) -> None:
        self.leave(partitions)
        self.written += 1
        if self.written == self.unanswered:
            raise TimeoutError

    def leave(self, partitions: Iterable[int]) -> None:
        """Takes the note away, as every commit does."""
        for partition in partitions:
            self.standing[partition] = self._kept.get(partition, "")


class Rig:
    """Sets up one agent with fakes around it."""

    def __init__(
        self,
        model: TextModel | None = None,
        *,
        failure: Exception | None = None,
        standing: Mapping[int, str] | None = None,
    ) -> None:
        self.journal: list[str] = []
        self.notes = FakeNotes(standing or {}, self.journal)
        self.rows: dict[bytes, bytes] = {}
        self.batch_characters = 100_000
        self.publisher = FakePublisher(self.journal, failure)
        self.metrics = Metrics()
        self.inference_timeout_s = 30.0
        self.batch_size = 256
        self.model = model or KeywordSentiment()
        self.on_death: Callable[[], None] = lambda: None
        self.on_all_read: Callable[[], None] = lambda: None
        self.on_begun: Callable[[], None] = lambda: None

    async def run(self, *batches: Sequence[FakeRecord]) -> None:
        async def stream() -> AsyncIterator[Sequence[Event]]:
            for records in batches:
                yield [FakeEvent(record, self.journal) for record in records]
                await asyncio.sleep(0)
            self.on_all_read()

        async def commit() -> None:
            self.journal.append("commit")
            self.notes.leave(range(PARTITIONS))

        def die() -> NoReturn:
            self.journal.append("died")
            self.on_death()
            running.cancel()  # as the end of a process ends everything in it
            raise Died

        class Executor(ThreadPoolExecutor):
            def submit(executor, *call: Any, **options: Any) -> Future[Any]:  # noqa: N805
                self.on_begun()
                return super().submit(*call, **options)

        with Executor(2) as executor:
            parts = Parts(
                scorer=Scorer(LockedModel(self.model), 86_400, "processing"),
                policies=lambda: {"acme": policy()},
                history_of=self.rows.get,
                partition_of=partition_of,
                raw_partitions=PARTITIONS,
                executor=executor,
                publisher=self.publisher,
                commit=commit,
                notes=self.notes,
                die=die,
                clock=ManualClock(from_ms(WRITTEN_MS + 3000)),
                metrics=self.metrics,
                log=get_log("test"),
                batch_size=self.batch_size,
                batch_characters=self.batch_characters,
                batch_wait_s=0.05,
                inference_timeout_s=self.inference_timeout_s,
            )
            running = asyncio.ensure_future(EnrichAgent(parts).run(stream()))
            try:
                await running
            except asyncio.CancelledError:
                raise Died from None

    def metric(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(f"earshot_{name}", labels)


def record(post: RawPost | None = None, *, offset: int = 0, **changes: Any) -> FakeRecord:
    """Makes a record that lies where it should, unless changed."""
    post = post or raw_post(post_id=f"x:{offset}")
    key = post_key(post.workspace, post.author.author_id)
    good: dict[str, Any] = {
        "value": encode(post),
        "key": key,
        "partition": partition_of(key, PARTITIONS),
        "offset": offset,
    }
    return FakeRecord(**(good | changes))


def scored(rig: Rig, topic: str = "posts.scored") -> list[ScoredPost]:
    return [decode(ScoredPost, value) for value in rig.publisher.values(topic)]


async def test_posts_are_scored_keyed_like_the_raw_record_and_work_goes_to_the_router() -> None:
    rig = Rig()
    work, other = raw_post("awful", post_id="x:1"), raw_post("fine", post_id="x:2", workspace="other")
    await rig.run([record(work, offset=5), record(other, offset=6)])
    assert [post.post_id for post in scored(rig)] == ["x:1", "x:2"]
    assert [sent.key for sent in rig.publisher.delivered if sent.topic == "posts.scored"] == [
        b"acme/x:42", b"other/x:42",
    ]  # fmt: skip
    assert [(sent.topic, sent.key) for sent in rig.publisher.delivered if sent.topic == "posts.actionable"] == [
        ("posts.actionable", b"acme")
    ]
    assert scored(rig, "posts.actionable") == scored(rig)[:1]
    assert (scored(rig)[0].source.offset, scored(rig)[0].appended_ms) == (5, WRITTEN_MS + 1000)


async def test_what_a_post_shows_of_engagement_is_sent_to_those_whom_it_engages() -> None:
    rig = Rig()
    answer = raw_post(post_id="x:2", in_reply_to="x:1", in_reply_to_author="x:ann")
    await rig.run([record(answer)])
    sent = [sent for sent in rig.publisher.delivered if sent.topic == "engagements"]
    found = {sent.key: decode(Engagement, sent.value) for sent in sent}
    assert {key: one.engagement_id for key, one in found.items()} == {
        b"acme/x:42": "x:2/post", b"acme/x:ann": "x:2/reply",
    }  # fmt: skip
    assert found[b"acme/x:ann"].post_id == "x:1"


async def test_an_author_is_scored_by_the_row_that_stands_when_the_post_is_read() -> None:
    rig, plain = Rig(), Rig()
    key = post_key("acme", "x:42")
    seen = Engagement(
        workspace="acme", engagement_id="x:7/post", target_author_id="x:42", post_id="x:7", kind="post",
        created_at=from_ms(WRITTEN_MS - 2 * 86_400_000), metrics=PostMetrics(likes=5000, reposts=900, replies=300),
    )  # fmt: skip
    rig.rows[key] = apply(None, seen, 0).to_bytes()
    await rig.run([record()])
    await plain.run([record()])
    [known], [unknown] = scored(rig), scored(plain)
    assert known.influence.score > unknown.influence.score
    assert known.influence.confidence > unknown.influence.confidence == 0


async def test_everything_is_delivered_before_anything_is_acknowledged_and_then_committed() -> None:
    rig = Rig()
    await rig.run([record(offset=1), record(offset=2, value=b"{")])
    assert rig.journal == [
        "delivered posts.scored", "delivered posts.actionable", "delivered engagements", "delivered posts.raw.dlq",
        "ack 1", "ack 2", "commit",
    ]  # fmt: skip


async def test_batches_are_acknowledged_in_their_order() -> None:
    rig = Rig()
    rig.batch_size = 3
    await rig.run(*[[record(offset=2 * number), record(offset=2 * number + 1)] for number in range(5)])
    assert [line for line in rig.journal if line.startswith("ack")] == [f"ack {offset}" for offset in range(10)]
    assert rig.metric("batch_records_sum", stage="enrich") == 10


async def test_what_arrives_while_the_engine_is_busy_becomes_one_batch() -> None:
    sizes: list[int] = []
    all_read = threading.Event()

    class Slow(KeywordSentiment):
        def score(self, texts: Sequence[str]) -> list[TextScores]:
            sizes.append(len(texts))
            assert all_read.wait(10)
            return super().score(texts)

    rig = Rig(Slow())
    rig.batch_size = 4
    rig.on_all_read = all_read.set
    await rig.run(*[[record(offset=number)] for number in range(4)])
    assert sizes == [1, 3]


async def test_a_full_batch_is_begun_while_the_one_before_is_scored() -> None:
    begun: list[int] = []
    both_begun = threading.Event()
    calls: list[bool] = []

    def on_begun() -> None:
        begun.append(1)
        if len(begun) == 2:
            both_begun.set()

    class Watched(KeywordSentiment):
        def score(self, texts: Sequence[str]) -> list[TextScores]:
            calls.append(both_begun.wait(10))
            return super().score(texts)

    rig = Rig(Watched())
    rig.batch_size = 2
    rig.on_begun = on_begun
    await rig.run(*[[record(offset=2 * number), record(offset=2 * number + 1)] for number in range(4)])
    assert calls == [True] * 4
    assert [line for line in rig.journal if line.startswith("ack")] == [f"ack {offset}" for offset in range(8)]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"value": b'{"workspace": "ac'}, "invalid_json"),
        ({"value": b"\xff\xfe\x00"}, "invalid_utf8"),
        ({"value": None}, "empty"),
        ({"value": b""}, "empty"),
        ({"value": b"[]"}, "invalid_field"),
        ({"value": encode(raw_post()).replace(b'_version":1', b'_version":9')}, "unknown_schema_version"),
        ({"value": encode(raw_post()).replace(b"2026-", b"9999-")}, "invalid_field"),
        ({"value": encode(raw_post()).replace(b"the app", b"x" * 900_000)}, "invalid_field"),
        ({"key": None}, "wrong_key"),
        ({"key": b"acme/x:43"}, "wrong_key"),
        ({"partition": 9}, "wrong_partition"),
        ({"timestamp": (WRITTEN_MS - 25 * 3_600_000) / 1000}, "created_in_future"),
    ],
)  # fmt: skip
async def test_a_bad_record_is_dead_lettered_byte_for_byte_and_the_stream_goes_on(
    changes: dict[str, Any], code: str
) -> None:
    rig = Rig()
    bad = record(offset=7, **changes)
    await rig.run([bad, record(offset=8)])
    (letter,) = [sent for sent in rig.publisher.delivered if sent.topic == "posts.raw.dlq"]
    assert (letter.key, letter.value) == (bad.key, bad.value)
    info = decode_headers(letter.headers)
    assert (info.stage, info.code, info.source.offset) == ("enrich", code, 7)
    assert [post.post_id for post in scored(rig)] == ["x:8"]
    assert "ack 7" in rig.journal
    assert rig.metric("dead_letters_total", stage="enrich", code=code) == 1


class Poisoned(KeywordSentiment):
    """Fails on texts with "poison"."""

    def score(self, texts: Sequence[str]) -> list[TextScores]:
        if any("poison" in text for text in texts):
            raise ValueError("the tokenizer fell over")
        return super().score(texts)


async def test_a_post_that_cannot_be_scored_is_dead_lettered_alone() -> None:
    rig = Rig(Poisoned())
    posts = [raw_post("poison" if number == 3 else "fine", post_id=f"x:{number}") for number in range(8)]
    await rig.run([record(post, offset=number) for number, post in enumerate(posts)])
    assert [post.post_id for post in scored(rig)] == [f"x:{number}" for number in range(8) if number != 3]
    (letter,) = [decode_headers(sent.headers) for sent in rig.publisher.delivered if sent.topic == "posts.raw.dlq"]
    assert (letter.code, letter.source.offset) == ("scoring_failed", 3)


async def test_an_engine_that_fails_once_is_asked_again() -> None:
    class Hiccup(KeywordSentiment):
        calls = 0

        def score(self, texts: Sequence[str]) -> list[TextScores]:
            self.calls += 1
            if self.calls == 1:
                raise Transient("hiccup")
            return super().score(texts)

    rig = Rig(Hiccup())
    await rig.run([record(offset=1), record(offset=2)])
    assert len(scored(rig)) == 2
    assert rig.journal[-1] == "commit"


class Broken(KeywordSentiment):
    """Stands for an engine that never answers."""

    def score(self, texts: Sequence[str]) -> list[TextScores]:
        raise Transient("no device")


async def test_a_broken_engine_ends_the_worker_with_nothing_acknowledged() -> None:
    rig = Rig(Broken())
    with pytest.raises(Died):
        await rig.run([record()])
    assert "died" in rig.journal
    assert not [line for line in rig.journal if line.startswith(("ack", "commit"))]
    assert rig.metric("errors_total", stage="enrich", code="Transient") == 1


async def test_a_failed_delivery_ends_the_worker_with_nothing_acknowledged() -> None:
    rig = Rig(failure=RuntimeError("the broker refuses"))
    with pytest.raises(Died):
        await rig.run([record()], [record(offset=1)])
    assert not [line for line in rig.journal if line.startswith(("ack", "commit"))]


async def test_a_delivery_that_hangs_ends_the_worker_with_nothing_acknowledged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    released = threading.Event()

    class HangingPublisher(FakePublisher):
        def settle(self) -> list[Delivery]:
            released.wait(20)
            return super().settle()

    monkeypatch.setattr("pipeline.enrich.agent.DELIVERY_TIMEOUT_S", 0.05)
    rig = Rig()
    rig.publisher = HangingPublisher(rig.journal)
    rig.on_death = released.set
    with pytest.raises(Died):
        await rig.run([record()])
    assert not [line for line in rig.journal if line.startswith(("ack", "commit"))]


@pytest.mark.parametrize("waiting", [1, 5], ids=["a batch alone", "full batches behind it"])
async def test_an_engine_that_hangs_ends_the_worker(waiting: int) -> None:
    released = threading.Event()

    class Hanging(KeywordSentiment):
        def score(self, texts: Sequence[str]) -> list[TextScores]:
            released.wait(20)
            return super().score(texts)

    rig = Rig(Hanging())
    rig.batch_size = 1
    rig.inference_timeout_s = 0.05
    rig.on_death = released.set
    with pytest.raises(Died):
        await rig.run(*[[record(offset=number)] for number in range(waiting)])
    assert rig.metric("errors_total", stage="enrich", code="MustRestart") == 1
    assert not [line for line in rig.journal if line.startswith(("ack", "commit"))]


def begun_alone(offset: int, tries: int, partition: int = 0) -> dict[int, str]:
    """Makes a note which says that so many workers ended while they scored that record alone."""
    return {partition: json.dumps({"begun": [[offset, offset + 1, 1, tries]]})}


def home(offset: int) -> int:
    return record(offset=offset).partition


async def test_a_batch_is_noted_before_it_is_scored_and_its_commit_takes_the_note_away() -> None:
    seen: list[str] = []

    class Watched(KeywordSentiment):
        def score(self, texts: Sequence[str]) -> list[TextScores]:
            seen.append(rig.notes.standing[home(3)])
            return super().score(texts)

    rig = Rig(Watched())
    await rig.run([record(offset=3), record(offset=4)])
    assert [json.loads(note) for note in seen] == [{"begun": [[3, 5, 2, 0]]}]
    assert rig.notes.standing[home(3)] == ""


async def test_a_post_over_which_three_workers_ended_is_dead_lettered_unread_and_the_others_are_scored() -> None:
    read: list[str] = []

    class Watched(KeywordSentiment):
        def score(self, texts: Sequence[str]) -> list[TextScores]:
            read.extend(texts)
            return super().score(texts)

    rig = Rig(Watched(), standing=begun_alone(5, MAX_LONE_ATTEMPTS, home(5)))
    posts = [record(raw_post(f"text {number}", post_id=f"x:{number}"), offset=number) for number in range(4, 8)]
    await rig.run(posts)
    assert read == ["text 4", "text 6", "text 7"]
    (letter,) = [sent for sent in rig.publisher.delivered if sent.topic == "posts.raw.dlq"]
    assert (letter.key, letter.value) == (posts[1].key, posts[1].value)
    info = decode_headers(letter.headers)
    assert (info.code, info.source.offset) == ("stops_worker", 5)
    assert [line for line in rig.journal if line.startswith("ack")] == [f"ack {offset}" for offset in range(4, 8)]
    assert rig.notes.standing[home(5)] == ""


async def test_a_post_over_which_one_worker_ended_is_scored_alone() -> None:
    sizes: list[int] = []

    class Watched(KeywordSentiment):
        def score(self, texts: Sequence[str]) -> list[TextScores]:
            sizes.append(len(texts))
            return super().score(texts)

    rig = Rig(Watched(), standing=begun_alone(5, 1, home(5)))
    await rig.run([record(offset=number) for number in range(5, 9)])
    assert sizes == [1, 1, 3], "the engine is tried first"
    assert len(scored(rig)) == 4


async def test_a_repeated_post_is_counted_before_it_is_scored_and_after_the_engine_was_tried() -> None:
    seen: list[tuple[str, int]] = []

    class Watched(KeywordSentiment):
        def score(self, texts: Sequence[str]) -> list[TextScores]:
            seen.extend((text, json.loads(rig.notes.standing[home(5)])["begun"][0][3]) for text in texts)
            return super().score(texts)

    rig = Rig(Watched(), standing=begun_alone(5, 1, home(5)))
    await rig.run([record(raw_post("hello", post_id="x:5"), offset=5)])
    assert [tries for _, tries in seen] == [1, 2]
    assert [text == "hello" for text, _ in seen] == [False, True]


@pytest.mark.parametrize("standing", [0, 1, 2])
async def test_a_post_whose_first_note_is_not_answered_is_never_counted(standing: int) -> None:
    notes: Mapping[int, str] = begun_alone(5, standing, home(5))
    for _ in range(2 * MAX_LONE_ATTEMPTS):
        rig = Rig(standing=notes)
        rig.notes.unanswered = 1
        with pytest.raises(Died):
            await rig.run([record(offset=5)])
        assert rig.publisher.delivered == []
        notes = rig.notes.standing
    rig = Rig(standing=notes)
    await rig.run([record(offset=5)])
    assert len(scored(rig)) == 1


async def test_a_new_post_that_hangs_the_engine_alone_is_given_up_after_it_was_counted_three_times() -> None:
    released = threading.Event()

    class Hanging(KeywordSentiment):
        def score(self, texts: Sequence[str]) -> list[TextScores]:
            if "fatal" in texts:
                released.wait(20)
            return super().score(texts)

    notes: Mapping[int, str] = {}
    counts = []
    for _ in range(1 + MAX_LONE_ATTEMPTS):
        released.clear()
        rig = Rig(Hanging(), standing=notes)
        rig.inference_timeout_s = 0.5
        rig.on_death = released.set
        with pytest.raises(Died):
            await rig.run([record(raw_post("fatal", post_id="x:5"), offset=5)])
        notes = rig.notes.standing
        counts.append(json.loads(notes[home(5)])["begun"][0][3])
    assert counts == [0, 1, 2, 3]
    rig = Rig(Hanging(), standing=notes)
    await rig.run([record(raw_post("fatal", post_id="x:5"), offset=5)])
    assert len(rig.publisher.values("posts.raw.dlq")) == 1


async def test_an_engine_that_hangs_with_every_text_lets_no_post_be_given_up() -> None:
    released = threading.Event()

    class Hanging(KeywordSentiment):
        def score(self, texts: Sequence[str]) -> list[TextScores]:
            released.wait(20)
            return super().score(texts)

    notes: Mapping[int, str] = {}
    for _ in range(3 + MAX_LONE_ATTEMPTS):
        released.clear()
        rig = Rig(Hanging(), standing=notes)
        rig.inference_timeout_s = 0.05
        rig.on_death = released.set
        with pytest.raises(Died):
            await rig.run([record(offset=number, partition=home(5)) for number in range(5, 8)])
        assert rig.publisher.delivered == []
        notes = rig.notes.standing
        assert json.loads(notes[home(5)])["begun"][0][3] == 0


async def test_what_ends_a_worker_while_it_delivers_is_not_held_against_the_post() -> None:
    rig = Rig(failure=RuntimeError("the broker refuses"), standing=begun_alone(5, 1, home(5)))
    with pytest.raises(Died):
        await rig.run([record(offset=5)])
    assert rig.notes.standing[home(5)] == ""


async def test_a_post_that_is_given_up_stays_given_up_when_its_dead_letter_cannot_be_delivered() -> None:
    rig = Rig(failure=RuntimeError("the broker refuses"), standing=begun_alone(5, MAX_LONE_ATTEMPTS, home(5)))
    with pytest.raises(Died):
        await rig.run([record(offset=5)])
    assert json.loads(rig.notes.standing[home(5)])["begun"][0][:3] == [5, 6, 1]
    again = Rig(standing=rig.notes.standing)
    await again.run([record(offset=5)])
    assert len(again.publisher.values("posts.raw.dlq")) == 1


async def test_a_batch_is_cut_by_the_weight_of_its_posts() -> None:
    rig = Rig()
    rig.batch_characters = 100
    posts = [record(raw_post("x" * 60, post_id=f"x:{number}"), offset=number) for number in range(4)]
    await rig.run(posts)
    assert rig.metric("batch_records_count", stage="enrich") == 4
    assert len(scored(rig)) == 4


async def test_a_batch_is_scored_while_the_one_before_is_still_delivered() -> None:
    delivering, scoring_second = threading.Event(), threading.Event()

    class Watched(KeywordSentiment):
        def score(self, texts: Sequence[str]) -> list[TextScores]:
            if any("second" in text for text in texts):
                scoring_second.set()
            return super().score(texts)

    class SlowPublisher(FakePublisher):
        def settle(self) -> list[Delivery]:
            delivering.set()
            assert scoring_second.wait(10)
            return super().settle()

    rig = Rig(Watched())
    rig.batch_size = 1
    rig.publisher = SlowPublisher(rig.journal)
    await rig.run([record(raw_post("first"))], [record(raw_post("second"), offset=1)])
    assert delivering.is_set()
    assert len(scored(rig)) == 2


async def test_the_metrics_say_how_many_and_how_long() -> None:
    rig = Rig()
    await rig.run([record(offset=1), record(offset=2, value=b"{")])
    assert rig.metric("records_consumed_total", stage="enrich", topic="posts.raw") == 2
    assert rig.metric("records_produced_total", stage="enrich", topic="posts.scored") == 1
    assert rig.metric("records_produced_total", stage="enrich", topic="posts.actionable") == 1
    assert rig.metric("hop_latency_seconds_sum", stage="enrich") == pytest.approx(2.0)
    for step in ("decode", "score", "deliver", "commit"):
        assert rig.metric("batch_seconds_count", stage="enrich", step=step) == 1


def test_importing_the_agent_does_not_import_faust() -> None:
    code = "import pipeline.enrich.agent, sys; sys.exit('faust' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
