"""Kills `earshot run sink` with SIGKILL at random moments while records flow, and every record counts once."""

import random
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from pipeline.local.endpoints import Endpoints
from schemas.topics import CASE_EVENTS, SCORED, post_key
from tests.builders import scored
from tests.integration.sink_lab import SinkLab, await_value, close_lab, open_lab, start_sink
from tests.unit.sink.records import case_event

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

KILLS = 5
ROUNDS = 40
POSTS_A_ROUND = 100
PAUSE_S = 1.0


@pytest.fixture
def lab(stack: Endpoints) -> Iterator[SinkLab]:
    lab = open_lab(stack)
    yield lab
    close_lab(lab)


def produce(lab: SinkLab, workspace: str, stop: threading.Event, done: list[int]) -> None:
    """Produces each second some posts, an edit of the first post of the round, and a transaction of case
    events.
    """
    for turn in range(ROUNDS):
        posts = [
            scored(f"p{turn}-{number}", by=f"a{number % 20}", ms=turn, workspace=workspace)
            for number in range(POSTS_A_ROUND)
        ]
        posts.append(posts[0].model_copy(update={"revision": 1, "text": "edited"}))
        lab.produce(SCORED.name, [(post_key(workspace, p.author.author_id).decode(), p) for p in posts])
        events = [
            case_event(number, workspace=workspace, case_id=f"c{turn}", event_id=f"e{turn}-{number}")
            for number in range(10)
        ]
        lab.transact(CASE_EVENTS.name, [(f"c{turn}", event) for event in events], commit=turn % 5 != 0)
        done.append(turn)
        if stop.wait(PAUSE_S):
            return


def test_five_kills_at_random_moments_lose_and_double_nothing(lab: SinkLab, tmp_path: Path) -> None:
    workspace = f"w-{uuid4().hex[:12]}"
    rng = random.Random(uuid4().int)
    stop, rounds, log = threading.Event(), list[int](), tmp_path / "sink.log"
    producer = threading.Thread(target=produce, args=(lab, workspace, stop, rounds))
    settings = {"EARSHOT_SINK__FLUSH_MS": "100", "EARSHOT_SINK__BATCH_ROWS": "200"}
    producer.start()
    sink = start_sink(lab, log, **settings)
    try:
        for _ in range(KILLS):
            # Kill only a sink that works: the moment is random within its work, not within its start.
            await_more_posts(lab)
            time.sleep(rng.random())
            sink.kill()
            sink.wait()
            sink = start_sink(lab, log, **settings)
        producer.join()
        expected = ROUNDS * POSTS_A_ROUND
        await_value(
            expected,
            lambda: lab.number("SELECT count() FROM posts WHERE workspace = {w:String}", w=workspace),
            240.0,
        )
        events = 10 * sum(turn % 5 != 0 for turn in rounds)
        await_value(
            events, lambda: lab.number("SELECT count() FROM case_events WHERE workspace = {w:String}", w=workspace)
        )
    finally:
        stop.set()
        producer.join()
        sink.send_signal(signal.SIGTERM)
        assert sink.wait(30) == 0, "SIGTERM ends it cleanly"
    check_exactness(lab, workspace)


def await_more_posts(lab: SinkLab) -> None:
    before = lab.number("SELECT count() FROM posts")
    await_value(True, lambda: lab.number("SELECT count() FROM posts") > before)


def check_exactness(lab: SinkLab, workspace: str) -> None:
    where = "WHERE workspace = {w:String}"
    assert lab.number(f"SELECT uniqExact(post_id) FROM posts {where}", w=workspace) == ROUNDS * POSTS_A_ROUND
    assert lab.number(f"SELECT countIf(text = 'edited') FROM posts {where}", w=workspace) == ROUNDS
    assert lab.number(f"SELECT countIf(revision = 1) FROM posts {where}", w=workspace) == ROUNDS
    # The announced cut and its token: a killed batch was repeated as it was, so not even a physical row is double.
    doubled = lab.number(
        f"SELECT count() - uniqExact(_topic, _partition, _offset) FROM posts {where} SETTINGS final = 0",
        w=workspace,
    )
    assert doubled == 0
    assert lab.number(f"SELECT sum(n) FROM sentiment_by_hour {where}", w=workspace) == ROUNDS * POSTS_A_ROUND
