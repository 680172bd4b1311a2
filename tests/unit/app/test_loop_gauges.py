"""What a worker's partitions show of themselves, and no longer show once they have moved away."""

from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import Mock

import pytest

from pipeline.app.stages import route
from pipeline.metrics import Metrics


def agent(**state: dict[int, Any]) -> Any:
    return SimpleNamespace(deciders={}, lags=dict, times_ms={}, **state)


def test_a_partition_shows_its_edge_and_a_wrong_clock_until_it_has_moved_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(route, "GAUGE_INTERVAL_S", 0.0)
    metrics = Metrics()
    observer = route._Observer(metrics, *(cast(Any, Mock()) for _ in range(3)))

    def shown(name: str) -> float | None:
        return metrics.registry.get_sample_value(f"earshot_{name}", {"partition": "3"})

    observer.measure(agent(edges={3: False}, clocks_off_ms={3: -3_600_000}))
    assert (shown("at_live_edge"), shown("broker_clock_off_seconds")) == (0.0, -3600.0)
    observer.measure(agent(edges={}, clocks_off_ms={}))
    assert (shown("at_live_edge"), shown("broker_clock_off_seconds")) == (1.0, 0.0)
