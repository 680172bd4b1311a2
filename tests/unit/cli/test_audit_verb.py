"""`earshot audit` without services says so and exits 3; wrong use exits 2."""

from pathlib import Path

import pytest

from pipeline.adapters.kafka import lag as group_lag
from pipeline.cli import main
from pipeline.errors import EXIT_SERVICE_MISSING, EXIT_USAGE


def audit(*options: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["audit", *options])
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.fixture(autouse=True)
def _no_services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARSHOT_STATE_DIR", str(tmp_path))
    for name in ("EARSHOT_KAFKA__BOOTSTRAP_SERVERS", "EARSHOT_CLICKHOUSE__URL"):
        monkeypatch.delenv(name, raising=False)


def test_without_a_stack_it_exits_3_and_says_what_to_type(capsys: pytest.CaptureFixture[str]) -> None:
    assert audit() == EXIT_SERVICE_MISSING
    assert "earshot local up" in capsys.readouterr().err


def test_without_kafka_it_exits_3(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARSHOT_KAFKA__BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setenv("EARSHOT_CLICKHOUSE__URL", "http://127.0.0.1:1")
    monkeypatch.setattr(group_lag, "TIMEOUT_S", 0.5)
    assert audit() == EXIT_SERVICE_MISSING
    assert "Kafka at 127.0.0.1:1 does not answer" in capsys.readouterr().err


def test_wrong_use_exits_2() -> None:
    assert audit("--settle", "-1") == EXIT_USAGE
    assert audit("--manifest", "no-such-file") == EXIT_USAGE
