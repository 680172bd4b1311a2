"""Who has only the exported files finds a text at every field, and whole sentences as summaries."""

from collections.abc import Iterator
from typing import Any

import pytest

from schemas.tools.asyncapi import asyncapi
from schemas.tools.export import json_schema, modelled_topics
from schemas.topics import Topic


def fields(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every field of a message and of its parts."""
    for owner in (schema, *schema.get("$defs", {}).values()):
        for name, field in owner.get("properties", {}).items():
            yield f"{owner['title']}.{name}", field


@pytest.mark.parametrize("topic", modelled_topics(), ids=lambda topic: topic.name)
def test_every_field_is_described_or_has_a_type_that_is(topic: Topic) -> None:
    silent = [name for name, field in fields(json_schema(topic)) if not {"description", "$ref"} & field.keys()]
    assert silent == []


@pytest.mark.parametrize("topic", modelled_topics(), ids=lambda topic: topic.name)
def test_every_part_is_described(topic: Topic) -> None:
    assert [
        name for name, part in json_schema(topic).get("$defs", {}).items() if not part.get("description")
    ] == []


def test_the_summary_of_a_message_is_not_cut_within_a_sentence() -> None:
    messages = asyncapi()["components"]["messages"]
    summaries = {topic.name: messages[topic.name]["summary"] for topic in modelled_topics()}
    assert {name: text for name, text in summaries.items() if not text.endswith(".")} == {}
