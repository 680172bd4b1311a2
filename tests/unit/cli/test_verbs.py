"""The verbs are the files of `pipeline/cli`, and listing them imports none."""

import subprocess
import sys
from importlib import import_module
from itertools import pairwise

import pytest

from pipeline.cli import about, main, verbs


@pytest.mark.parametrize("verb", verbs())
def test_a_verb_is_a_module_that_begins_with_its_name_and_has_an_app(verb: str) -> None:
    module = import_module(f"pipeline.cli.{verbs()[verb].stem}")
    assert (module.__doc__ or "").startswith(f"`earshot {verb}`: ")
    assert module.app.registered_commands or module.app.registered_callback


def test_help_lists_every_verb_with_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    listed = [line.split(maxsplit=1) for line in capsys.readouterr().out.split("Verbs:\n")[1].splitlines()]
    assert listed == [[verb, about(file)] for verb, file in verbs().items()]


def test_a_misspelt_verb_is_wrong_use_and_the_nearest_one_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["adit"])
    assert ended.value.code == 2
    assert "Did you mean audit?" in capsys.readouterr().err


def test_a_paragraph_of_help_breaks_where_the_line_is_full(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for words in (["bench", "queue"], ["audit"]):
        with pytest.raises(SystemExit):
            main([*words, "--help"])
        paragraphs = capsys.readouterr().out.split("\n\n")
        assert len(paragraphs) > 2
        lines = paragraphs[2].splitlines()
        # The next line's first word would not have fitted.
        assert all(len(line) + len(after.split()[0]) >= 78 for line, after in pairwise(lines))


def test_help_imports_no_verb() -> None:
    code = "import sys; from pipeline.cli import _overview; _overview(); print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {name for name in loaded if name.startswith("pipeline.cli.") and ".text" not in name}
    assert not {"confluent_kafka", "faust", "numpy", "schemas.topics"} & set(loaded)
