"""A topic on which nothing happened for a while is no error."""

from pathlib import Path
from time import monotonic
from types import SimpleNamespace
from typing import Any

import faust
import pytest
from faust.types import TP

from pipeline.adapters.faust.worker import build_app
from pipeline.settings import KafkaSettings

PLACE = TP("posts.raw", 0)
HOUR_S = 3600.0


def _ours(folder: Path) -> Any:
    kafka = KafkaSettings(bootstrap_servers="127.0.0.1:1")
    return build_app(kafka, "earshot-test", folder, batch_size=10, fetch_wait_ms=10)


def _as_faust_comes(folder: Path) -> Any:
    return faust.App("earshot-test", broker="kafka://127.0.0.1:1", datadir=str(folder), env={})


async def _never(_: Any) -> None:
    raise AssertionError("nothing is consumed here")


@pytest.mark.parametrize(("make", "complains"), [(_ours, False), (_as_faust_comes, True)])
@pytest.mark.parametrize("fetched_before_s", [0.0, HOUR_S], ids=["fetched now", "fetched an hour ago"])
async def test_the_first_record_after_an_idle_hour_is_no_stopped_stream(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Any, complains: bool, fetched_before_s: float
) -> None:
    app = make(tmp_path)
    thread = app.transport.create_consumer(
        _never, on_partitions_revoked=_never, on_partitions_assigned=_never
    )._thread
    now_s = monotonic()
    thread.time_started = now_s - 2 * HOUR_S
    app.monitor.stream_inbound_time[PLACE] = now_s - HOUR_S
    app.topics.acks_enabled_for = lambda _: True
    state = SimpleNamespace(highwater=18, position=17, timestamp=(now_s - fetched_before_s) * 1000)
    assignment = SimpleNamespace(active=True, state_value=lambda _: state)
    subscriptions = SimpleNamespace(subscription=SimpleNamespace(assignment=assignment))
    thread._consumer = SimpleNamespace(_fetcher=SimpleNamespace(_subscriptions=subscriptions))
    said: list[str] = []
    monkeypatch.setattr(thread.log, "error", lambda message, *_, **__: said.append(message))
    thread.verify_event_path(now_s, PLACE)
    assert bool(said) is complains, said
