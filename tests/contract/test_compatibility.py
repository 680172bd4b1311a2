"""The contract grows only by additions against what was released."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli import main
from pipeline.cli.schemas import incompatible, write
from schemas.tools.compatibility import breaks
from schemas.tools.export import json_schema, modelled_topics, schema_file_name
from schemas.topics import RAW, REPS, Topic

ROOT = Path(__file__).parents[2]
Change = Callable[[dict[str, Any]], object]


def changed(topic: Topic, change: Change) -> list[str]:
    """What a change of the topic's schema breaks for those who know the present one."""
    new = copy.deepcopy(json_schema(topic))
    change(new)
    return breaks(json_schema(topic), new)


@pytest.mark.parametrize("topic", modelled_topics(), ids=lambda topic: topic.name)
def test_a_schema_is_compatible_with_itself(topic: Topic) -> None:
    assert breaks(json_schema(topic), json_schema(topic)) == []


def test_the_contract_accepts_all_that_was_released() -> None:
    assert incompatible(ROOT) == []


def test_a_release_that_is_no_longer_accepted_fails_the_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    released = tmp_path / "schemas/released"
    released.mkdir(parents=True)
    known = json_schema(RAW)
    known["properties"]["karma"] = {"type": "integer"}
    (released / schema_file_name(RAW)).write_text(json.dumps(known))
    (released / "gone.v1.schema.json").write_text("{}")
    write(tmp_path)
    monkeypatch.setattr("pipeline.cli.schemas.checkout", lambda: tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["schemas", "--check"])
    assert ended.value.code == 1
    said = capsys.readouterr().err
    assert "posts.raw.v1.schema.json: $.karma: removed" in said
    assert "gone.v1.schema.json: its topic is gone" in said


@pytest.mark.parametrize(
    "change",
    [
        lambda schema: schema["properties"].update(mood={"type": "string", "maxLength": 5}),
        lambda schema: schema["properties"]["visibility"]["enum"].append("friends"),
        lambda schema: schema["properties"]["revision"].update(maximum=2**30),
        lambda schema: schema["required"].remove("author"),
        lambda schema: schema["properties"]["rating"]["anyOf"].append({"type": "string"}),
    ],
    ids=["optional field", "enum value", "wider limit", "no longer required", "further type"],
)
def test_an_addition_passes(change: Change) -> None:
    assert changed(RAW, change) == []


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda schema: schema["properties"].pop("lang"), "$.lang: removed"),
        (lambda schema: schema["required"].append("url"), "$.url: newly required"),
        (lambda schema: schema["properties"]["deleted"].update(type="string"), "$.deleted: type changed"),
        (lambda schema: schema["properties"]["revision"].update(maximum=5), "$.revision: maximum is tighter"),
        (lambda schema: schema["properties"]["revision"].update(minimum=1), "$.revision: minimum is tighter"),
        (lambda schema: schema["properties"]["visibility"]["enum"].pop(), "$.visibility: values are gone: direct"),
        (
            lambda schema: schema["$defs"]["Author"]["properties"]["author_id"].update(pattern="^x$"),
            "$.author.author_id: pattern changed",
        ),
        (
            lambda schema: schema["properties"]["text"]["anyOf"][0].update(maxLength=280),
            "$.text: a variant is gone or tighter: string",
        ),
        (
            lambda schema: schema["properties"].update(text={"type": "string", "maxLength": 65_536}),
            "$.text: a variant is gone or tighter: null",
        ),
        (
            lambda schema: schema["properties"]["schema_version"].update(const=2),
            "$.schema_version: values are gone: 1",
        ),
    ],
    ids=lambda value: value.split(": ")[1] if isinstance(value, str) else "",
)
def test_a_change_that_takes_away_is_named(change: Change, found: str) -> None:
    assert changed(RAW, change) == [found]


def test_a_variant_of_a_union_may_not_go() -> None:
    assert changed(REPS, lambda schema: schema["oneOf"].pop()) == ["$: a variant is gone or tighter: PostRevealed"]
