"""The exported files agree with the contract, name the reason where they do not, and limit every field."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from pipeline.cli import main
from pipeline.cli.schemas import drift, rendered, write
from schemas.tools.export import json_schema, modelled_topics
from schemas.topics import ROUTE_STATE, Topic

ROOT = Path(__file__).parents[2]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for path in rendered():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, tmp_path / path)
    return tmp_path


def test_the_committed_files_agree_with_the_contract() -> None:
    assert drift(ROOT) == []


def test_check_exits_0_without_drift(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["schemas", "--check"])
    assert ended.value.code == 0
    assert "agree" in capsys.readouterr().err


def test_check_exits_1_and_names_the_drifted_files(
    copy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (copy / "schemas/published/asyncapi.yaml").write_text("asyncapi: 2.0.0\n")
    (copy / "schemas/published/json/posts.raw.v1.schema.json").unlink()
    (copy / "schemas/published/json/ghosts.v1.schema.json").write_text("{}")
    monkeypatch.setattr("pipeline.cli.schemas.checkout", lambda: copy)
    with pytest.raises(SystemExit) as ended:
        main(["schemas", "--check"])
    assert ended.value.code == 1
    said = capsys.readouterr().err
    assert "schemas/published/asyncapi.yaml: differs" in said
    assert "schemas/published/json/posts.raw.v1.schema.json: is missing" in said
    assert "schemas/published/json/ghosts.v1.schema.json: belongs to no topic" in said


def test_writing_ends_the_drift_and_removes_orphans(copy: Path) -> None:
    (copy / "schemas/published/json/ghosts.v1.schema.json").write_text("{}")
    (copy / "deploy/env.example").write_text("")
    assert write(copy) == ["deploy/env.example", "schemas/published/json/ghosts.v1.schema.json"]
    assert drift(copy) == []
    assert not (copy / "schemas/published/json/ghosts.v1.schema.json").exists()


@pytest.mark.parametrize("topic", modelled_topics(), ids=lambda topic: topic.name)
def test_each_schema_is_valid_json_schema_2020_12(topic: Topic) -> None:
    Draft202012Validator.check_schema(json_schema(topic))


@pytest.mark.parametrize("topic", modelled_topics(), ids=lambda topic: topic.name)
def test_each_message_says_what_it_is(topic: Topic) -> None:
    schema = json_schema(topic)
    assert schema["title"]
    assert schema["description"]


def test_a_topic_without_a_model_has_no_schema() -> None:
    with pytest.raises(ValueError, match=r"route\.state"):
        json_schema(ROUTE_STATE)


@pytest.mark.parametrize("topic", modelled_topics(), ids=lambda topic: topic.name)
def test_each_string_list_and_map_has_a_limit(topic: Topic) -> None:
    unlimited = [place for place, part in parts(json_schema(topic), "") if not limited(part)]
    assert unlimited == []


def parts(node: Any, place: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(node, dict):
        yield place, node
        for name, inner in node.items():
            if name not in ("default", "description", "title", "required"):
                yield from parts(inner, f"{place}/{name}")
    elif isinstance(node, list):
        for index, inner in enumerate(node):
            yield from parts(inner, f"{place}/{index}")


KEYWORDS = frozenset((
    "$defs", "$id", "$ref", "$schema", "additionalProperties", "anyOf", "const", "default", "description", "enum",
    "exclusiveMaximum", "exclusiveMinimum", "format", "items", "maxItems", "maxLength", "maxProperties", "maximum",
    "minItems", "minLength", "minProperties", "minimum", "oneOf", "pattern", "patternProperties", "prefixItems",
    "properties", "propertyNames", "required", "title", "type", "uniqueItems",
))  # fmt: skip
"""Words of JSON Schema 2020-12 that the contract uses; OpenAPI's own (`discriminator`, `nullable`) are not among
them, and validators in strict mode (ajv's default) refuse a schema with a word that they do not know."""


def schemas_in(node: Any) -> Iterator[dict[str, Any]]:
    """Every schema within a schema, itself included; names of properties are no keywords."""
    yield node
    for name, inner in node.items():
        if name in ("properties", "patternProperties", "$defs"):
            yield from (found for part in inner.values() for found in schemas_in(part))
        elif name in ("anyOf", "oneOf", "prefixItems"):
            yield from (found for part in inner for found in schemas_in(part))
        elif name in ("items", "additionalProperties", "propertyNames") and isinstance(inner, dict):
            yield from schemas_in(inner)


@pytest.mark.parametrize("topic", modelled_topics(), ids=lambda topic: topic.name)
def test_each_schema_obeys_the_strict_rules_of_validators_in_other_languages(topic: Topic) -> None:
    for part in schemas_in(json_schema(topic)):
        assert part.keys() <= KEYWORDS
        assert isinstance(part.get("type", ""), str), "a union of types is written as anyOf"
        assert set(part.get("required", ())) <= part.get("properties", {}).keys()
        if "prefixItems" in part:
            assert part["minItems"] == part["maxItems"] == len(part["prefixItems"])
        for variant in part.get("oneOf", ()):
            name = variant["$ref"].rpartition("/")[2]
            assert "type" in json_schema(topic)["$defs"][name]["required"], "what tells variants apart is required"


def limited(part: dict[str, Any]) -> bool:
    match part.get("type"):
        case "string":
            # Every pattern of the contract is anchored and bounded; a date-time has no long form.
            return bool({"maxLength", "pattern", "enum", "const", "format"} & part.keys())
        case "array":
            return "maxItems" in part
        case "object":
            return "properties" in part or "maxProperties" in part
        case _:
            return True


def test_the_schemas_parse_as_committed() -> None:
    for path in (ROOT / "schemas/published/json").iterdir():
        assert json.loads(path.read_text())["$id"].startswith("urn:earshot:schema:")
