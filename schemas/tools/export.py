"""The JSON Schema of each topic, as data: what files under `json/` are written from.

In: `topics.TOPICS`. Out: JSON Schema 2020-12 documents in a stable order. Never here: writing files.
"""

from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from schemas.topics import TOPICS, Topic

DIALECT = "https://json-schema.org/draft/2020-12/schema"
MAJOR = 1
"""Major version of the contract; `schema_version` of each message."""


class _PlainJsonSchema(GenerateJsonSchema):
    """Only words of JSON Schema 2020-12: validators in strict mode refuse those of OpenAPI."""

    def tagged_union_schema(self, schema: Any) -> JsonSchemaValue:
        """One of several, told apart by a required constant, without OpenAPI's `discriminator`."""
        plain = super().tagged_union_schema(schema)
        plain.pop("discriminator", None)
        return plain


def schema_file_name(topic: Topic) -> str:
    """Name of the topic's file under `schemas/published/json/`."""
    return f"{topic.name}.v{MAJOR}.schema.json"


def modelled_topics() -> tuple[Topic, ...]:
    """The topics whose values have a model, in the contract's order."""
    return tuple(topic for topic in TOPICS if topic.model is not None)


def json_schema(topic: Topic) -> dict[str, Any]:
    """What a value of the topic must look like to be accepted, as JSON Schema 2020-12.

    It describes input: fields with a default may be left out. Rules between fields (`model_validator`) are
    stated in words only, so a document may pass here and still be refused by the model.

    Raises:
        ValueError: the topic has no model.
    """
    if topic.model is None:
        raise ValueError(f"topic {topic.name} has no model")
    head = {"$schema": DIALECT, "$id": f"urn:earshot:schema:{topic.name}:v{MAJOR}"}
    return head | topic.model.model_json_schema(mode="validation", schema_generator=_PlainJsonSchema)
