"""`earshot run` says what is wrong with its arguments and hands a stage its settings."""

import sys
from types import ModuleType

import pytest

from pipeline.cli import main
from pipeline.cli.run import worker_counts
from pipeline.errors import Misconfigured, MustRestart
from pipeline.settings import Settings
from pipeline.stages import running_stages

STAGES = ("enrich", "route", "sink")


def code_of(*argv: str) -> object:
    with pytest.raises(SystemExit) as ended:
        main(list(argv))
    return ended.value.code


def test_an_unknown_stage_is_wrong_use_and_the_known_ones_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("run", "dance") == 2
    assert f"{', '.join(running_stages())}, or all" in capsys.readouterr().err


def test_options_of_all_are_refused_for_one_stage(capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("run", "sink", "--workers", "sink=2") == 2
    assert "earshot run all" in capsys.readouterr().err


def test_workers_are_one_a_stage_unless_said() -> None:
    assert worker_counts(STAGES, []) == {"enrich": 1, "route": 1, "sink": 1}
    assert worker_counts(STAGES, ["enrich=2", "sink=0"]) == {"enrich": 2, "route": 1, "sink": 0}


@pytest.mark.parametrize("option", ["enrich", "enrich=", "enrich=-1", "enrich=two", "dance=1", "enrich=65"])
def test_a_bad_workers_option_is_named(option: str) -> None:
    with pytest.raises(Misconfigured, match=f"--workers {option}"):
        worker_counts(STAGES, [option])


def fake_stage(monkeypatch: pytest.MonkeyPatch, error: Exception | None = None) -> list[Settings]:
    seen: list[Settings] = []
    module = ModuleType("pipeline.app.stages.sink")

    def run(settings: Settings) -> None:
        seen.append(settings)
        if error is not None:
            raise error

    module.run = run  # type: ignore[attr-defined]  # a module made here has no declared names
    monkeypatch.setitem(sys.modules, "pipeline.app.stages.sink", module)
    monkeypatch.setattr("pipeline.logs.setup_logs", lambda level, fmt: None)
    return seen


def test_a_stage_gets_the_settings_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = fake_stage(monkeypatch)
    monkeypatch.setenv("EARSHOT_SINK__BATCH_ROWS", "7")
    assert code_of("run", "sink") == 0
    assert seen[0].sink.batch_rows == 7


def test_the_exit_code_is_that_of_the_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_stage(monkeypatch, MustRestart("fenced"))
    assert code_of("run", "sink") == 70
    assert "fenced" in capsys.readouterr().err


def test_a_worker_with_a_broken_lifeline_refuses_to_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = fake_stage(monkeypatch)
    monkeypatch.setenv("EARSHOT_PARENT_FD", "999")
    assert code_of("run", "sink") == 2
    assert "no open pipe" in capsys.readouterr().err
    assert seen == []
