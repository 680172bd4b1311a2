"""No command ends with a traceback for what the operator can mend, and none with 1 for a defect."""

from pathlib import Path

import pytest
from confluent_kafka import KafkaError, KafkaException

from pipeline.cli import main
from pipeline.cli.text.endings import print_error_and_exit_code
from pipeline.errors import EXIT_RESTART, EXIT_SERVICE_MISSING, EXIT_USAGE


@pytest.mark.parametrize("verb", [["local", "up"], ["local", "status"], ["demo"]])
def test_a_state_folder_that_cannot_be_made_is_named_with_its_variable(
    verb: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("EARSHOT_STATE_DIR", str(tmp_path / "file" / "state"))
    with pytest.raises(SystemExit) as ended:
        main(verb)
    said = capsys.readouterr().err
    assert ended.value.code == EXIT_USAGE
    assert "Traceback" not in said
    assert said.endswith("Not a directory; the state folder must be writable: set EARSHOT_STATE_DIR\n")


def test_a_full_disk_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert print_error_and_exit_code(OSError(28, "No space left on device", "/data/x")) == EXIT_USAGE
    assert capsys.readouterr().err == "earshot: /data/x: No space left on device\n"


@pytest.mark.parametrize(
    ("code", "ending"),
    [(KafkaError._INVALID_ARG, EXIT_USAGE), (KafkaError._ALL_BROKERS_DOWN, EXIT_SERVICE_MISSING)],
)
def test_what_the_kafka_client_refuses_is_one_sentence(
    code: int, ending: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert print_error_and_exit_code(KafkaException(KafkaError(code, "in its words"))) == ending
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("defect", [ZeroDivisionError("oops"), FileNotFoundError(2, "No such file", "/elsewhere")])
def test_a_defect_shows_its_traceback_and_is_no_answer(
    defect: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    assert print_error_and_exit_code(defect) == EXIT_RESTART
    said = capsys.readouterr().err
    assert type(defect).__name__ in said
    assert "please report it" in said
