"""Tells where the time of the enrich stage goes, as processor time a post, part by part, measured and not guessed.

It takes the processor seconds of the worker's threads and of the broker, and samples of what the event loop worked
on. It also runs the same functions on the same posts in this process. It starts no other process.

Processor time is used because the parts overlap. One batch is scored while another is delivered and a third is
read.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from statistics import median
from typing import get_args

import psutil

from pipeline.adapters.models.fasttext import FastTextLanguages
from pipeline.adapters.models.openvino.text_model import OpenVinoEngine
from pipeline.bench.stage.watched_worker import Part, Role
from pipeline.enrich.reading.language import detect_languages
from pipeline.enrich.reading.reading import readable_text
from pipeline.enrich.received import ReceivedPost
from pipeline.enrich.score import Scorer
from pipeline.ports.models import TextScores
from schemas.base import SourcePosition
from schemas.posts.raw import RawPost
from schemas.topics import RAW

REPEATS = 3
"""Each part runs so often, and the median counts."""
LIBRDKAFKA = "rdk:"
"""The names of librdkafka's threads begin with this."""
SOURCE = SourcePosition(topic=RAW.name, partition=0, offset=0)
"""The posts of a bench come from no topic, and this place stands for all of them."""


@dataclass(frozen=True)
class ProcessorTime:
    """Holds processor seconds since a start, which must be the same for two values that are subtracted."""

    threads: Mapping[int, float]
    """Maps each thread of the worker, by the number that the system gives it, to its seconds."""
    broker_s: float
    librdkafka_s: float = 0.0
    """Sums the threads of the worker that librdkafka started."""

    def __add__(self, other: "ProcessorTime") -> "ProcessorTime":
        numbers = {*self.threads, *other.threads}
        threads = {number: self.threads.get(number, 0.0) + other.threads.get(number, 0.0) for number in numbers}
        return ProcessorTime(threads, self.broker_s + other.broker_s, self.librdkafka_s + other.librdkafka_s)

    def __sub__(self, before: "ProcessorTime") -> "ProcessorTime":
        threads = {number: seconds - before.threads.get(number, 0.0) for number, seconds in self.threads.items()}
        return ProcessorTime(threads, self.broker_s - before.broker_s, self.librdkafka_s - before.librdkafka_s)

    def by_role(self, roles: Mapping[int, Role]) -> dict[Role, float]:
        """Sums the seconds of all threads of each role. A thread without a role is the engine's."""
        seconds_by_role: dict[Role, float] = {"loop": 0.0, "kafka": 0.0, "engine": 0.0, "agent": 0.0}
        for number, seconds in self.threads.items():
            seconds_by_role[roles.get(number, "engine")] += seconds
        return seconds_by_role


NO_TIME = ProcessorTime({}, 0.0)


@dataclass(frozen=True)
class IsolatedCosts:
    """Holds processor milliseconds a post of parts of the scoring, each run by itself in this process."""

    normalise_ms: float
    tokenise_ms: float
    """Includes sorting, cutting into batches and padding."""
    language_ms: float
    """This is the cost of telling the language."""
    record_ms: float
    """This is the cost of triage and of the record that goes out."""


@dataclass(frozen=True)
class Cost:
    """Holds one part: its processor milliseconds a post, and its share of all parts."""

    name: str
    ms: float
    share: float


def processor_time_of(worker_pid: int, broker_pids: Sequence[int]) -> ProcessorTime:
    """Returns what the worker and the brokers have used until now."""
    threads, librdkafka_s = {}, 0.0
    for thread in psutil.Process(worker_pid).threads():
        seconds = thread.user_time + thread.system_time
        # librdkafka's threads are not Python's, so only the system knows their names.
        if _thread_name(worker_pid, thread.id).startswith(LIBRDKAFKA):
            librdkafka_s += seconds
        else:
            threads[thread.id] = seconds
    return ProcessorTime(threads, sum(_seconds(psutil.Process(pid)) for pid in broker_pids), librdkafka_s)


def measure_isolated(engine: OpenVinoEngine, posts: Sequence[RawPost], batch_size: int) -> IsolatedCosts:
    """Runs each part over all posts a few times and takes the median."""
    texts = [readable_text(post) for post in posts]
    calls = [texts[first : first + batch_size] for first in range(0, len(texts), batch_size)]
    received = [ReceivedPost(post, SOURCE, 0) for post in posts]
    scorer, detector = Scorer(_FreeModel(), 86_400, "event"), FastTextLanguages()
    normalise_ms = _median_ms(lambda: [readable_text(post) for post in posts], len(posts))
    return IsolatedCosts(
        normalise_ms=normalise_ms,
        tokenise_ms=_median_ms(lambda: [sum(1 for _ in engine.batches(call)) for call in calls], len(posts)),
        language_ms=_median_ms(lambda: detect_languages(posts, detector), len(posts)),
        # The scorer normalises first, and that part has a line of its own.
        record_ms=_median_ms(lambda: scorer.score(received, {}), len(posts)) - normalise_ms,
    )


def loop_shares(notes: Iterable[tuple[float, Part]], windows: Sequence[tuple[float, float]]) -> dict[Part, float]:
    """Returns how the working time of the event loop divides into parts within the windows. It is empty if nothing
    was seen.

    Args:
        notes: time and part.
        windows: from and to, on the clock of the notes.
    """
    counts = Counter(part for at, part in notes if any(start <= at <= end for start, end in windows))
    del counts["idle"]
    return {part: count / counts.total() for part, count in counts.items()}


def cost_table(
    used: ProcessorTime, posts: int, roles: Mapping[int, Role], shares: Mapping[Part, float], alone: IsolatedCosts
) -> list[Cost]:
    """Returns the parts in the order in which a post meets them.

    Inference is what the engine's threads used beyond the parts that were run by themselves.
    """
    ms = {role: 1000 * seconds / posts for role, seconds in used.by_role(roles).items()}
    loop = {part: ms["loop"] * shares.get(part, 0.0) for part in get_args(Part)}
    parts = {
        "Kafka: broker, on this machine": 1000 * used.broker_s / posts,
        "Kafka: clients (fetch, commit; deliver)": 1000 * used.librdkafka_s / posts + ms["kafka"] + loop["kafka"],
        "Faust, event loop": loop["faust"],
        "decode": loop["decode"],
        "normalise": alone.normalise_ms,
        "tokenise": alone.tokenise_ms,
        # Normalising, tokenising, language and record run on the engine's threads too, and are named apart.
        "infer": ms["engine"] - sum(astuple(alone)),
        "language": alone.language_ms,
        "triage, words, record": alone.record_ms,
        "encode": loop["encode"],
        "agent: batches, metrics, health": ms["agent"] + loop["agent"],
    }
    total = sum(parts.values())
    return [Cost(name, part_ms, part_ms / total) for name, part_ms in parts.items()]


class _FreeModel:
    """This is a model whose answers cost nothing."""

    name = "canned"

    def score(self, texts: Sequence[str]) -> list[TextScores]:
        return [TextScores(0.2, 0.6, 0.2, 0.1, 0.1)] * len(texts)


def _median_ms(work: Callable[[], object], posts: int) -> float:
    times_ms = []
    for _ in range(REPEATS):
        started = time.process_time()
        work()
        times_ms.append(1000 * (time.process_time() - started) / posts)
    return median(times_ms)


def _thread_name(pid: int, number: int) -> str:
    try:
        return Path(f"/proc/{pid}/task/{number}/comm").read_text(encoding="utf-8")
    except OSError:  # it has just ended
        return ""


def _seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
