"""Exports what the routers of a worker have counted as one Prometheus counter."""

from collections.abc import Iterable, Mapping
from weakref import WeakKeyDictionary

from pipeline.metrics import Metrics
from pipeline.route.router import Router

COUNTED_ELSEWHERE = frozenset({"timers_fired"})
"""The loop counts these in a metric of their own."""


class RoutingOutcomes:
    """Adds to `routing_outcomes_total` what each router has counted since the last look.

    A router counts from its start, and another one takes its place when its partition moves. So each is followed
    by itself. What a router counts between the last look and the loss of its partition is not exported.
    """

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._exported: WeakKeyDictionary[Router, Mapping[str, int]] = WeakKeyDictionary()

    def look(self, routers: Iterable[Router]) -> None:
        """Looks at all routers of the worker."""
        for router in routers:
            counters = router.counters()
            before = self._exported.get(router, {})
            if counters == before:
                continue
            for outcome in counters.keys() - COUNTED_ELSEWHERE:
                new = counters[outcome] - before.get(outcome, 0)
                if new:
                    self._metrics.count("routing_outcomes_total", new, outcome=outcome)
            self._exported[router] = counters
