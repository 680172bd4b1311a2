"""Every metric as data, and the only place that creates one.

Prometheus conventions: `_total` counts, `_seconds` and `_bytes` units. Each entry says what the operator does.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

LATENCY_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)
"""From one transaction's commit (26 ms measured) to a consumer that was down for half an hour."""


@dataclass(frozen=True)
class Metric:
    """One metric: name without prefix, kind, labels, meaning, and what to do about it."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...]
    about: str
    action: str


METRICS: tuple[Metric, ...] = (
    Metric("records_consumed_total", "counter", ("stage", "topic"), "records read from a topic",
           "no increase while lag grows: see the stage's log, restart it"),
    Metric("records_produced_total", "counter", ("stage", "topic"), "records delivered to a topic",
           "compare with records_consumed_total of the next stage"),
    Metric("dead_letters_total", "counter", ("stage", "code"), "records given up, by reason code",
           "a new code or a jump: read <topic>.dlq, fix the producer, replay"),
    Metric("errors_total", "counter", ("stage", "code"), "errors that were retried or ended the worker",
           "steady increase: the named service is unwell"),
    Metric("lag_records", "gauge", ("stage", "topic", "partition"), "records not yet read by the stage",
           "growing: start another worker of the stage, or see what blocks it"),
    Metric("hop_latency_seconds", "histogram", ("stage",), "append time of the input to output delivered",
           "p99 above the service level: see lag first, then the stage's batch time"),
    Metric("end_to_end_latency_seconds", "histogram", ("stage",),
           "append time in posts.raw to this stage's output",
           "p99 above the service level: find the slow hop in hop_latency_seconds"),
    Metric("batch_records", "histogram", ("stage",), "records a batch or transaction",
           "always at the limit: the stage is saturated; always 1: it idles"),
    Metric("batch_seconds", "histogram", ("stage", "step"), "time of a step of one batch",
           "shows which step (decode, score, deliver, decide, commit, insert) got slow"),
    Metric("model_cache_total", "counter", ("outcome",), "texts by where their scores came from: hit, miss",
           "hits near 0 on a stream that repeats itself: raise EARSHOT_MODEL__CACHE_ENTRIES"),
    Metric("transactions_total", "counter", ("stage", "outcome"), "Kafka transactions by outcome",
           "aborted rising: see the stage's log for the cause"),
    Metric("timers_fired_total", "counter", ("stage",), "timers that fired",
           "many timeouts: too few reps present"),
    Metric("cases_open", "gauge", ("partition", "state"), "open cases by state", "waiting grows: add reps"),
    Metric("reps_present", "gauge", ("partition",), "reps signed in and available",
           "0 with waiting cases: nobody works"),
    Metric("rows_inserted_total", "counter", ("table",), "rows inserted into ClickHouse",
           "none while lag grows: see ClickHouse"),
    Metric("posts_refused_total", "counter", ("reason",), "valid posts that were not stored, by reason",
           "ttl: older than the configured keeping time"),
    Metric("broker_answers", "gauge", ("stage",),
           "1 while a Kafka broker answers this worker; 0 after 10 s of silence, and until the first answer",
           "0 in every stage: start the brokers, nothing is lost; in one: see the network between it and them"),
    Metric("ready", "gauge", ("stage",), "1 while the stage can work", "0 for long: its /readyz says why"),
)  # fmt: skip


class Metrics:
    """The declared metrics of one process.

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

    def _register(self, metric: Metric) -> None:
        name, about = f"earshot_{metric.name}", metric.about
        if metric.kind == "counter":
            self._counters[metric.name] = Counter(name, about, metric.labels, registry=self.registry)
        elif metric.kind == "gauge":
            self._gauges[metric.name] = Gauge(name, about, metric.labels, registry=self.registry)
        else:
            buckets = (
                (1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 10_000)
                if "records" in metric.name
                else LATENCY_BUCKETS_S
            )
            self._histograms[metric.name] = Histogram(
                name, about, metric.labels, buckets=buckets, registry=self.registry
            )

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        """Adds to a declared counter; KeyError when it is not declared."""
        self._counters[name].labels(**labels).inc(amount)

    def set(self, name: str, value: float, **labels: str) -> None:
        """Sets a declared gauge; KeyError when it is not declared."""
        self._gauges[name].labels(**labels).set(value)

    def observe(self, name: str, value: float, **labels: str) -> None:
        """Adds one observation to a declared histogram; KeyError when it is not declared."""
        self._histograms[name].labels(**labels).observe(value)

    def observe_all(self, name: str, values: Iterable[float], **labels: str) -> None:
        """Adds many observations to a declared histogram."""
        child = self._histograms[name].labels(**labels)
        for value in values:
            child.observe(value)
