"""Whatever stands in an option or in a file that people bring ends with a sentence and exit code 2."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.adapters.in_memory.publisher import MemoryPublisher
from pipeline.app.importing.request import IngestRequest
from pipeline.app.offline.score import Counts, Known, score_lines
from pipeline.app.stages.ingest import Machines, ingest_file
from pipeline.cli import main
from pipeline.codec import decode
from pipeline.enrich.score import Scorer
from pipeline.errors import EXIT_USAGE, Misconfigured, Permanent
from pipeline.evaluation.heads import HEADS
from pipeline.evaluation.labelled import read_labelled
from pipeline.ingest.lines import Line
from pipeline.settings import KafkaSettings, Settings
from schemas.posts.raw import RawPost
from schemas.topics import RAW

POST = {
    "post_id": "x:1", "author": {"author_id": "x:a"}, "created_at": "2026-01-01T00:00:00Z", "platform": "x",
    "text": "hi", "workspace": "acme",
}  # fmt: skip
NOT_UTF8 = os.fsdecode(b"caf\xe9")
CSV = ["ingest", "csv", "none.csv", "--columns", "post_id=id"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["dlq", "show", "posts.raw.dlq/9999999999/1"], "there are no such topics, partitions or offsets"),
        (["dlq", "show", f"{'x' * 300}.dlq/0/0"], "there are no such topics, partitions or offsets"),
        (["generate", "--start", "9999-12-31T23:59:59-23:00"], "--start: the time must be between 1990 and 2100"),
        (["generate", "--start", "0001-01-01T00:00:00+23:00"], "--start: the time must be between 1990 and 2100"),
        (["pull", "x:\udcff"], "earshot: x:\\udcff: no file is called so, and a text must be UTF-8"),
        (["generate", "--workspace", "A B"], "workspace: must be at most 63 small letters"),
        ([*CSV, "--time-format", "%d %d"], "--time-format: '%d %d' is no format for strptime"),
        ([*CSV, "--time-format", "%Q"], "--time-format: '%Q' is no format for strptime"),
        (
            ["policy", "holidays", "p", "--country", "GB", "--calendar", "c", "--years", f"2026-{'9' * 20}"],
            "--years takes a year",
        ),
    ],
)
def test_a_wrong_option_is_told_in_a_sentence(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == EXIT_USAGE
    said = capsys.readouterr().err
    assert sentence in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("name", "locale"),
    [
        (b"caf\xe9", {"LC_ALL": "C.UTF-8"}),
        ("café".encode(), {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}),
    ],
)
def test_bytes_that_the_locale_does_not_know_may_name_a_file_and_are_no_text(
    tmp_path: Path, name: bytes, locale: dict[str, str]
) -> None:
    policy = os.fsencode(tmp_path) + b"/" + name
    Path(os.fsdecode(policy)).write_text("version: 1\n", encoding="utf-8")
    command = [os.fsencode(sys.executable), b"-m", b"pipeline.cli"]
    for words, sentence in (
        ([b"policy", b"check", policy], b":1: workspace: is missing"),
        ([b"policy", b"check", b"no-" + name], b"set LC_ALL=C.UTF-8"),
    ):
        ended = subprocess.run([*command, *words], capture_output=True, env=os.environ | locale, check=False)
        assert ended.returncode == EXIT_USAGE
        assert sentence in ended.stderr
        assert b"Traceback" not in ended.stderr


def test_an_export_whose_name_is_no_utf8_is_sent(tmp_path: Path) -> None:
    export = tmp_path / NOT_UTF8
    export.write_text(json.dumps(POST) + "\n", encoding="utf-8")
    publisher = MemoryPublisher()
    settings = Settings(kafka=KafkaSettings(bootstrap_servers="127.0.0.1:1"), state_dir=tmp_path)
    said: list[str] = []
    done = ingest_file(
        settings, IngestRequest(str(export)), say=said.append, machines=Machines(lambda _: publisher, lambda _: {})
    )
    assert done.sent == len(publisher.values(RAW.name)) == 1
    assert done.file.endswith("caf\\udce9")


@pytest.mark.parametrize("workspace", [None, "acme"])
def test_a_line_that_nests_too_deep_does_not_end_a_scoring(workspace: str | None) -> None:
    deep = json.dumps(POST)[:-1] + f', "more": {"[" * 300 + "]" * 300}}}'
    refused: list[tuple[int, str]] = []
    scored = score_lines(
        [Line(1, deep.encode()), Line(2, b"{")],
        name="posts.jsonl",
        scorer=_NeverAsked(),
        known=Known(),
        policies={},
        batch_size=8,
        workspace=workspace,
        counts=Counts(),
        refuse=lambda line, reason: refused.append((line, reason.code)),
    )
    assert list(scored) == []
    assert refused == [(1, "invalid_json"), (2, "invalid_json")]


class _NeverAsked(Scorer):
    def __init__(self) -> None:
        """It needs no model, because no post comes."""


def test_labelled_posts_that_are_damaged_or_no_text_are_named(tmp_path: Path) -> None:
    whole = gzip.compress(b"".join(b'{"text": "%d", "label": "neutral"}\n' % n for n in range(999)))
    broken = tmp_path / "broken.gz"
    broken.write_bytes(whole[:20] + b"\xff" * 40 + whole[60:])
    half = tmp_path / "half"
    half.write_text('{"text": "\\ud800", "label": "neutral"}\n', encoding="utf-8")
    for file, sentence in ((broken, "cannot read labelled posts"), (half, ":1: text: holds half a character")):
        with pytest.raises(Misconfigured, match=sentence):
            read_labelled(str(file), HEADS["sentiment"])


def test_a_reason_says_that_a_value_nests_too_deep() -> None:
    with pytest.raises(Permanent, match="nests too deep"):
        decode(RawPost, b'{"more": ' + b"[" * 300 + b"]" * 300 + b"}")
