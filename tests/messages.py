"""Draws any message that the contract allows, for property tests.

Messages are made from the models' own JSON Schema, so a new field is drawn without a change here.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, timedelta
from functools import cache
from typing import Any, Literal, TypeVar, get_args, get_origin

from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from schemas.base import EARLIEST, LATEST, Part
from schemas.posts.scored import ScoredPost

M = TypeVar("M", bound=BaseModel)
LARGEST = 2**64 - 1
"""A number without an upper limit is drawn up to what its column can hold. A larger one is a dead letter."""
_MOST = 3

_TIMES = st.integers(0, (LATEST - EARLIEST) // timedelta(milliseconds=1) - 1).map(
    lambda ms: (EARLIEST + timedelta(milliseconds=ms)).astimezone(UTC).isoformat()
)


def messages(model: type[M]) -> st.SearchStrategy[M]:
    """Draws valid messages of one model. What breaks a rule between fields, which no schema can say, is drawn
    again.
    """
    mend: Callable[[Any], Any] = _MENDS.get(model, _sound)

    def build(draft: Any) -> M | None:
        try:
            return model.model_validate(mend(draft))
        except ValidationError:
            return None

    return _drafts(model).map(build).filter(bool)  # type: ignore[return-value]


@cache
def _drafts(model: type[BaseModel]) -> st.SearchStrategy[Any]:
    # Made once. A test that asks for it at each draw spent so long on it that hypothesis gave the test up.
    schema = model.model_json_schema(mode="validation")
    return _values(schema, schema.get("$defs", {}))


def _values(schema: Mapping[str, Any], defs: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    if "$ref" in schema:
        return _values(defs[schema["$ref"].rsplit("/", 1)[1]], defs)
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "anyOf" in schema or "oneOf" in schema:
        return st.one_of([_values(one, defs) for one in schema.get("anyOf") or schema["oneOf"]])
    return _BY_TYPE[schema["type"]](schema, defs)


def _string(schema: Mapping[str, Any], _: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    if schema.get("format") == "date-time":
        return _TIMES
    if "pattern" in schema:
        made = st.from_regex(schema["pattern"], fullmatch=True, alphabet=st.characters(codec="utf-8"))
        return made.filter(lambda text: not text.endswith("\n"))
    most = min(schema.get("maxLength", 20), 20)
    return st.text(st.characters(codec="utf-8"), min_size=schema.get("minLength", 0), max_size=most)


def _integer(schema: Mapping[str, Any], _: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    low, high = schema.get("minimum", 0), schema.get("maximum", LARGEST)
    high = min(high, schema.get("exclusiveMaximum", high + 1) - 1)
    return st.sampled_from((low, high)) | st.integers(schema.get("exclusiveMinimum", low - 1) + 1, high)


def _number(schema: Mapping[str, Any], _: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    return st.floats(schema["minimum"], schema["maximum"])


def _array(schema: Mapping[str, Any], defs: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    most = min(schema.get("maxItems", _MOST), _MOST)
    return st.lists(_values(schema["items"], defs), min_size=schema.get("minItems", 0), max_size=most)


def _object(schema: Mapping[str, Any], defs: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    if "properties" not in schema:
        names = schema.get("propertyNames", {"type": "string"})
        (values,) = schema.get("patternProperties", {"": schema.get("additionalProperties")}).values()
        if "patternProperties" in schema:
            names = {"type": "string", "pattern": next(iter(schema["patternProperties"]))}
        return st.dictionaries(_string(names, defs), _values(values, defs), max_size=_MOST)
    made = {name: _values(field, defs) for name, field in schema["properties"].items()}
    needed = set(schema.get("required", ()))
    optional = {name: field for name, field in made.items() if name not in needed}
    return st.fixed_dictionaries({name: made[name] for name in needed}, optional=optional)


_BY_TYPE: Mapping[str, Callable[[Mapping[str, Any], Mapping[str, Any]], st.SearchStrategy[Any]]] = {
    "string": _string,
    "integer": _integer,
    "number": _number,
    "array": _array,
    "object": _object,
    "boolean": lambda _, __: st.booleans(),
    "null": lambda _, __: st.none(),
}


def _sound(draft: Any) -> Any:
    """Mends the rules between fields of any part, such as sums of probabilities, spans with a length, and work
    with a queue.
    """
    if isinstance(draft, list):
        return [_sound(one) for one in draft]
    if not isinstance(draft, dict):
        return draft
    draft = {name: _sound(value) for name, value in draft.items()}
    if {"negative", "neutral", "positive"} <= draft.keys():
        rest = 1.0 - draft["negative"]
        draft |= {"neutral": rest * draft["neutral"], "positive": rest * (1.0 - draft["neutral"])}
    if {"start", "end"} <= draft.keys():
        draft["start"], draft["end"] = draft["start"] % 1000, draft["start"] % 1000 + 1 + draft["end"] % 1000
    if {"action", "policy_version"} <= draft.keys() and "case_id" not in draft:
        draft["queue"] = None if draft["action"] == "none" else draft.get("queue") or "care"
    return draft


def _post(draft: dict[str, Any]) -> dict[str, Any]:
    draft = _sound(draft)
    draft["post_id"] = f"{draft['platform']}:{draft['post_id'].split(':', 1)[1]}"
    draft["author"]["author_id"] = f"{draft['platform']}:{draft['author']['author_id'].split(':', 1)[1]}"
    return draft


_MENDS: Mapping[type[BaseModel], Callable[[dict[str, Any]], dict[str, Any]]] = {
    ScoredPost: _post,
}


def of_a_newer_release(part: Any, word: str = "unlisted") -> Any:
    """Returns the same message in which every word of a closed list is one that this release does not know."""
    if isinstance(part, tuple):
        return tuple(of_a_newer_release(one, word) for one in part)
    if not isinstance(part, Part):
        return part
    changed: dict[str, Any] = {}
    for name, field in type(part).model_fields.items():
        value = getattr(part, name)
        if not _is_word(field.annotation) or value is None:
            changed[name] = of_a_newer_release(value, word)
        else:
            changed[name] = (word,) * len(value) if isinstance(value, tuple) else word
    return part.model_copy(update=changed)


def _is_word(annotation: Any) -> bool:
    if get_origin(annotation) is Literal:
        return all(isinstance(one, str) for one in get_args(annotation))
    return any(_is_word(one) for one in get_args(annotation))
