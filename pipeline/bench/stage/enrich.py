"""Measures for `earshot bench enrich` the enrich stage on real Kafka, beside a plain Faust agent and its own
parts.

The result is rates, where the time goes, and the latency at half load. The arithmetic is in `append_times` and
`costs`.

Rates of streams come from the append times that the broker wrote. No text comes twice within a round, and the
cache of the stage is off. The speed of a machine drifts, so the bare engine and the whole scoring run before,
between and after the rounds of the stage, which is compared with them round by round.
"""

import json
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from pipeline.adapters.kafka.reader import read_topic
from pipeline.adapters.models.locked_model import LockedModel
from pipeline.adapters.models.openvino.text_model import SHIPPED_MODEL, OpenVinoEngine
from pipeline.app.languages import load_languages
from pipeline.app.stages.enrich import load_intent_model, load_pressing_model
from pipeline.bench.figures import ratios, spread
from pipeline.bench.model.engine import open_engine
from pipeline.bench.model.torch_baselines import require_torch
from pipeline.bench.rounds import Report
from pipeline.bench.sample import distinct_posts
from pipeline.bench.stage.append_times import Hop, means_around, rate_once_fed, steady_rate, waits_ms, within
from pipeline.bench.stage.costs import (
    NO_TIME,
    SOURCE,
    IsolatedCosts,
    ProcessorTime,
    cost_table,
    loop_shares,
    measure_isolated,
    processor_time_of,
)
from pipeline.bench.stage.lab import Lab, Worker, open_lab
from pipeline.bench.stage.plain_faust import OUTPUT_TOPIC
from pipeline.bench.stage.results import EnrichBench, Latency, Rate
from pipeline.bench.stage.worker_metrics import BatchTotals, read_totals
from pipeline.clock import SystemClock
from pipeline.codec import decode
from pipeline.enrich.reading.intents.by_example import IntentReader
from pipeline.enrich.reading.reading import read_posts
from pipeline.enrich.received import ReceivedPost
from pipeline.enrich.score import Scorer
from pipeline.local.processes import free_ports
from pipeline.settings import Settings
from schemas.posts.raw import RawPost
from schemas.posts.scored import ScoredPost
from schemas.topics import SCORED

PLAIN, BARE, STAGE = "plain Faust + transformers.pipeline", "bare engine, batches", "Earshot's enrich stage"
SCORING = "bare scoring: engine, words, triage"
PLAIN_POSTS = 300
"""The plain agent gets only the first of the posts. At a tenth of the rate they last as long."""
PLAIN_WARM = 50
"""So many outputs of the plain agent belong to its start-up and do not count."""
LOAD = 0.5
"""This is the share of the stage's rate at which the latency is taken."""
REPEATS = 50
"""The bare engine is called so often, and the median is its time for a post or a small batch."""


@dataclass(frozen=True)
class Plan:
    """Says how much is measured."""

    posts: int
    """Counts the distinct posts of each round."""
    rounds: int
    seconds: float
    """This is the length of the half-load phase."""
    baseline: bool
    """Says whether the plain Faust agent runs too."""


@dataclass(frozen=True)
class _Rounds:
    """Holds what the rounds of bare engine, bare scoring and stage gave."""

    bare: list[float]
    """Holds posts a second before, between and after the rounds of the stage, so one more than there are
    rounds.
    """
    scoring: list[float]
    """Holds the same for the whole scoring."""
    spans: list[tuple[float, float]]
    """Holds from and to of each round of the stage, in seconds since the epoch."""
    used: ProcessorTime
    seen: BatchTotals


def bench_enrich(settings: Settings, plan: Plan, report: Report) -> EnrichBench:
    """Measures the plain Faust agent, unless it is left out, the bare engine, the bare scoring and the enrich
    stage.

    Args:
        settings: the sections model and enrich count; the engine is OpenVINO without its cache.
        plan: how much is measured.
        report: takes lines of progress.

    Raises:
        ServiceMissing: the baseline is wanted but the extra `torch` is not installed.
        Misconfigured: the model is not there, or is not one for OpenVINO.
        MustRestart: a worker ended, or did not come to an end.
    """
    parent = Path(settings.model.path or SHIPPED_MODEL) / "float"
    if plan.baseline:
        require_torch(parent)
    posts = distinct_posts(plan.posts, SystemClock().now())
    engine, size = open_engine(settings.model), settings.enrich.batch_size
    report("the parts of the scoring by themselves")
    alone = measure_isolated(engine, posts, size)
    with open_lab(settings, report) as lab:
        first = posts[:PLAIN_POSTS]
        # These posts warm the stage up too, which starts later and reads them first.
        lab.send(first)
        plain = [_plain(lab, parent, len(first), report)] if plan.baseline else []
        stage = _Stage(lab, engine, posts, settings, report)
        return stage.measure(plan, alone, plain)


class _Stage:
    """Runs the stage and the bare engine in turn."""

    def __init__(
        self, lab: Lab, engine: OpenVinoEngine, posts: list[RawPost], settings: Settings, report: Report
    ) -> None:
        self._lab = lab
        self._engine = engine
        self._posts = posts
        self._size = settings.enrich.batch_size
        self._report = report
        self._languages = load_languages(settings.model.model_copy(update={"cache_entries": 0}))
        self._intent_model = load_intent_model(settings.model)
        self._pressing = load_pressing_model(settings.model)
        self._live_within_s = 3600 * settings.enrich.live_within_h
        self._port = free_ports(1)[0]
        self._notes = lab.folder / "notes.json"

    def measure(self, plan: Plan, alone: IsolatedCosts, plain: list[Rate]) -> EnrichBench:
        """Starts the stage, measures it and stops it."""
        self._report("the enrich stage starts")
        command = [sys.executable, "-m", "pipeline.bench.stage.watched_worker", str(self._notes)]
        more = {
            "EARSHOT_OPERATE__HTTP_PORT": str(self._port),
            "EARSHOT_MODEL__ENGINE": "openvino",
            "EARSHOT_MODEL__CACHE_ENTRIES": "0",
        }
        with self._lab.worker("enrich", command, more) as worker:
            self._lab.await_records(SCORED.name, min(PLAIN_POSTS, plan.posts), worker)
            rounds = self._rounds(plan, worker)
            hops = self._hops()
            rates = [rate_once_fed(within(hops, 1000 * start, 1000 * end)) for start, end in rounds.spans]
            latency = self._half_load(LOAD * median(rates), plan.seconds, worker)
        # The worker writes its notes when it stops, so they can be read only after the block.
        written = json.loads(self._notes.read_text(encoding="utf-8"))
        roles = {int(number): role for number, role in written["roles"].items()}
        shares = loop_shares(written["notes"], rounds.spans)
        return EnrichBench(
            rates=[
                *plain,
                Rate(BARE, plan.posts, spread(rounds.bare)),
                Rate(SCORING, plan.posts, spread(rounds.scoring)),
                Rate(STAGE, plan.posts, spread(rates)),
            ],
            of_bare=ratios(rates, means_around(rounds.bare)),
            of_scoring=ratios(rates, means_around(rounds.scoring)),
            costs=cost_table(rounds.used, plan.rounds * plan.posts, roles, shares, alone),
            wall_ms=rounds.seen.wall_ms(),
            batch_posts=rounds.seen.batch_records,
            latency=latency,
        )

    def _rounds(self, plan: Plan, worker: Worker) -> _Rounds:
        bare, scoring = [self._bare()], [self._scoring()]
        spans, used, seen = [], NO_TIME, BatchTotals(0, 0, {})
        for number in range(plan.rounds):
            self._report(
                f"round {number + 1} of {plan.rounds}: the enrich stage, then the bare engine and scoring"
            )
            # Records of earlier rounds stay in the topic, so the target is counted from what is there.
            wanted = self._lab.count(SCORED.name) + plan.posts
            used_before, seen_before = self._used(worker), read_totals(self._port)
            started = time.time()
            self._lab.send(self._posts)
            self._lab.await_records(SCORED.name, wanted, worker)
            spans.append((started, time.time()))
            used, seen = used + (self._used(worker) - used_before), seen + (read_totals(self._port) - seen_before)
            # Each round of the stage lies between two measurements of the bare engine, and is compared with their
            # mean.
            bare.append(self._bare())
            scoring.append(self._scoring())
        return _Rounds(bare, scoring, spans, used, seen)

    def _half_load(self, per_second: float, seconds: float, worker: Worker) -> Latency:
        self._report(f"{per_second:,.0f} posts a second for {seconds:.0f} s: half of what the stage can do")
        before, seen_before, started = self._lab.count(SCORED.name), read_totals(self._port), time.time()
        sent = self._lab.feed(self._posts, per_second, seconds)
        self._lab.await_records(SCORED.name, before + sent, worker)
        ended, seen = time.time(), read_totals(self._port) - seen_before
        hops = within(self._hops(), 1000 * started, 1000 * ended)
        return Latency(
            posts=len(hops),
            per_second=per_second,
            p50_ms=waits_ms(hops, 0.5),
            p99_ms=waits_ms(hops, 0.99),
            batch_posts=seen.batch_records,
            engine_ms=self._call_ms(1),
            batch_ms=self._call_ms(max(1, round(seen.batch_records))),
        )

    def _bare(self) -> float:
        started = time.perf_counter()
        for first in range(0, len(self._posts), self._size):
            read_posts(self._posts[first : first + self._size], self._engine)
        return len(self._posts) / (time.perf_counter() - started)

    def _scoring(self) -> float:
        """Scores as the stage does, two batches at once, with nothing remembered of the round before."""
        received = [ReceivedPost(post, SOURCE, 0) for post in self._posts]
        # A scorer of the round before would remember its posts as copies, and every post would look repeated.
        intents = IntentReader(self._intent_model)
        scorer = Scorer(
            LockedModel(self._engine), self._live_within_s, "event", self._languages, intents, self._pressing
        )
        batches = [received[first : first + self._size] for first in range(0, len(received), self._size)]
        started = time.perf_counter()
        with ThreadPoolExecutor(2) as executor:
            list(executor.map(lambda batch: scorer.score(batch, {}), batches))
        return len(received) / (time.perf_counter() - started)

    def _call_ms(self, posts: int) -> float:
        times_ms = []
        for number in range(REPEATS):
            # Each call reads other posts, as calls of the stage do.
            first = number * posts % max(1, len(self._posts) - posts)
            started = time.perf_counter()
            read_posts(self._posts[first : first + posts], self._engine)
            times_ms.append(1000 * (time.perf_counter() - started))
        return median(times_ms)

    def _used(self, worker: Worker) -> ProcessorTime:
        return processor_time_of(worker.pid, self._lab.broker_pids)

    def _hops(self) -> list[Hop]:
        return [
            Hop(decode(ScoredPost, message.value()).appended_ms, message.timestamp()[1])
            for message in read_topic(self._lab.kafka, SCORED.name)
        ]


def _plain(lab: Lab, parent: Path, posts: int, report: Report) -> Rate:
    report("plain Faust agent with transformers.pipeline, one post at a time")
    command: Sequence[str] = [
        sys.executable, "-m", "pipeline.bench.stage.plain_faust", str(lab.kafka.bootstrap_servers), str(parent),
        str(lab.folder / "plain"),
    ]  # fmt: skip
    with lab.worker("plain", command) as worker:
        lab.await_records(OUTPUT_TOPIC, posts, worker)
    times = [message.timestamp()[1] for message in read_topic(lab.kafka, OUTPUT_TOPIC)]
    return Rate(PLAIN, posts, spread([steady_rate(times, PLAIN_WARM)]))
