"""Joins the router with the transactional loop over posts.actionable and reps.events."""

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version

from pipeline.adapters.kafka.best_effort import BestEffortPublisher
from pipeline.adapters.kafka.policies.in_force import PoliciesInForce
from pipeline.adapters.kafka.policies.team_topics import TeamTopics
from pipeline.adapters.kafka.transactional.member import TransactionalMember
from pipeline.adapters.kafka.transactional.observer import Outcome
from pipeline.app.endpoints import resolve
from pipeline.app.garbage_collection import ShortPauses
from pipeline.app.queue_gauges import QueueGauges
from pipeline.app.readiness import Readiness
from pipeline.app.routing_outcomes import RoutingOutcomes
from pipeline.clock import SystemClock, to_ms
from pipeline.errors import EXIT_RESTART, MustRestart
from pipeline.logs import Log, get_log
from pipeline.loop.spec import StageSpec
from pipeline.metrics import Metrics
from pipeline.ports.decider import Decider
from pipeline.route.router import Router
from pipeline.route.sla.zones import tzdata_version
from pipeline.settings import Settings
from pipeline.stages import stage_of
from schemas.topics import ASSIGNMENTS, JOURNAL, POLICY_LOG, ROUTE_STATE

STAGE = "route"
GAUGE_INTERVAL_S = 5.0
DAY_MS = 86_400_000
_NOTHING: Mapping[str, int] = Counter()


def new_router(settings: Settings) -> Router:
    """Returns the core of the stage, without state."""
    return Router(int(settings.route.remember_days * DAY_MS), settings.clock)


def configuration(settings: Settings) -> str:
    """Names all on which the router's decisions depend besides its inputs and its state."""
    return (
        f"earshot {version('earshot')}, clock {settings.clock}, remember_days {settings.route.remember_days}, "
        f"tzdata {tzdata_version()}"
    )


def run(settings: Settings) -> None:
    """Routes until SIGTERM or SIGINT.

    Raises:
        ServiceMissing: no broker is known or answers.
        Misconfigured: topics are missing or not co-partitioned, or state and offsets do not fit together.
    """
    settings = resolve(settings)
    log, stop = get_log(STAGE), threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    readiness = Readiness(settings, STAGE)
    log.info("starting", http_port=readiness.port)
    policies = PoliciesInForce.start(settings.kafka)
    pauses = ShortPauses()
    publisher = BestEffortPublisher(settings.kafka)
    observer = _Observer(readiness.metrics, log, pauses, QueueGauges(readiness.metrics, publisher))
    topics = TeamTopics(settings.kafka)
    clock = SystemClock()
    agent = TransactionalMember(
        settings.kafka,
        StageSpec(
            stage=STAGE,
            inputs=tuple(topic.name for topic in stage_of(STAGE).inputs),
            changelog=ROUTE_STATE.name,
            journal=JOURNAL.name,
            event_clock=settings.clock == "event",
            batch_size=settings.route.batch_size,
            policy_log=POLICY_LOG.name,
            copies=f"{ASSIGNMENTS.name}.",
            configuration=configuration(settings),
        ),
        lambda _: new_router(settings),
        lambda: to_ms(clock.now()),
        observer,
        lambda: _between(policies, topics, observer, agent, readiness.beat),
    )
    readiness.ask(lambda: agent.ready)
    log.info("started", clock=settings.clock)
    try:
        agent.run(stop.is_set)
    except MustRestart as error:
        # There is no clean-up. A fenced or broken worker must not touch the group or the log again.
        log.error("cannot_go_on", error=str(error))
        os._exit(EXIT_RESTART)
    finally:
        readiness.close()
    policies.close()
    publisher.close()
    log.info("stopped")


def _between(
    policies: PoliciesInForce,
    topics: TeamTopics,
    observer: "_Observer",
    agent: TransactionalMember,
    beat: Callable[[], None],
) -> None:
    policies.poll()
    # The topics come before the policies that name them. An undone transaction may mean that one was deleted.
    topics.keep(policies.policies(), observer.aborts)
    agent.publish(policies.contents())
    observer.measure(agent)
    observer.pauses.between()
    beat()


class _Observer:
    """Turns what the loop did into metrics and log lines."""

    def __init__(self, metrics: Metrics, log: Log, pauses: ShortPauses, queues: QueueGauges) -> None:
        self.pauses = pauses
        self._queues = queues
        self._metrics = metrics
        self._log = log
        self._outcomes = RoutingOutcomes(metrics)
        self._next_gauges = 0.0
        self._lags: dict[tuple[str, int], int] = {}
        self._gauges: dict[int, Mapping[str, int]] = {}
        self.aborts = 0
        """How many transactions were undone."""
        self._edges: dict[int, bool] = {}
        self._clocks_off_ms: dict[int, int] = {}

    def committed(self, _: int, outcome: Outcome) -> None:
        """Counts one committed transaction."""
        now_ms = time.time() * 1000
        self._metrics.count("transactions_total", stage=STAGE, outcome="committed")
        self._metrics.observe("batch_records", len(outcome.records), stage=STAGE)
        self._metrics.observe_all(
            "hop_latency_seconds", [max(0.0, now_ms - r.append_ms) / 1000 for r in outcome.records], stage=STAGE
        )
        for record in outcome.records:
            self._metrics.count("records_consumed_total", stage=STAGE, topic=record.topic)
        for topic, count in outcome.outputs.items():
            self._metrics.count("records_produced_total", count, stage=STAGE, topic=topic)
        for letter in outcome.dead_letters:
            self._metrics.count("dead_letters_total", stage=STAGE, code=letter.reason.code)
            self._log.warning("dead_letter", **letter.told())
        if outcome.timers:
            self._metrics.count("timers_fired_total", outcome.timers, stage=STAGE)

    def aborted(self, partition: int, reason: str) -> None:
        """Counts one undone transaction and logs its reason."""
        self.aborts += 1
        self._metrics.count("transactions_total", stage=STAGE, outcome="aborted")
        self._log.warning("transaction_aborted", partition=partition, reason=reason)

    def renewed(self, partition: int, reason: str, seconds: float) -> None:
        """Counts one renewal of a producer."""
        self._metrics.count("producer_renewals_total", stage=STAGE)
        self._log.warning("producer_renewed", partition=partition, reason=reason, seconds=round(seconds, 3))

    def acquired(self, partition: int, entries: int | None, seconds: float) -> None:
        """Counts a partition that begins to work."""
        how = "kept" if entries is None else "restored"
        self._metrics.count("partitions_taken_total", stage=STAGE, how=how)
        self._log.info(f"partition_{how}", partition=partition, entries=entries or 0, seconds=round(seconds, 3))

    def incomplete(self, partition: int, missing: Sequence[str]) -> None:
        """Logs why a partition is left alone."""
        self._log.warning(
            "partition_left_alone", partition=partition, missing=list(missing),
            reason="other workers of the group, of another release, read its other inputs",
        )  # fmt: skip

    def let_go(self, partition: int) -> None:
        """Has the memory of a dropped state freed."""
        self._log.info("partition_dropped", partition=partition)
        self.pauses.let_go()

    def measure(self, agent: TransactionalMember) -> None:
        """Exports what the routers count, and every `GAUGE_INTERVAL_S` the lag and the numbers of cases."""
        routers = {n: _router(decider) for n, decider in agent.deciders.items()}
        self._outcomes.look(routers.values())
        self._queues.look(routers, agent.edges, agent.times_ms)
        # The loop turns many times a second, while a scrape comes every few seconds.
        if time.monotonic() < self._next_gauges:
            return
        self._next_gauges = time.monotonic() + GAUGE_INTERVAL_S
        # A partition that has moved to another worker is shown there. Its old value here must become 0, or it
        # would count twice.
        self._lags = dict.fromkeys(self._lags, 0) | agent.lags()
        for (topic, partition), lag in self._lags.items():
            self._metrics.set("lag_records", lag, stage=STAGE, topic=topic, partition=str(partition))
        self._gauges = dict.fromkeys(self._gauges, _NOTHING) | {
            n: router.gauges() for n, router in routers.items()
        }
        self._edges = dict.fromkeys(self._edges, True) | agent.edges
        for number, live in self._edges.items():
            self._metrics.set("at_live_edge", int(live), partition=str(number))
        self._clocks_off_ms = dict.fromkeys(self._clocks_off_ms, 0) | agent.clocks_off_ms
        for number, off_ms in self._clocks_off_ms.items():
            self._metrics.set("broker_clock_off_seconds", off_ms / 1000, partition=str(number))
        for number, gauges in self._gauges.items():
            self._metrics.set("reps_present", gauges["reps_present"], partition=str(number))
            for state in ("waiting", "offered", "assigned"):
                self._metrics.set("cases_open", gauges[state], partition=str(number), state=state)


def _router(decider: Decider) -> Router:
    assert isinstance(decider, Router)
    return decider
