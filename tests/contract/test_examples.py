"""Valid golden examples pass model and JSON Schema, and invalid ones are refused for their stated reason. Those of
a newer producer have a word that the JSON Schema of this release does not, and are read all the same.

`refused_by` of `expected.json` says what can refuse an invalid example. `schema` is the exported JSON Schema with
its formats. `model` stands for rules that JSON Schema cannot say, such as those between fields. `bytes` is no JSON
text at all.
"""

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from pipeline.codec import decode, encode
from pipeline.errors import Permanent
from schemas.tools.export import json_schema, modelled_topics
from schemas.topics import Topic

EXAMPLES = Path(__file__).parents[2] / "schemas/published/examples"
TOPICS = {topic.name: topic for topic in modelled_topics()}


FORMATS = FormatChecker(())
"""These formats are checked as other languages' validators do it. A date-time of RFC 3339, 5.6 has a zone."""


@FORMATS.checks("date-time")
def is_date_time(value: object) -> bool:
    pattern = r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)"
    return not isinstance(value, str) or re.fullmatch(pattern, value) is not None


def cases(kind: str) -> list[object]:
    paths = sorted(EXAMPLES.glob(f"*/v1/{kind}/*.json"))
    return [pytest.param(path, id=f"{path.parts[-4]}/{path.stem}") for path in paths]


def topic_of(path: Path) -> Topic:
    return TOPICS[path.parts[-4]]


@pytest.mark.parametrize("path", cases("valid"))
def test_a_valid_example_passes_the_model_and_the_json_schema(path: Path) -> None:
    topic = topic_of(path)
    assert topic.model is not None
    decode(topic.model, path.read_bytes())
    assert schema_accepts(path)


@pytest.mark.parametrize("path", cases("valid"))
def test_a_valid_example_survives_a_round_trip(path: Path) -> None:
    topic = topic_of(path)
    assert topic.model is not None
    message = decode(topic.model, path.read_bytes())
    again = encode(message)
    assert decode(topic.model, again) == message
    Draft202012Validator(json_schema(topic)).validate(json.loads(again))


@pytest.mark.parametrize("path", cases("newer"))
def test_an_example_of_a_newer_producer_is_read_as_one_that_this_release_could_have_written(path: Path) -> None:
    topic = topic_of(path)
    assert topic.model is not None
    assert not schema_accepts(path)
    Draft202012Validator(json_schema(topic)).validate(json.loads(encode(decode(topic.model, path.read_bytes()))))


@pytest.mark.parametrize("path", cases("invalid"))
def test_an_invalid_example_is_refused_with_its_code_and_field(path: Path) -> None:
    topic = topic_of(path)
    assert topic.model is not None
    expected = json.loads((path.parents[1] / "expected.json").read_text())[path.stem]
    with pytest.raises(Permanent) as refused:
        decode(topic.model, path.read_bytes())
    assert (refused.value.code, refused.value.field) == (expected["code"], expected.get("field"))


@pytest.mark.parametrize("path", cases("invalid"))
def test_an_invalid_example_is_refused_by_the_json_schema_unless_it_is_listed_as_beyond_it(path: Path) -> None:
    expected = json.loads((path.parents[1] / "expected.json").read_text())[path.stem]
    assert expected["refused_by"] == {True: "model", False: "schema", None: "bytes"}[schema_accepts(path)]


def schema_accepts(path: Path) -> bool | None:
    """Returns what the exported JSON Schema says of a file, or None when the file is no JSON text."""
    try:
        value = json.loads(path.read_bytes().decode())
    except ValueError:
        return None
    return Draft202012Validator(json_schema(topic_of(path)), format_checker=FORMATS).is_valid(value)


@pytest.mark.parametrize("name", TOPICS)
def test_each_topic_has_examples_of_both_kinds_and_none_is_an_orphan(name: str) -> None:
    folder = EXAMPLES / name / "v1"
    valid, invalid = ({path.stem for path in (folder / kind).iterdir()} for kind in ("valid", "invalid"))
    assert len(valid) >= 3
    assert len(invalid) >= 3
    assert set(json.loads((folder / "expected.json").read_text())) == invalid


def test_no_examples_belong_to_no_topic() -> None:
    assert {path.name for path in EXAMPLES.iterdir()} == set(TOPICS)
    files = {path for path in EXAMPLES.rglob("*") if path.is_file()}
    known = {
        *EXAMPLES.glob("*/v1/valid/*.json"),
        *EXAMPLES.glob("*/v1/invalid/*.json"),
        *EXAMPLES.glob("*/v1/newer/*.json"),
        *EXAMPLES.glob("*/v1/expected.json"),
    }
    assert files == known


def test_no_refusal_repeats_the_text_of_the_record() -> None:
    secret = "the customer's own words"
    topic = TOPICS["posts.raw"]
    assert topic.model is not None
    value = json.dumps({"workspace": secret, "post_id": secret, "text": [secret]}).encode()
    with pytest.raises(Permanent) as refused:
        decode(topic.model, value)
    assert secret not in str(refused.value)
