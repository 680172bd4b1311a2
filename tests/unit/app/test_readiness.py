"""A worker shows from its first second on that no broker answers, and what its stage says while one does."""

import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from pipeline.adapters.kafka import broker_watch
from pipeline.app.readiness import Readiness
from pipeline.settings import KafkaSettings, Settings


@pytest.fixture
def readiness(monkeypatch: pytest.MonkeyPatch) -> Iterator[Readiness]:
    made = _readiness(monkeypatch)
    yield made
    made.close()


def _readiness(monkeypatch: pytest.MonkeyPatch) -> Readiness:
    monkeypatch.setattr(broker_watch, "SILENT_AFTER_S", 1.0)
    return Readiness(Settings(kafka=KafkaSettings(bootstrap_servers="127.0.0.1:1")), "route")


def _get(readiness: Readiness, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{readiness.port}/{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_a_stage_that_is_fine_is_not_ready_without_a_broker(readiness: Readiness) -> None:
    readiness.ask(lambda: (True, "ok"))
    reason = "ok\n"
    while reason == "ok\n":
        status, reason = _get(readiness, "readyz")
    assert status == 503
    assert reason.startswith("no Kafka broker has answered for ")
    metrics = _get(readiness, "metrics")[1]
    assert 'earshot_broker_answers{stage="route"} 0.0' in metrics
    assert 'earshot_ready{stage="route"} 0.0' in metrics


def test_a_stage_that_cannot_say_whether_it_is_ready_does_not_break_the_scrape(readiness: Readiness) -> None:
    def breaks() -> tuple[bool, str]:
        raise RuntimeError("changed during iteration")

    readiness.ask(breaks)
    assert 'earshot_ready{stage="route"} 0.0' in _get(readiness, "metrics")[1]
