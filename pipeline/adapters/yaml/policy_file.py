"""Reads a policy as its owner writes it, in YAML, and names every mistake with file, line and field.

It takes a path and returns a `Policy` with the place of each field. It publishes nothing. It is strict, because an
unknown field is a typing mistake.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from pipeline.adapters.yaml.documents import parse, plain_data
from pipeline.errors import Misconfigured
from pipeline.input_mistakes import did_you_mean, plain
from schemas.policy.agreement import Disagreements, disagreements
from schemas.policy.plain import Disagreement, Location
from schemas.policy.policy import Policy
from schemas.posts.signals import IntentName

M = TypeVar("M", bound=BaseModel)
_QUOTED = re.compile("'([^']*)'")
"""Matches a choice in pydantic's words about a literal."""

Refusals = Callable[[Any], Iterable[tuple[Location, str]]]
"""Tells what else is wrong with a document, as places with reasons. It gets plain data whose fields may be wrong
too."""


@dataclass(frozen=True)
class Written(Generic[M]):
    """The checked content of a file, which knows its place in the file.

    Args:
        value: the checked document.
        place: turns a location in it into `file:line: field: `, to stand before a sentence.
    """

    value: M
    place: Callable[[Location], str]


def load_policy(path: Path, refusals: Refusals | None = None) -> Written[Policy]:
    """Reads and checks a policy.

    Args:
        path: the file.
        refusals: tells what else is to be refused, such as queries that match nothing. It is asked in any case.

    Raises:
        Misconfigured: the file cannot be read, is no YAML, has a key twice, or a field is wrong or unknown, or
            names do not agree. Each mistake stands on a line of its own as `file:line: field: what is wrong`.
    """

    def all_refusals(document: Any) -> Iterator[tuple[Location, str]]:
        yield from map(_told, disagreements(document, get_args(IntentName)))
        if refusals is not None:
            yield from refusals(document)

    shape = "a policy is a mapping with workspace, version, brand, queues, rules"
    return load_yaml(path, Policy, shape, all_refusals)


def load_yaml(path: Path, model: type[M], shape: str, refusals: Refusals | None = None) -> Written[M]:
    """Reads and checks a YAML file of any model as `load_policy` does. `shape` says what the file should be."""
    document = parse(path)
    if not isinstance(document, CommentedMap):
        raise Misconfigured(f"{path}:1: {shape}")
    data = plain_data(document)
    problems: list[tuple[Location, str]] = []
    try:
        value = model.model_validate(data, extra="forbid")
    except ValidationError as error:
        for cause in _causes(error.errors(include_url=False)):
            problems += _told_of(cause, model)
        value = None
    # The refusals are asked in any case, so that one run shows the owner every mistake of the file.
    problems += [] if refusals is None else refusals(data)
    if value is None or problems:
        places = sorted({(_line(document, where), _field(where) + what) for where, what in problems})
        raise Misconfigured("\n".join(f"{path}:{line}: {what}" for line, what in places))
    return Written(value, lambda location: f"{path}:{_line(document, location)}: {_field(location)}")


def _told_of(problem: Any, model: type[BaseModel]) -> list[tuple[Location, str]]:
    """Returns the places and sentences of a finding of pydantic."""
    error = (problem.get("ctx") or {}).get("error")
    if isinstance(error, Disagreements):
        # The refusals see the file as written. What disagrees only after `"120"` was read as 120 is seen here.
        return list(map(_told, error.disagreements))
    return [(problem["loc"], _message(problem, model))]


def _told(problem: Disagreement) -> tuple[Location, str]:
    return problem.place, problem.what + (did_you_mean(problem.name, problem.candidates) if problem.name else "")


def _causes(problems: list[Any]) -> list[Any]:
    """Drops the complaint that a list is too short because its only entries are wrong."""
    locations = [problem["loc"] for problem in problems]

    def has_wrong_entries(location: Location) -> bool:
        depth = len(location)
        return any(len(inner) > depth and inner[:depth] == location for inner in locations)

    return [
        problem for problem in problems if problem["type"] != "too_short" or not has_wrong_entries(problem["loc"])
    ]


def _line(document: CommentedMap, location: Location) -> int:
    """Returns the line, counted from 1, of the deepest node on the way to `location` that is in the file."""
    node: object = document
    line = document.lc.line + 1
    for part in location:
        if isinstance(node, CommentedMap) and part in node:
            # A field that `<<` brings in has no line in this mapping, so that the mapping's own one counts.
            if part in (node.lc.data or ()):
                line = node.lc.key(part)[0] + 1
            node = node[part]
        elif isinstance(node, CommentedSeq) and isinstance(part, int) and part < len(node):
            # A list that has a tag of its owner's knows no lines.
            if part in (node.lc.data or ()):
                line = node.lc.item(part)[0] + 1
            node = node[part]
        else:
            break
    return int(line)


def _field(location: Location) -> str:
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".")
    return f"{path}: " if path else ""


def _message(problem: Any, model: type[BaseModel]) -> str:
    *parent, last = problem["loc"] or ("",)
    message = plain(problem)
    if problem["type"] == "extra_forbidden":
        return message + did_you_mean(str(last), _fields(model, parent))
    if problem["type"] == "string_type" and not isinstance(problem["input"], int | float):
        # `x: acme` without quotes is a mapping, and 2026-12-25 a date.
        return "must be text" + ("" if isinstance(problem["input"], list | None) else ": put it in quotes")
    if problem["type"] == "literal_error" and isinstance(problem["input"], str):
        return message + did_you_mean(problem["input"], _QUOTED.findall(problem["ctx"]["expected"]))
    return message


def _fields(model: type[BaseModel], location: Iterable[int | str]) -> Iterable[str]:
    """Returns the names of the fields that the part at a location may have."""
    kinds: list[Any] = [model]
    for part in location:
        models = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
        if isinstance(part, str):
            kinds = [kind.model_fields[part].annotation for kind in models if part in kind.model_fields]
        # The arguments of tuples and optional types are the types of their content, where the path goes on.
        kinds = [inner for kind in kinds for inner in (kind, *get_args(kind))]
    return [name for kind in kinds if hasattr(kind, "model_fields") for name in kind.model_fields]
