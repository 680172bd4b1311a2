"""The sink counts every record once, on a real broker and the real ClickHouse engine."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, TopicPartition
from structlog.testing import capture_logs

from pipeline.adapters.kafka.config import client_config, member_config
from pipeline.errors import Misconfigured, MustRestart, Transient
from pipeline.local.endpoints import Endpoints
from pipeline.ports.rows import RowWriter
from schemas.dead_letter import decode_headers
from schemas.posts.scored import ScoredPost
from schemas.topics import ASSIGNMENTS, CASE_EVENTS, SCORED, post_key
from tests.builders import START_MS, scored
from tests.integration.sink_lab import SinkLab, await_value, close_lab, open_lab
from tests.unit.sink.records import assignment, case_event

pytestmark = pytest.mark.integration

POSTS = "SELECT count() FROM posts WHERE workspace = {w:String}"


@pytest.fixture(scope="module")
def lab(stack: Endpoints) -> Iterator[SinkLab]:
    lab = open_lab(stack)
    yield lab
    close_lab(lab)


@pytest.fixture
def workspace() -> str:
    return f"w-{uuid4().hex[:12]}"


@pytest.fixture
def stage(lab: SinkLab) -> str:
    return lab.stage_from_here()


def posts(workspace: str, count: int, **over: Any) -> list[tuple[str, ScoredPost]]:
    messages = (
        scored(f"p{number}", by=f"a{number % 50}", ms=number, workspace=workspace, **over)
        for number in range(count)
    )
    return [(post_key(workspace, message.author.author_id).decode(), message) for message in messages]


class AnswersLost:
    """Stores rows, but every second answer does not arrive."""

    def __init__(self, inner: RowWriter) -> None:
        self.inner, self.calls = inner, 0

    def insert(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]], *, token: str,
        settings: Mapping[str, object] | None = None,
    ) -> None:  # fmt: skip
        self.inner.insert(table, columns, rows, token=token, settings=settings)
        self.calls += 1
        if self.calls % 2:
            raise Transient("the answer was lost")


def test_posts_events_and_assignments_are_stored_and_acknowledged(
    lab: SinkLab, workspace: str, stage: str
) -> None:
    lab.produce(SCORED.name, posts(workspace, 300))
    lab.transact(CASE_EVENTS.name, [(f"c{n}", case_event(n, workspace=workspace)) for n in range(20)], commit=True)
    lab.transact(
        ASSIGNMENTS.name,
        [(f"c{n}", assignment(workspace=workspace, case_id=f"c{n}")) for n in range(10)],
        commit=True,
    )
    lab.transact(CASE_EVENTS.name, [("c0", case_event(99, workspace=workspace))], commit=False)
    with lab.sink(stage) as loop:
        await_value(300, lambda: lab.number(POSTS, w=workspace))
        await_value(
            20, lambda: lab.number("SELECT count() FROM case_events WHERE workspace = {w:String}", w=workspace)
        )
        await_value(
            10, lambda: lab.number("SELECT count() FROM assignments WHERE workspace = {w:String}", w=workspace)
        )
        assert loop.ready == (True, "ok")
    row = lab.ask(
        "SELECT author_id, sentiment, action, reason_codes, toUnixTimestamp64Milli(created_at), _topic FROM posts "
        "WHERE workspace = {w:String} AND post_id = 'x:p7'",
        w=workspace,
    )
    assert row == [("x:a7", "negative", "respond", ["rule.complaint"], START_MS + 7, SCORED.name)]


def test_a_second_start_stores_nothing_twice(lab: SinkLab, workspace: str, stage: str) -> None:
    lab.produce(SCORED.name, posts(workspace, 200))
    for _ in range(2):
        with lab.sink(stage):
            await_value(200, lambda: lab.number(POSTS, w=workspace))
    assert lab.physical("posts", workspace) == 200


def test_an_insert_whose_answer_is_lost_is_not_doubled(lab: SinkLab, workspace: str, stage: str) -> None:
    lab.produce(SCORED.name, posts(workspace, 200))
    with lab.sink(stage, writer=AnswersLost) as loop:
        await_value(200, lambda: lab.number(POSTS, w=workspace))
        await_value((True, "ok"), lambda: loop.ready)
    assert lab.physical("posts", workspace) == 200, "the token made the repeated insert a no-op"


def test_a_death_between_insert_and_commit_repeats_the_same_cut(lab: SinkLab, workspace: str, stage: str) -> None:
    """The next life has another batch size, and still cuts where the dead one announced."""

    class Dies(AnswersLost):
        def insert(
            self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]], *, token: str,
            settings: Mapping[str, object] | None = None,
        ) -> None:  # fmt: skip
            self.inner.insert(table, columns, rows, token=token, settings=settings)
            raise KeyboardInterrupt

    lab.produce(SCORED.name, posts(workspace, 200))
    for rows in (23, 31, 17):
        with pytest.raises(KeyboardInterrupt):
            lab.loop(stage, writer=Dies, rows=rows).run(lambda: False)
    assert lab.physical("posts", workspace) > 0
    with lab.sink(stage, rows=41):
        await_value(200, lambda: lab.number(POSTS, w=workspace))
    assert lab.physical("posts", workspace) == 200


def test_a_redelivery_with_another_cut_counts_once(lab: SinkLab, workspace: str, stage: str) -> None:
    another = lab.stage_from_here()
    # One key keeps all posts on one partition, where cuts of 64 and of 113 rows differ. A partition with few rows
    # may be cut alike by both, and ClickHouse then rightly knows its token and stores it once.
    messages = [("one", message) for _, message in posts(workspace, 500)]
    lab.produce(SCORED.name, messages)
    with lab.unmerged("posts"):
        with lab.sink(stage, rows=64):
            await_value(500, lambda: lab.number(POSTS, w=workspace))
        with lab.sink(another, rows=113) as loop:
            await_value(True, lambda: lab.physical("posts", workspace) > 500)
            await_value((True, "ok"), lambda: loop.ready)
    assert lab.number(POSTS, w=workspace) == 500


def test_partitions_move_between_two_sinks_without_a_double(lab: SinkLab, workspace: str, stage: str) -> None:
    messages = posts(workspace, 600)
    with lab.sink(stage, rows=20) as first:
        lab.produce(SCORED.name, messages[:200])
        await_value(True, lambda: first.ready[0])
        with lab.sink(stage, rows=20) as second:
            lab.produce(SCORED.name, messages[200:400])
            await_value(True, lambda: second.ready[0])
            await_value(400, lambda: lab.number(POSTS, w=workspace))
        lab.produce(SCORED.name, messages[400:])
        await_value(600, lambda: lab.number(POSTS, w=workspace))
    assert lab.physical("posts", workspace) == 600


def test_an_edit_replaces_and_a_deletion_hides_also_when_older_records_come_again(
    lab: SinkLab, workspace: str, stage: str
) -> None:
    first = posts(workspace, 3)
    edited = posts(workspace, 3, revision=1, text="better words")[1:2]
    deleted = posts(workspace, 3, deleted=True, appended_ms=START_MS + 10_000)[2:3]
    lab.produce(SCORED.name, [*first, *edited, *deleted, *first])
    # One record a batch: ClickHouse already replaces within one insert.
    with lab.unmerged("posts"), lab.sink(stage, rows=1):
        await_value(8, lambda: lab.physical("posts", workspace))
    rows = lab.ask("SELECT post_id, text FROM posts WHERE workspace = {w:String} ORDER BY post_id", w=workspace)
    assert rows == [("x:p0", "text of p0"), ("x:p1", "better words")]


def test_an_unreadable_record_is_kept_byte_for_byte_and_the_stream_goes_on(
    lab: SinkLab, workspace: str, stage: str
) -> None:
    key = f"{workspace}/x:ann"
    bad = b'{"workspace": "acme", "text": "\xff\xfe cut o'
    before, after = posts(workspace, 2)
    lab.produce(SCORED.name, [before, (key, bad), after])
    with lab.sink(stage):
        await_value(2, lambda: lab.number(POSTS, w=workspace))
        await_value(1, lambda: len(lab.dead_letters(SCORED.name, key.encode())))
    [letter] = lab.dead_letters(SCORED.name, key.encode())
    assert letter.value() == bad
    info = decode_headers(letter.headers())
    assert (info.stage, info.code, info.source.topic) == ("sink", "invalid_utf8", SCORED.name)


def test_posts_beyond_the_keeping_time_are_refused_by_name(lab: SinkLab, workspace: str, stage: str) -> None:
    lab.produce(SCORED.name, posts(workspace, 4))
    with lab.sink(stage, ttl_days=30):
        await_value(
            4, lambda: lab.number("SELECT count() FROM refused_posts WHERE workspace = {w:String}", w=workspace)
        )
    assert lab.physical("posts", workspace) == 0


def test_history_of_many_years_fits_into_one_batch(lab: SinkLab, workspace: str, stage: str) -> None:
    """ClickHouse refuses more than 100 partitions an insert unless it is told otherwise, and here are 130
    months.
    """
    month_ms = 30 * 86_400_000
    messages = [
        (f"{workspace}/x:ann", scored(f"p{n}", ms=-n * month_ms, appended_ms=START_MS, workspace=workspace))
        for n in range(130)
    ]
    lab.produce(SCORED.name, messages)
    with lab.sink(stage):
        await_value(130, lambda: lab.number(POSTS, w=workspace))


def test_a_partition_waits_while_the_store_is_down_and_nothing_is_skipped(
    lab: SinkLab, workspace: str, stage: str
) -> None:
    class Down:
        def __init__(self, inner: RowWriter) -> None:
            self.inner = inner

        def insert(
            self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]], *, token: str,
            settings: Mapping[str, object] | None = None,
        ) -> None:  # fmt: skip
            tried.set()
            if not up.is_set():
                raise Transient("down")
            self.inner.insert(table, columns, rows, token=token, settings=settings)

    up, tried = threading.Event(), threading.Event()
    lab.produce(SCORED.name, posts(workspace, 50))
    with capture_logs() as said, lab.sink(stage, writer=Down) as loop:
        assert tried.wait(60)
        await_value(False, lambda: loop.ready[0])
        up.set()
        await_value(50, lambda: lab.number(POSTS, w=workspace))
        await_value(True, lambda: loop.ready[0])
    events = [line["event"] for line in said if line["event"].startswith("batch_")]
    assert events[0] == "batch_not_stored"
    assert events[-1] == "batch_stored_again", "the last word is not the error"


def test_a_log_that_lost_what_was_to_come_stops_the_sink_with_words(lab: SinkLab, stage: str) -> None:
    consumer = Consumer(client_config(lab.kafka) | {"group.id": f"earshot-{stage}"})
    consumer.commit(offsets=[TopicPartition(SCORED.name, 0, 10**9)], asynchronous=False)
    consumer.close()
    with pytest.raises(Misconfigured, match="recreated or truncated"):
        lab.loop(stage).run(lambda: False)


def test_a_sink_whose_name_was_taken_over_is_restarted_instead_of_waiting(lab: SinkLab, stage: str) -> None:
    named = lab.kafka.model_copy(update={"instance_id": f"{stage}-1"})
    loop = replace(lab, kafka=named).loop(stage)
    with ThreadPoolExecutor(1) as executor:
        ended = executor.submit(loop.run, lambda: False)
        await_value(True, lambda: loop.ready[0])
        # A broker that restarts while a member joins does the same: the member's second try fences its first.
        successor = Consumer(member_config(named, f"earshot-{stage}"))
        successor.subscribe([SCORED.name])
        await_value(True, lambda: (successor.poll(0.2), ended.done())[1])
        successor.close()
        with pytest.raises(MustRestart, match="fenced"):
            ended.result()
