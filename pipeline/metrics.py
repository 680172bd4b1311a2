"""Declares every metric as data, and creates them. No other module creates a metric.

Names follow Prometheus, so that `_total` counts and `_seconds` and `_bytes` are units. Each entry says what the
operator does. A counter that is born at its first event hides that event, because `increase()` sees no change. So
each process creates the series of every label that is known beforehand at 0 (`Metrics.begin`).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from itertools import product
from typing import Literal, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, PlatformCollector, ProcessCollector

from pipeline.stages import STAGES, running_stages
from schemas.refusals import PostRefusal, RequestRefusal, refusals_at

LATENCY_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)
"""They reach from one transaction's commit (26 ms measured) to a consumer that was down for half an hour."""
PEOPLE_BUCKETS_S = (15.0, 60.0, 300.0, 900.0, 1800.0, 3600.0, 7200.0, 14_400.0, 28_800.0, 86_400.0)
"""They reach from an idle rep's first glance to a case that waited for the next day."""
RECORD_BUCKETS = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 10_000)

Stages = tuple[str, ...]
ALL: Stages = tuple(stage.name for stage in STAGES if stage.reads or stage.writes)
RUNNING: Stages = running_stages()
PRODUCING: Stages = tuple(stage.name for stage in STAGES if stage.writes)


@dataclass(frozen=True)
class Metric:
    """One metric with its name (without prefix), kind, labels and meaning, what to do about it, and which stages
    have it.

    `values` lists the labels whose values are known beforehand. `stage` and `topic` follow from the stage.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...]
    about: str
    action: str
    stages: Stages = RUNNING
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    topics: Literal["reads", "writes"] | None = None
    """Says which topics of the stage the label `topic` names."""
    buckets: tuple[float, ...] = LATENCY_BUCKETS_S


DEAD_LETTER_CODES = tuple(
    dict.fromkeys(refusal.code for place in ("desktop", "stream") for refusal in refusals_at(place))
)
ROUTING_OUTCOMES = (
    "duplicate_posts", "duplicate_rep_events", "revealed_without_case", "timers_parked",
    "requests_after_close", "reposts_after_close", "answered_in_public",
    *(f"refused_{reason}" for reason in get_args(PostRefusal)),
    *(f"request_refused_{reason}" for reason in get_args(RequestRefusal)),
)  # fmt: skip
"""What the router counts by name besides what it publishes; `refused_` are posts and `request_refused_` what reps
asked for. `_after_close` are those of both that name a case of the last week. `answered_in_public` are answers in
public to private messages."""

STORED_TABLES = ("posts", "case_events", "assignments", "refused_posts", "queue_gauges", "rep_presence")

METRICS: tuple[Metric, ...] = (
    Metric("records_consumed_total", "counter", ("stage", "topic"), "records read from a topic",
           "no increase while lag grows: see the stage's log, restart it", topics="reads"),
    Metric("records_produced_total", "counter", ("stage", "topic"), "records delivered to a topic",
           "compare with records_consumed_total of the next stage", stages=PRODUCING,
           topics="writes"),
    Metric("dead_letters_total", "counter", ("stage", "code"), "records given up, by reason code",
           "a new code or a jump: `earshot dlq list`, fix the producer, replay",
           values={"code": DEAD_LETTER_CODES}),
    Metric("errors_total", "counter", ("stage", "code"), "errors that were retried or ended the worker",
           "steady increase: the named service is unwell", stages=ALL),
    Metric("lag_records", "gauge", ("stage", "topic", "partition"), "records not yet read by the stage",
           "growing: start another worker of the stage, or see what blocks it"),
    Metric("hop_latency_seconds", "histogram", ("stage",), "append time of the input to output delivered",
           "p99 above the service level: see lag first, then the stage's batch time"),
    Metric("end_to_end_latency_seconds", "histogram", ("stage",),
           "append time in posts.raw to the post or assignment stored, less the time in which its case waited for "
           "a rep", "p99 above the service level: find the slow hop in hop_latency_seconds", stages=("sink",)),
    Metric("case_wait_seconds", "histogram", ("until",),
           "a case in line until it was offered (each offer) or assigned: people's time, not the machine's",
           "long until offered: too few reps; long from offered to assigned: reps do not answer", stages=("sink",),
           values={"until": ("offered", "assigned")}, buckets=PEOPLE_BUCKETS_S),
    Metric("batch_records", "histogram", ("stage",), "records a batch or transaction",
           "always at the limit: the stage is saturated; always 1: it idles", buckets=RECORD_BUCKETS),
    Metric("batch_seconds", "histogram", ("stage", "step"), "time of a step of one batch",
           "shows which step got slow: decode, score, deliver, commit of enrich, store of the sink",
           stages=("enrich", "sink")),
    Metric("model_cache_total", "counter", ("outcome",), "texts by where their scores came from: hit, miss",
           "hits near 0 on a stream that repeats itself: raise EARSHOT_MODEL__CACHE_ENTRIES", stages=("enrich",),
           values={"outcome": ("hit", "miss")}),
    Metric("model_info", "gauge", ("model", "engine", "configuration"),
           "1: what scores in this process, checked at start against the model's known answers",
           "workers differ: see `configuration rejected` in the log; EARSHOT_MODEL__PRECISION=f32 makes them one",
           stages=("enrich",)),
    Metric("transactions_total", "counter", ("stage", "outcome"), "Kafka transactions by outcome",
           "aborted rising: see the stage's log for the cause", stages=("route",),
           values={"outcome": ("committed", "aborted")}),
    Metric("producer_renewals_total", "counter", ("stage",), "producers replaced because an answer was in doubt",
           "more than a few an hour: the network to the brokers, or a broker, loses requests", stages=("route",)),
    Metric("partitions_taken_total", "counter", ("stage", "how"),
           "partitions that began to work: restored from the changelog, or kept over a rebalance",
           "restored often: workers come and go; give each its EARSHOT_KAFKA__INSTANCE_ID", stages=("route",),
           values={"how": ("restored", "kept")}),
    Metric("timers_fired_total", "counter", ("stage",), "timers that fired",
           "many timeouts: too few reps present", stages=("route",)),
    Metric("routing_outcomes_total", "counter", ("outcome",),
           "input that changed no case (repeats, refused posts and requests, lone reveals), parked timers, and "
           "public answers to private messages",
           "refused_no_policy, refused_too_old: work is left undone, see PostsRefused; "
           "timers_parked: a fault, see TimerParked; answered_in_public: see PrivateAnsweredInPublic",
           stages=("route",), values={"outcome": ROUTING_OUTCOMES}),
    Metric("at_live_edge", "gauge", ("partition",),
           "1 where the router has decided all that its inputs hold, give or take 2 s; 0: it offers nothing yet",
           "0 for minutes: it lags, see NothingOffered", stages=("route",)),
    Metric("broker_clock_off_seconds", "gauge", ("partition",),
           "how far a broker's clock is ahead, or behind below 0, that the router does not believe; 0: none is",
           "not 0: set the brokers' clocks right, see BrokerClockWrong", stages=("route",)),
    Metric("cases_open", "gauge", ("partition", "state"), "open cases by state", "waiting grows: add reps",
           stages=("route",)),
    Metric("reps_present", "gauge", ("partition",), "reps signed in and available",
           "0 with waiting cases: nobody works", stages=("route",)),
    Metric("queue_waiting", "gauge", ("workspace", "queue"), "cases that wait for an offer, each minute",
           "grows: add reps, or lend them from another team", stages=("route",)),
    Metric("queue_oldest_seconds", "gauge", ("workspace", "queue"), "how long the oldest of them waits; 0: none",
           "see OldestWaits", stages=("route",)),
    Metric("queue_expected_wait_seconds", "gauge", ("workspace", "queue"),
           "when a new case would be taken up by the pace of the last hour; absent where none was",
           "above what the queue promises: add reps", stages=("route",)),
    Metric("queue_unmatched", "gauge", ("workspace", "queue"),
           "waiting cases of an open queue that no rep at work may take, however free", "see CasesUnmatched",
           stages=("route",)),
    Metric("queue_held", "gauge", ("workspace", "queue"), "cases that reps have or are offered",
           "high while few wait: reps are slow to resolve", stages=("route",)),
    Metric("queue_reps_present", "gauge", ("workspace", "queue"),
           "reps who may take its cases and are signed in, available and answering",
           "0 with waiting cases: nobody works", stages=("route",)),
    Metric("queue_occupancy_ratio", "gauge", ("workspace", "queue"),
           "share of their capacity that is taken, 0..1; absent without such reps",
           "near 1 for long: add reps", stages=("route",)),
    Metric("queue_due_soon", "gauge", ("workspace", "queue"), "cases with a deadline that comes soon",
           "see DeadlinesUnattended", stages=("route",)),
    Metric("queue_breached", "gauge", ("workspace", "queue"), "open cases that have missed a deadline",
           "grows: add reps, or promise less", stages=("route",)),
    Metric("gauges_lost_total", "counter", ("stage",), "records of route.gauges that no broker took",
           "steady increase: the topic is missing or refused; decisions go on without it", stages=("route",)),
    Metric("rows_inserted_total", "counter", ("table",), "rows inserted into ClickHouse",
           "none while lag grows: see ClickHouse", stages=("sink",),
           values={"table": STORED_TABLES}),
    Metric("posts_refused_total", "counter", ("reason",), "valid posts that were not stored, by reason",
           "ttl: older than the configured keeping time", stages=("sink",), values={"reason": ("ttl",)}),
    Metric("broker_answers", "gauge", ("stage",),
           "1 while a Kafka broker answers this worker; 0 after 10 s of silence, and until the first answer",
           "0 in every stage: start the brokers, nothing is lost; in one: see the network between it and them"),
    Metric("ready", "gauge", ("stage",), "1 while the stage can work", "0 for long: its /readyz says why"),
    Metric("build_info", "gauge", ("version",), "1; the label says which release runs",
           "several values: a rolling upgrade, or one that got stuck", stages=ALL),
)  # fmt: skip


class Metrics:
    """Holds the declared metrics of one process, and what the client library tells of the process itself.

    Args:
        registry: where they are registered; a new one by default, so that tests and workers never collide.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry if registry is not None else CollectorRegistry()
        self._counters: dict[str, Counter] = {}
        self._gauges: dict[str, Gauge] = {}
        self._histograms: dict[str, Histogram] = {}
        for metric in METRICS:
            self._register(metric)
        # The client library adds memory, CPU time and open files of the process.
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.set("build_info", 1, version=version("earshot"))

    def begin(self, stage: str, *, reads: Iterable[str] = (), writes: Iterable[str] = ()) -> None:
        """Creates at 0 every series of the stage's counters and histograms whose labels are known beforehand.

        Args:
            stage: of this process.
            reads: topics that it consumes.
            writes: topics that it produces to.
        """
        topics = {"reads": tuple(reads), "writes": tuple(writes)}
        children: dict[str, Counter | Histogram] = {**self._counters, **self._histograms}
        for metric in METRICS:
            if metric.name not in children or stage not in metric.stages:
                continue
            for labels in _label_sets(metric, stage, topics):
                # To ask for a child creates its series.
                children[metric.name].labels(**labels)

    def _register(self, metric: Metric) -> None:
        name, about = f"earshot_{metric.name}", metric.about
        if metric.kind == "counter":
            self._counters[metric.name] = Counter(name, about, metric.labels, registry=self.registry)
        elif metric.kind == "gauge":
            self._gauges[metric.name] = Gauge(name, about, metric.labels, registry=self.registry)
        else:
            self._histograms[metric.name] = Histogram(
                name, about, metric.labels, buckets=metric.buckets, registry=self.registry
            )

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        """Adds to a declared counter. It raises KeyError when the counter is not declared."""
        self._counters[name].labels(**labels).inc(amount)

    def set(self, name: str, value: float, **labels: str) -> None:
        """Sets a declared gauge. It raises KeyError when the gauge is not declared."""
        self._gauges[name].labels(**labels).set(value)

    def forget(self, name: str, **labels: str) -> None:
        """Ends a series of a declared gauge, which must have been set."""
        self._gauges[name].remove_by_labels(labels)

    def observe(self, name: str, value: float, **labels: str) -> None:
        """Adds one observation to a declared histogram. It raises KeyError when the histogram is not declared."""
        self._histograms[name].labels(**labels).observe(value)

    def observe_all(self, name: str, values: Iterable[float], **labels: str) -> None:
        """Adds many observations to a declared histogram."""
        child = self._histograms[name].labels(**labels)
        for value in values:
            child.observe(value)


def _label_sets(metric: Metric, stage: str, topics: Mapping[str, tuple[str, ...]]) -> Iterator[dict[str, str]]:
    """Yields every combination of the label values that are known, and none when a label's values are not."""
    known: dict[str, tuple[str, ...]] = {"stage": (stage,), **metric.values}
    if metric.topics is not None:
        known["topic"] = topics[metric.topics]
    if not set(metric.labels) <= known.keys():
        return
    for values in product(*(known[label] for label in metric.labels)):
        yield dict(zip(metric.labels, values, strict=True))
