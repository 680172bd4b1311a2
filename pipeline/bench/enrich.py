"""`earshot bench enrich`: the enrich stage beside its alternatives, on the same posts, in one run.

Rates of streams are taken from the append times of their outputs, so that start-up counts for nobody. A stack
of its own in a folder of its own; nothing else is touched.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from pipeline.adapters.kafka_config import producer_config
from pipeline.adapters.openvino_engine import SHIPPED_MODEL
from pipeline.adapters.topic_admin import ensure_topics
from pipeline.adapters.topic_reader import read_topic
from pipeline.app.enrich import load_model
from pipeline.bench.plain_faust import OUTPUT_TOPIC
from pipeline.codec import encode
from pipeline.enrich.sentiment import read_sentiments
from pipeline.errors import MustRestart, ServiceMissing
from pipeline.local import stack
from pipeline.scenario.generate import generate
from pipeline.settings import KafkaSettings, Settings
from schemas.post import RawPost
from schemas.topics import RAW, SCORED, all_topics, post_key

POLL_S = 1.0
PATIENCE_S = 600.0
FLOAT_PARENT = SHIPPED_MODEL / "float"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Rate:
    """One line of the result."""

    name: str
    posts: int
    per_second: float


def bench_enrich(settings: Settings, posts: int, *, baseline: bool, say: Say) -> list[Rate]:
    """Measures the plain Faust agent (unless left out), the bare engine and the enrich stage.

    Args:
        settings: its model and enrich sections count.
        posts: how many generated posts each of them gets.
        baseline: whether to run the plain agent.
        say: takes progress lines.

    Raises:
        ServiceMissing: the baseline is wanted but the extra `torch` is not installed.
    """
    if baseline and find_spec("torch") is None:
        raise ServiceMissing("the baseline needs the torch extra: `make setup-torch`, or --no-baseline")
    start = datetime.now(UTC) - timedelta(hours=6)
    made = list(generate(1, posts, start, 5.0, "acme"))
    rates = [_bare_engine(settings, made, say)]
    with _own_stack(settings, made, say) as own:
        assert own.kafka.bootstrap_servers is not None
        if baseline:
            say("plain Faust agent with transformers.pipeline, one post at a time")
            plain = [sys.executable, "-m", "pipeline.bench.plain_faust", own.kafka.bootstrap_servers,
                     str(FLOAT_PARENT), str(own.state_dir / "plain")]  # fmt: skip
            rates.insert(0, _stream("plain Faust + transformers.pipeline", plain, own, OUTPUT_TOPIC, posts))
        say("the enrich stage")
        stage = [sys.executable, "-m", "pipeline.cli", "run", "enrich"]
        rates.append(_stream("Earshot's enrich stage", stage, own, SCORED.name, posts))
    return rates


def _bare_engine(settings: Settings, posts: Sequence[RawPost], say: Say) -> Rate:
    say("the bare engine: normalise, tokenise, infer")
    engine = load_model(settings.model)
    size = settings.enrich.batch_size
    started = time.perf_counter()
    for first in range(0, len(posts), size):
        read_sentiments(posts[first : first + size], engine)
    return Rate("bare engine, batches", len(posts), len(posts) / (time.perf_counter() - started))


@contextmanager
def _own_stack(settings: Settings, posts: Sequence[RawPost], say: Say) -> Iterator[Settings]:
    folder = settings.state_dir.resolve() / "bench"
    stack.down(folder, wipe=True)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        endpoints = stack.up(folder, report=say)
        kafka = settings.kafka.model_copy(update={"bootstrap_servers": endpoints.kafka_bootstrap})
        ensure_topics(kafka, all_topics())
        admin = AdminClient({"bootstrap.servers": endpoints.kafka_bootstrap})
        plain = NewTopic(
            OUTPUT_TOPIC, kafka.post_partitions, 1, config={"message.timestamp.type": "LogAppendTime"}
        )
        admin.create_topics([plain])[OUTPUT_TOPIC].result(30)
        _send(kafka, posts)
        yield settings.model_copy(update={"kafka": kafka, "state_dir": folder})
    finally:
        stack.down(folder, wipe=True)
        shutil.rmtree(folder, ignore_errors=True)


def _send(kafka: KafkaSettings, posts: Sequence[RawPost]) -> None:
    producer = Producer(producer_config(kafka))
    for post in posts:
        producer.produce(RAW.name, encode(post), post_key(post.workspace, post.author.author_id))
        producer.poll(0)
    if producer.flush(60) > 0:
        raise MustRestart("Kafka did not take the posts")


def _stream(name: str, command: Sequence[str], own: Settings, output: str, posts: int) -> Rate:
    """Runs a worker over the waiting posts until all outputs are there; the rate is that of the outputs."""
    assert own.kafka.bootstrap_servers is not None
    environment = os.environ | {
        "EARSHOT_STATE_DIR": str(own.state_dir),
        "EARSHOT_KAFKA__BOOTSTRAP_SERVERS": own.kafka.bootstrap_servers,
        "EARSHOT_CLOCK": "event",
    }
    with (Path(own.state_dir) / f"{output}.log").open("wb") as log:
        worker = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            times = _await_outputs(own.kafka, output, posts, worker)
        finally:
            worker.terminate()
            worker.wait(60)
    # The first batch only starts the clock: what came before its end is start-up.
    warm = min(own.enrich.batch_size, posts // 2)
    seconds = max((times[-1] - times[warm - 1]) / 1000, 1e-3)
    return Rate(name, posts, (len(times) - warm) / seconds)


def _await_outputs(kafka: KafkaSettings, topic: str, posts: int, worker: subprocess.Popen[bytes]) -> list[int]:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if worker.poll() is not None:
            raise MustRestart(f"the worker for {topic} ended with exit code {worker.returncode}")
        time.sleep(POLL_S)
        times = sorted(message.timestamp()[1] for message in read_topic(kafka, topic))
        if len(times) >= posts:
            return times
    raise MustRestart(f"{topic} did not get {posts} records within {PATIENCE_S:.0f} s")
