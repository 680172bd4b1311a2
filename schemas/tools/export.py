"""The JSON Schema of each topic, as data: what the files under `published/json/` are written from.

The documents follow JSON Schema 2020-12 and come in a stable order.
"""

from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from schemas.topics import TOPICS, Topic

DIALECT = "https://json-schema.org/draft/2020-12/schema"
MAJOR = 1
"""The major version of the contract, which is the `schema_version` of each message."""


class _PlainJsonSchema(GenerateJsonSchema):
    """Writes only words of JSON Schema 2020-12, because validators in strict mode refuse those of OpenAPI."""

    def tagged_union_schema(self, schema: Any) -> JsonSchemaValue:
        """Returns a union whose members a required constant tells apart, without OpenAPI's `discriminator`."""
        plain = super().tagged_union_schema(schema)
        plain.pop("discriminator", None)
        return plain


def schema_file_name(topic: Topic) -> str:
    """Returns the name of the topic's file under `schemas/published/json/`."""
    return f"{topic.name}.v{MAJOR}.schema.json"


def modelled_topics() -> tuple[Topic, ...]:
    """Returns the topics whose values have a model, in the contract's order."""
    return tuple(topic for topic in TOPICS if topic.model is not None)


def json_schema(topic: Topic) -> dict[str, Any]:
    """Describes in JSON Schema 2020-12 what a value of the topic must look like to be accepted.

    It describes input, so that fields with a default may be left out. Rules between fields (`model_validator`) are
    stated in words only, so that a document may pass here and still be refused by the model.

    Raises:
        ValueError: the topic has no model.
    """
    if topic.model is None:
        raise ValueError(f"topic {topic.name} has no model")
    head = {"$schema": DIALECT, "$id": f"urn:earshot:schema:{topic.name}:v{MAJOR}"}
    return head | topic.model.model_json_schema(mode="validation", schema_generator=_PlainJsonSchema)
