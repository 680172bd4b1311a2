"""Checks whether a JSON Schema still accepts everything that a released one accepted, so that changes only add.

Both are schemas as `export.json_schema` gives them, and each break comes with its place. A new optional field,
variant or enum value passes, because consumers are upgraded first. Taking a field away, requiring a new one or
tightening a limit does not pass. Rules between fields are outside of JSON Schema and are not compared.
"""

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

_UPPER = ("maxLength", "maxItems", "maxProperties", "maximum", "exclusiveMaximum")
_LOWER = ("minLength", "minItems", "minProperties", "minimum", "exclusiveMinimum")
_FIXED = ("type", "format", "pattern")


def breaks(released: Schema, current: Schema) -> list[str]:
    """Returns what `current` refuses of what `released` accepted, as `path: reason`; empty when nothing."""
    return list(_compare(released, current, released, current, "$"))


def _compare(old_root: Schema, new_root: Schema, old: Schema, new: Schema, place: str) -> Iterator[str]:
    old, new = _resolve(old_root, old), _resolve(new_root, new)
    if "anyOf" in old or "oneOf" in old or "anyOf" in new or "oneOf" in new:
        # Each old variant must be accepted whole by one new variant. Two that share it between them are not
        # enough, because which of them takes a value is not looked at here.
        for variant in _variants(old):
            if all(any(_compare(old_root, new_root, variant, other, place)) for other in _variants(new)):
                yield f"{place}: a variant is gone or tighter: {_name(old_root, variant)}"
        return
    yield from _own_rules(old, new, place)
    for name, part in old.get("properties", {}).items():
        if name not in new.get("properties", {}):
            yield f"{place}.{name}: removed"
        else:
            yield from _compare(old_root, new_root, part, new["properties"][name], f"{place}.{name}")
    for name in sorted(set(new.get("required", ())) - set(old.get("required", ()))):
        yield f"{place}.{name}: newly required"
    for inner in ("items", "additionalProperties", "propertyNames"):
        if isinstance(new.get(inner), dict):
            before = old.get(inner)
            yield from _compare(
                old_root, new_root, before if isinstance(before, dict) else {}, new[inner], f"{place}.{inner}"
            )


def _own_rules(old: Schema, new: Schema, place: str) -> Iterator[str]:
    for rule in _FIXED:
        if rule in new and new[rule] != old.get(rule):
            yield f"{place}: {rule} changed"
    allowed = _values(new)
    # A schema without an enumeration accepted any value, so a new one always loses some.
    lost = [value for value in _values(old) or ["any"] if value not in allowed] if allowed is not None else []
    if lost:
        yield f"{place}: values are gone: {', '.join(map(str, lost))}"
    for rule in _UPPER:
        # A limit where there was none refuses something as well.
        if rule in new and new[rule] < old.get(rule, float("inf")):
            yield f"{place}: {rule} is tighter"
    for rule in _LOWER:
        if rule in new and new[rule] > old.get(rule, float("-inf")):
            yield f"{place}: {rule} is tighter"


def _resolve(root: Schema, part: Schema) -> Schema:
    while "$ref" in part:
        part = root["$defs"][part["$ref"].rpartition("/")[2]]
    return part


def _variants(part: Schema) -> list[Schema]:
    return list(part.get("anyOf") or part.get("oneOf") or [part])


def _values(part: Schema) -> list[Any] | None:
    return [part["const"]] if "const" in part else part.get("enum")


def _name(root: Schema, part: Schema) -> str:
    schema = _resolve(root, part)
    return str(schema.get("title") or schema.get("type") or "any")
