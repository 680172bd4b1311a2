"""Turns bytes into messages and back. Bad bytes become `Permanent` with the field and a stable code, never the
text.
"""

from typing import TypeVar

import orjson
from pydantic import BaseModel, RootModel, ValidationError

from pipeline.errors import Permanent
from pipeline.input_mistakes import plain

_UNKNOWN_TAG = frozenset({"union_tag_invalid", "union_tag_not_found"})
M = TypeVar("M", bound=BaseModel)


def encode(message: BaseModel) -> bytes:
    """Returns JSON in UTF-8 without absent fields."""
    # `model_dump_json` makes a text of these bytes, which would be encoded again.
    return message.__pydantic_serializer__.to_json(message, exclude_none=True)


def decode(model: type[M], value: bytes | None) -> M:
    """Returns one record value as a message.

    Raises:
        Permanent: `empty`, `invalid_utf8`, `invalid_json`, `unknown_schema_version` or `invalid_field`; the
            detail names the field and the rule that it breaks, and never repeats the value.
    """
    if not value:
        raise Permanent("empty", "the record has no value")
    try:
        return model.model_validate_json(value)
    except ValidationError as error:
        raise _explain(error, value, tagged=issubclass(model, RootModel)) from None


def _explain(error: ValidationError, value: bytes, *, tagged: bool) -> Permanent:
    first = error.errors(include_input=False, include_url=False)[0]
    place = first["loc"]
    if tagged and first["type"] not in _UNKNOWN_TAG:
        place = place[1:]  # pydantic puts the message's type before the path, which is no part of the JSON
    field = ".".join(str(part) for part in place) or None
    if first["type"] == "json_invalid":
        return _explain_bytes(value)
    if field == "schema_version":
        return Permanent("unknown_schema_version", "this consumer reads version 1", field)
    if first["type"] in _UNKNOWN_TAG:  # the first message would repeat the value
        return Permanent("invalid_field", "no message has this type", f"{field}.type" if field else "type")
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return Permanent("invalid_field", plain(first) + more, field)


def _explain_bytes(value: bytes) -> Permanent:
    try:
        value.decode()
    except UnicodeDecodeError as broken:
        return Permanent("invalid_utf8", f"byte {broken.start} of {len(value)} is not UTF-8")
    try:
        orjson.loads(value)
    except orjson.JSONDecodeError as broken:
        return Permanent("invalid_json", f"{broken.msg} at character {broken.pos} of {len(broken.doc)}")
    return Permanent("invalid_json", "the value nests too deep, or is no JSON object")
