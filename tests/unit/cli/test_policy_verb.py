"""`earshot policy check` and `policy test`: queries refused by line, topics tried on posts."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli import main
from pipeline.errors import EXIT_OK, EXIT_USAGE

POLICY = """\
workspace: acme
version: 2
brand: {name: Acme, handles: [acme]}
queues:
  - {name: general, team: care}
rules:
  - {name: all, action: respond, queue: general}
topics:
  - name: brand
    kind: brand
    any: [acme, "#acmedown"]
    none: [acme road]
  - name: outage
    any:
      - '"app down"~4'
      - "🔥"
    all: [acme]
  - name: idle
    any: [zeppelin]
"""
POST: dict[str, Any] = {
    "workspace": "acme",
    "post_id": "x:1",
    "platform": "x",
    "author": {"author_id": "x:42"},
    "created_at": "2026-11-20T12:00:00Z",
    "title": "Zeppelin",
    "text": "hello",
}


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["policy", *words])
    return EXIT_OK if ended.value.code is None else int(str(ended.value.code))


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY, encoding="utf-8")
    return path


def _posts(tmp_path: Path, *posts: object) -> str:
    path = tmp_path / "posts.jsonl"
    path.write_text("\n".join(json.dumps(post) for post in posts) + "\n\n", encoding="utf-8")
    return str(path)


def test_posts_that_concern_a_topic_are_told_with_the_words(
    policy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = _posts(
        tmp_path, {"text": "The Acme app is down 🔥"}, {"title": "On Acme Road", "text": "[b]"}, {"text": "x"}
    )
    assert run("test", str(policy), "--posts", file) == EXIT_OK
    printed = capsys.readouterr()
    rows = [line.split() for line in printed.out.splitlines()]
    assert ["1", "brand", "Acme", "The", "Acme", "app", "is", "down", "🔥"] in rows
    assert ["1", "outage", "Acme,", "app", "is", "down,", "🔥", "The", "Acme", "app", "is", "down", "🔥"] in rows
    assert rows[-3:] == [["brand", "brand", "1"], ["outage", "topic", "1"], ["idle", "topic", "0"]]
    assert "3 posts, 1 concern a topic" in printed.err
    assert "found nothing: idle" in printed.err


def test_with_json_each_post_is_a_line_and_the_counts_are_the_last(
    policy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("test", str(policy), "--posts", _posts(tmp_path, {"text": "an ACME"}, POST), "--json") == EXIT_OK
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    brand = {"topic": "brand", "kind": "brand", "at": [{"field": "text", "start": 3, "end": 7}], "words": ["ACME"]}
    idle = {
        "topic": "idle",
        "kind": "topic",
        "at": [{"field": "title", "start": 0, "end": 8}],
        "words": ["Zeppelin"],
    }
    assert lines == [
        {"line": 1, "post_id": None, "topics": [brand]},
        {"line": 2, "post_id": "x:1", "topics": [idle]},
        {"posts": 2, "counts": {"brand": 1, "outage": 0, "idle": 1}},
    ]


def test_a_gzip_file_is_read(policy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "posts.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"text": "acme"}\n'))
    assert run("test", str(policy), "--posts", str(path)) == EXIT_OK
    assert "1 posts, 1 concern" in capsys.readouterr().err


def test_posts_that_state_no_workspace_are_of_the_workspace_of_the_policy(
    policy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    post = {name: value for name, value in POST.items() if name != "workspace"}
    assert run("test", str(policy), "--posts", _posts(tmp_path, post)) == EXIT_OK
    assert "1 posts, 1 concern" in capsys.readouterr().err


def test_bad_lines_exit_2_and_are_named_by_line_and_field(
    policy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = _posts(tmp_path, {"text": "secret words"}, {"text": 5}, {}, POST | {"platform": "y"}, [1])
    assert run("test", str(policy), "--posts", file) == EXIT_USAGE
    printed = capsys.readouterr()
    told = [line.removeprefix("earshot: ").removeprefix(f"{file}:") for line in printed.err.splitlines()]
    assert [line.split(":")[0] for line in told] == ["2", "3", "4", "5"]
    assert told[0].startswith("2: invalid_field: text: ")
    assert "text or title is needed" in told[1]
    assert printed.out == ""


def test_many_bad_lines_are_counted(policy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("test", str(policy), "--posts", _posts(tmp_path, *[{}] * 25)) == EXIT_USAGE
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 21
    assert told[-1] == "and 5 more bad lines"


def test_a_missing_or_empty_file_exits_2(policy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("test", str(policy), "--posts", str(tmp_path / "none")) == EXIT_USAGE
    assert "none: cannot read posts: No such file" in capsys.readouterr().err
    assert run("test", str(policy), "--posts", _posts(tmp_path)) == EXIT_USAGE
    assert "holds no post" in capsys.readouterr().err


@pytest.mark.parametrize("verb", [["check"], ["apply"], ["test", "--posts", "-"]])
def test_queries_that_are_none_are_refused_with_line_field_and_reason(
    verb: list[str], policy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy.write_text(POLICY.replace("[zeppelin]", '["#", a]').replace("acme road", "the"), encoding="utf-8")
    assert run(verb[0], str(policy), *verb[1:]) == EXIT_USAGE
    assert capsys.readouterr().err.splitlines() == [
        f'earshot: {policy}:12: topics[0].none[0]: "the" stands in nearly every post',
        f"{policy}:19: topics[2].any[0]: # alone: a name must follow it",
        f"{policy}:19: topics[2].any[1]: a single letter or digit stands in nearly every post",
    ]


def test_a_topic_without_any_and_all_is_refused(policy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policy.write_text(POLICY.replace("    any: [zeppelin]", "    none: [zeppelin]"), encoding="utf-8")
    assert run("check", str(policy)) == EXIT_USAGE
    assert f"{policy}:18: topics[2]: only none is given" in capsys.readouterr().err
