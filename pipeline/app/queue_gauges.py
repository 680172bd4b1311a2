"""Tells supervisors how queues stand and who comes and goes: as metrics, and as records of `route.gauges`.

It looks at the routers between their transactions and decides nothing, so that no decision waits for it. Metrics
hold no id of a rep.
"""

from collections.abc import Iterator, Mapping
from typing import Protocol

from pipeline.codec import encode
from pipeline.metrics import Metrics
from pipeline.ports.records import Record
from pipeline.route.router import Router
from schemas.cases.gauges import QueueGauge, RepGauge
from schemas.topics import GAUGES

STAGE = "route"
Shown = tuple[str, str, str]
"""Metric, workspace and queue."""


class Publisher(Protocol):
    """Sends records that nothing waits for. It never blocks and never raises."""

    sent: int
    """Records that the brokers have."""
    lost: int
    """Records that were given up."""

    def send(self, record: Record) -> None:
        """Hands one record over."""
        ...

    def poll(self) -> None:
        """Learns what became of earlier ones."""
        ...


class QueueGauges:
    """Looks at all routers of a worker.

    Args:
        metrics: of the worker.
        publisher: sends the records.
    """

    def __init__(self, metrics: Metrics, publisher: Publisher) -> None:
        self._metrics = metrics
        self._publisher = publisher
        self._sent = self._lost = 0
        self._shown: dict[int, set[Shown]] = {}

    def look(self, routers: Mapping[int, Router], edges: Mapping[int, bool], times_ms: Mapping[int, int]) -> None:
        """Tells what is new of the routers that are at their live edge.

        Args:
            routers: by partition number.
            edges: whether each is at its live edge.
            times_ms: the time of each.
        """
        for number in self._shown.keys() - routers.keys():
            self._show(number, {})
        for number, router in routers.items():
            if not edges[number]:
                continue
            for rep in router.watch.reps(times_ms[number]):
                self._publish(rep)
            minute_ms = router.watch.minute(times_ms[number])
            if minute_ms is not None:
                queues = router.watch.queues(minute_ms)
                for queue in queues:
                    self._publish(queue)
                self._show(number, {shown: value for queue in queues for shown, value in _figures(queue)})
        self._count()

    def _count(self) -> None:
        publisher = self._publisher
        publisher.poll()
        if publisher.sent > self._sent:
            self._metrics.count(
                "records_produced_total", publisher.sent - self._sent, stage=STAGE, topic=GAUGES.name
            )
            self._sent = publisher.sent
        if publisher.lost > self._lost:
            self._metrics.count("gauges_lost_total", publisher.lost - self._lost, stage=STAGE)
            self._lost = publisher.lost

    def _publish(self, gauge: QueueGauge | RepGauge) -> None:
        self._publisher.send(Record(GAUGES.name, gauge.workspace.encode(), encode(gauge)))

    def _show(self, number: int, figures: Mapping[Shown, float]) -> None:
        # A queue that is gone, or that another worker has now, must not be shown as it was.
        for name, workspace, queue in self._shown.pop(number, set()) - figures.keys():
            self._metrics.forget(name, workspace=workspace, queue=queue)
        for (name, workspace, queue), value in figures.items():
            self._metrics.set(name, value, workspace=workspace, queue=queue)
        if figures:
            self._shown[number] = set(figures)


def _figures(gauge: QueueGauge) -> Iterator[tuple[Shown, float]]:
    figures = {
        "queue_waiting": gauge.waiting,
        "queue_oldest_seconds": gauge.oldest_s or 0,
        "queue_expected_wait_seconds": gauge.expected_wait_s,
        "queue_unmatched": gauge.unmatched,
        "queue_held": gauge.held,
        "queue_reps_present": gauge.present,
        "queue_occupancy_ratio": gauge.occupancy,
        "queue_due_soon": gauge.due_soon,
        "queue_breached": gauge.breached,
    }
    for name, value in figures.items():
        if value is not None:
            yield (name, gauge.workspace, gauge.queue), value
