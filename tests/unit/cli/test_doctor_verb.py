"""`earshot doctor` on models of every kind."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.adapters.models import engines
from pipeline.adapters.models.torch import text_model as torch_engine
from pipeline.cli import main
from pipeline.errors import EXIT_OK, EXIT_SERVICE_MISSING
from pipeline.local import doctor
from pipeline.local.doctor import Check

Look = Callable[[], dict[str, object]]


@pytest.fixture
def finding(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Look:
    """What the doctor says of the model, as if torch were installed and no GPU there; it looks at nothing else."""
    monkeypatch.setattr(torch_engine, "find_spec", lambda _name: object())
    monkeypatch.setattr(engines, "find_gpu", lambda: None)
    services = doctor.service_checks

    def model_alone(*looks: doctor.Look) -> list[Check]:
        return [check for check in services(*looks) if check.name == "model"]

    monkeypatch.setattr(doctor, "machine_checks", lambda _state: [])
    monkeypatch.setattr(doctor, "embedded_checks", lambda: [])
    monkeypatch.setattr(doctor, "service_checks", model_alone)

    def look() -> dict[str, object]:
        with pytest.raises(SystemExit) as ended:
            main(["doctor", "--json"])
        found: dict[str, object] = json.loads(capsys.readouterr().out)
        assert ended.value.code == (EXIT_OK if found["ok"] else EXIT_SERVICE_MISSING)
        return found

    return look


def test_the_shipped_model_is_well(finding: Look) -> None:
    assert finding()["ok"]


def test_a_hub_id_is_well_and_is_named(finding: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARSHOT_MODEL__PATH", "someone/some-model")
    found = finding()
    assert found["ok"]
    assert "someone/some-model" in str(found["detail"])


def test_a_hugging_face_folder_is_well_once_its_weights_are_there(
    finding: Look, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    monkeypatch.setenv("EARSHOT_MODEL__PATH", str(tmp_path))
    found = finding()
    assert not found["ok"]
    assert "model.safetensors" in str(found["detail"])
    assert "EARSHOT_MODEL__PATH" in str(found["remedy"])
    (tmp_path / "model.safetensors").touch()
    assert finding()["ok"]


def test_models_by_language_are_looked_at_too(finding: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARSHOT_MODEL__BY_LANGUAGE", '{"de": "someone/german"}')
    assert "de: someone/german" in str(finding()["detail"])
    monkeypatch.setenv("EARSHOT_MODEL__BY_LANGUAGE", '{"de": "./nowhere"}')
    found = finding()
    assert not found["ok"]
    assert "./nowhere" in str(found["detail"])
