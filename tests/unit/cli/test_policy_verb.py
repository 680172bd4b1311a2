"""`earshot policy check` and `policy test`: queries refused by line, a policy tried on posts."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.adapters.in_memory.model import KeywordSentiment
from pipeline.cli import main
from pipeline.enrich.score import Scorer
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
RULES = """\
  - {name: vip, when: {platform: [vip]}, skills: [{name: accounts, level: 3}], tags: [vip], priority: 0.5}
  - {name: outage, when: {topic: [outage], visibility: [public]}, action: respond, queue: general, urgency: 0.5}
  - {name: praise, when: {sentiment: [positive]}, action: engage, queue: general}
  - {name: thanks, when: {any_keyword: [anyway]}, action: none}
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
    assert run("test", str(policy), "--posts", file, "--topics") == EXIT_OK
    printed = capsys.readouterr()
    lines = [line.rstrip() for line in printed.out.splitlines()]
    told = ["1  The Acme app is down 🔥", "   topic brand: Acme", "   topic outage: Acme, app is down, 🔥"]
    assert lines[:-4] == told
    rows = [line.split() for line in lines[-3:]]
    assert rows == [["brand", "brand", "1"], ["outage", "topic", "1"], ["idle", "topic", "0"]]
    assert "3 posts, 1 concern a topic" in printed.err
    assert "found nothing: idle" in printed.err


def test_with_json_each_post_is_a_line_and_the_counts_are_the_last(
    policy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        run("test", str(policy), "--posts", _posts(tmp_path, {"text": "an ACME"}, POST), "--topics", "--json")
        == EXIT_OK
    )
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


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A policy with rules that add and decide, read by words of feeling in place of the model."""
    monkeypatch.setattr(
        "pipeline.app.offline.score.open_scorer", lambda _: Scorer(KeywordSentiment(), 1.0, "event")
    )
    path = tmp_path / "rules.yaml"
    path.write_text(POLICY.replace("  - {name: all, action: respond, queue: general}\n", RULES), encoding="utf-8")
    return path


def test_each_post_says_what_would_be_done_by_which_rules_and_with_which_priority(
    rules: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = _posts(
        tmp_path,
        {"text": "the acme app is down", "platform": "vip"},
        {"text": "Thanks, I love it"},
        {"text": "Not now anyway"},
        {"text": "hello"},
    )
    assert run("test", str(rules), "--posts", file) == EXIT_OK
    printed = capsys.readouterr()
    lines = [line.rstrip() for line in printed.out.splitlines()]
    assert lines[0] == "1  the acme app is down"
    assert lines[1].startswith("   respond in general, priority ")
    assert {"   rule outage: topic outage", "   adds vip", "   skills accounts of level 3", "   tags vip"} <= set(
        lines[2 : lines.index("2  Thanks, I love it")]
    )
    assert lines[lines.index("3  Not now anyway") + 1 :][:2] == ["   none", '   rule thanks: keyword "anyway"']
    assert lines[lines.index("4  hello") + 1 :][:2] == ["   none", "   no_rule_matched"]
    rows = [line.split() for line in lines[-5:]]
    assert rows == [
        ["vip", "adds", "1"],
        ["outage", "respond", "general", "1"],
        ["praise", "engage", "general", "1"],
        ["thanks", "none", "1"],
        ["(no", "rule)", "1"],
    ]
    assert "4 posts, 1 concern a topic" in printed.err
    assert ", 2 are work" in printed.err


def test_a_post_says_what_speaks_against_a_rule(
    rules: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = _posts(
        tmp_path,
        {"text": "the acme app is down", "visibility": "direct"},
        {"text": "I love this acme thing, great 🔥"},
    )
    asked = [word for name in ("outage", "praise", "thanks") for word in ("--why-not", name)]
    assert run("test", str(rules), "--posts", file, *asked) == EXIT_OK
    told = capsys.readouterr().out.splitlines()
    assert "   not outage: visibility asks public, the post has direct" in told
    assert "   not thanks: any_keyword asks anyway, the post has none of them" in told
    assert "   outage holds, and decides" in told
    assert "   praise holds, but outage decides before it" in told


def test_programs_get_the_rules_and_what_speaks_against_one(
    rules: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = _posts(tmp_path, {"text": "the acme app is down", "platform": "vip"})
    assert run("test", str(rules), "--posts", file, "--json", "--why-not", "praise") == EXIT_OK
    post, counts = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (post["rule"], post["adding"], post["queue"], post["skills"]) == (
        "outage",
        ["vip"],
        "general",
        ["accounts"],
    )
    assert post["why_not"] == {"praise": [{"part": "sentiment", "asked": ["positive"], "found": "neutral"}]}
    assert counts["rules"] == {"vip": 1, "outage": 1, "praise": 0, "thanks": 0}


def test_a_rule_that_is_none_is_refused_before_a_model_is_loaded(
    policy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = _posts(tmp_path, {"text": "x"})
    assert run("test", str(policy), "--posts", file, "--why-not", "al") == EXIT_USAGE
    assert "has no rule al; did you mean all?" in capsys.readouterr().err


def test_a_gzip_file_is_read(policy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "posts.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"text": "acme"}\n'))
    assert run("test", str(policy), "--posts", str(path), "--topics") == EXIT_OK
    assert "1 posts, 1 concern" in capsys.readouterr().err


def test_posts_that_state_no_workspace_are_of_the_workspace_of_the_policy(
    policy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    post = {name: value for name, value in POST.items() if name != "workspace"}
    assert run("test", str(policy), "--posts", _posts(tmp_path, post), "--topics") == EXIT_OK
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


def test_a_policy_is_warned_of_what_nobody_of_the_roster_could_take(
    policy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    queues = """\
  - {name: general, team: care, skills: [{name: es, level: 3}], channel_weights: {direct: 3}}
  - {name: fraud, team: fraud}
"""
    rules = """\
  - {name: all, action: respond, queue: general, skills: [cards]}
"""
    policy.write_text(
        POLICY.replace("  - {name: general, team: care}\n", queues).replace(
            "  - {name: all, action: respond, queue: general}\n", rules
        )
    )
    roster = tmp_path / "roster.yaml"
    roster.write_text(
        "workspace: acme\nreps:\n"
        "  - {rep_id: ann, teams: [care], skills: [es, cards], capacity: 2}\n"
        "  - {rep_id: bo, teams: [fruad]}\n"
    )
    assert run("check", str(policy), "--roster", str(roster)) == EXIT_OK
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("warning: ")]
    assert [line for line in told if "brand" not in line] == [
        f"warning: {policy}:5: queues[0].skills[0]: nobody of team care has skill es at level 3",
        f"warning: {policy}:5: queues[0].channel_weights.direct: nobody of team care has a capacity of 3",
        f"warning: {policy}:6: queues[1].team: nobody of the roster is of team fraud",
        f"warning: {policy}:8: rules[0].skills: nobody of team care has skill es at level 3 and skill cards",
        f"warning: {roster}:4: reps[1].teams[0]: the policy has no team fruad; did you mean fraud?",
    ]
    rep = "{rep_id: ann, teams: [care, fraud], skills: [es, cards], skill_levels: {es: 4}}"
    able = f"workspace: acme\nreps:\n  - {rep}\n"
    roster.write_text(able)
    assert run("check", str(policy), "--roster", str(roster)) == EXIT_OK
    assert "nobody" not in capsys.readouterr().err
    roster.write_text(able.replace("acme", "other"))
    assert run("check", str(policy), "--roster", str(roster)) == EXIT_USAGE
    assert "roster.yaml:1: workspace: the policy is of workspace acme" in capsys.readouterr().err


def test_the_shipped_roster_can_do_what_the_shipped_policy_asks(capsys: pytest.CaptureFixture[str]) -> None:
    folder = Path(__file__).parents[3] / "deploy/policies"
    assert run("check", str(folder / "acme.yaml"), "--roster", str(folder / "acme-desk.yaml")) == EXIT_OK
    assert "nobody" not in capsys.readouterr().err
