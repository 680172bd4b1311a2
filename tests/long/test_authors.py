"""The rows of authors in real enrich workers, under kills and rebalances, beside a recomputation."""

import signal
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from pipeline.adapters.kafka.partitioner import partition_of
from pipeline.adapters.kafka.reader import read_topic
from pipeline.clock import SystemClock
from pipeline.codec import decode, encode
from pipeline.influence.estimate import influence_of
from pipeline.influence.history import apply
from pipeline.influence.row import Row, row_of
from pipeline.local.processes import free_ports
from pipeline.settings import KafkaSettings
from schemas.posts.engagement import Engagement
from schemas.posts.raw import Author, PostMetrics, RawPost
from schemas.topics import ENGAGEMENTS, INFLUENCE_STATE, post_key
from tests.enrich_lab import START_S, WORK_S, Raw, is_ready, send, send_to, uncommitted, wait_for, worker

pytestmark = pytest.mark.integration
AUTHORS = 30


def post(workspace: str, number: int) -> Raw:
    """A post of one of the authors, which answers another one's and states its counters."""
    author = f"x:a{number % AUTHORS}"
    made = RawPost(
        workspace=workspace, post_id=f"x:{number}", platform="x", text=f"number {number}",
        author=Author(author_id=author, followers=number),
        created_at=SystemClock().now() - timedelta(hours=number % 40),
        in_reply_to=f"x:{number - 7}", in_reply_to_author=f"x:a{(number - 7) % AUTHORS}",
        metrics=PostMetrics(likes=number % 90, reposts=number % 11, replies=number % 5),
    )  # fmt: skip
    key = post_key(workspace, author)
    return Raw(key, encode(made), partition_of(key, 4))


def like(workspace: str, number: int) -> Raw:
    """Somebody's like of a post, as a connector reports it."""
    author = f"x:a{number % AUTHORS}"
    made = Engagement(
        workspace=workspace, engagement_id=f"like-{number}", target_author_id=author, post_id=f"x:{number % 500}",
        kind="like", actor_id=f"x:fan{number % 17}", created_at=SystemClock().now(),
    )  # fmt: skip
    key = post_key(workspace, author)
    return Raw(key, encode(made), partition_of(key, 4))


class Load:
    """Sends posts and likes whenever it is asked whether something has come true."""

    def __init__(self, kafka: KafkaSettings, workspace: str) -> None:
        self._kafka, self._workspace, self._numbers = kafka, workspace, count()

    def until(self, reached: Callable[[], bool], seconds: float) -> None:
        def fed() -> bool:
            self.send(10)
            return reached()

        wait_for(fed, seconds)

    def send(self, posts: int) -> None:
        numbers = [next(self._numbers) for _ in range(posts)]
        send(self._kafka, [post(self._workspace, number) for number in numbers])
        likes = [like(self._workspace, 5 * number + more) for number in numbers for more in range(5)]
        send_to(self._kafka, ENGAGEMENTS.name, likes)


def recomputed(kafka: KafkaSettings, workspace: str) -> dict[bytes, bytes]:
    """Returns the rows that the topic alone gives."""
    rows: dict[bytes, Row] = {}
    for message in read_topic(kafka, ENGAGEMENTS.name):
        key = message.key() or b""
        if key.startswith(workspace.encode()):
            rows[key] = apply(rows.get(key), decode(Engagement, message.value()), message.offset())
    return {key: row.to_bytes() for key, row in rows.items()}


def kept(kafka: KafkaSettings, workspace: str) -> dict[bytes, bytes]:
    """Returns the rows that the next worker would restore."""
    found = {message.key() or b"": message.value() or b"" for message in read_topic(kafka, INFLUENCE_STATE.name)}
    return {key: row for key, row in found.items() if key.startswith(workspace.encode())}


def has_ended(process: "subprocess.Popen[bytes]") -> bool:
    return process.poll() == 0


def has_moved(kafka: KafkaSettings, uncommitted_before: int) -> bool:
    return uncommitted(kafka, ENGAGEMENTS.name) != uncommitted_before


@pytest.mark.timeout(1800)
def test_rows_are_what_the_topic_says_after_5_kills_2_joins_and_2_leaves_under_load(
    kafka: KafkaSettings, workspace: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    load, ports = Load(kafka, workspace), free_ports(8)
    with ExitStack() as stack:

        def begun() -> "subprocess.Popen[bytes]":
            port = ports.pop()
            process = stack.enter_context(worker(kafka, tmp_path / str(port), port))
            load.until(lambda: is_ready(port), START_S)
            return process

        one = begun()
        for _ in range(2):
            two = begun()
            load.send(100)
            one.kill()
            one = begun()
            two.send_signal(signal.SIGTERM)
            load.until(partial(has_ended, two), START_S)
        for _ in range(3):
            load.send(100)
            left = uncommitted(kafka, ENGAGEMENTS.name)
            load.until(partial(has_moved, kafka, left), WORK_S)
            one.kill()
            one = begun()
        wait_for(lambda: uncommitted(kafka) == uncommitted(kafka, ENGAGEMENTS.name) == 0, START_S + WORK_S)
    wanted, found = recomputed(kafka, workspace), kept(kafka, workspace)
    assert len(wanted) == AUTHORS
    now_s = SystemClock().now().timestamp()
    scores = {
        key: [influence_of(row_of(rows[key]), Author(author_id="x:a"), now_s).score for rows in (wanted, found)]
        for key in wanted
    }
    record_property("largest difference in points", max(abs(one - other) for one, other in scores.values()))
    assert found == wanted
