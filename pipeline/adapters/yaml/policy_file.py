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
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import DuplicateKeyError, RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import ScalarNode

from pipeline.errors import Misconfigured
from pipeline.input_mistakes import did_you_mean, plain
from schemas.policy.agreement import Disagreements, disagreements
from schemas.policy.plain import Disagreement, Location
from schemas.policy.policy import Policy
from schemas.posts.signals import IntentName

M = TypeVar("M", bound=BaseModel)
MAX_BYTES = 1_000_000
"""Largest file in bytes. A record of `policies` holds at most 1 MiB."""
MAX_ENTRIES = 100_000
"""Most entries of a document with its aliases written out. A file of 1 MB without any alias has fewer, while nine
nested aliases make 10^9."""
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
    document = _parse(path)
    if not isinstance(document, CommentedMap):
        raise Misconfigured(f"{path}:1: {shape}")
    data = _plain(document)
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


class _Constructor(RoundTripConstructor):
    def construct_yaml_timestamp(self, node: ScalarNode, values: Any = None) -> Any:
        """Returns a date, or the text of one that no calendar has, whose field then says what is wrong with it."""
        try:
            return super().construct_yaml_timestamp(node, values)
        except ValueError:
            return node.value


_Constructor.add_constructor("tag:yaml.org,2002:timestamp", _Constructor.construct_yaml_timestamp)


def _parse(path: Path) -> object:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Misconfigured(f"{path}: cannot be read: {error.strerror}") from None
    if len(data) > MAX_BYTES:
        raise Misconfigured(f"{path}: {len(data)} bytes, at most {MAX_BYTES} fit a record")
    try:
        yaml = YAML(typ="rt")
        yaml.Constructor = _Constructor
        document = yaml.load(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise Misconfigured(f"{path}:{line}: byte {error.start} is not UTF-8") from None
    except DuplicateKeyError as error:
        # The words of the parser go on with both values, which may be long.
        problem = str(error.problem).partition(" with value ")[0]
        raise Misconfigured(f"{path}:{error.problem_mark.line + 1}: {problem}") from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = 1 if mark is None else mark.line + 1
        raise Misconfigured(f"{path}:{line}: {_first_line(error.problem or error.context)}") from None
    except YAMLError as error:
        raise Misconfigured(f"{path}:1: {_first_line(str(error))}") from None
    except (RecursionError, ValueError):  # thousands of nested brackets, or a number of thousands of digits
        raise Misconfigured(f"{path}: a value is nested too deep or too long to be read") from None
    if _entries(document, {}) > MAX_ENTRIES:
        raise Misconfigured(f"{path}: with its aliases written out it has more than {MAX_ENTRIES} entries")
    return document


def _entries(node: object, counted: dict[int, float]) -> float:
    """Counts the entries of a document with every alias written out.

    A node that holds itself counts as infinitely many.

    Args:
        node: a part of the document.
        counted: the entries of each collection that was counted before, by identity.
    """
    if not isinstance(node, dict | list):
        return 1
    if id(node) not in counted:
        # A node that is met again inside itself finds this and counts as infinite. Without it the recursion would
        # not end.
        counted[id(node)] = float("inf")
        inner = node.values() if isinstance(node, dict) else node
        counted[id(node)] = 1 + sum(_entries(child, counted) for child in inner)
    return counted[id(node)]


def _plain(node: object) -> Any:
    """Returns the same values without the round-trip types, which pydantic need not know."""
    if isinstance(node, CommentedMap):
        return {str(key): _plain(value) for key, value in node.items()}
    if isinstance(node, CommentedSeq):
        return [_plain(value) for value in node]
    # bool stands first, because a bool is also an int and `true` would become 1.
    for kind in (bool, int, float, str):
        if isinstance(node, kind):
            return kind(node)
    return node


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


def _first_line(text: str | None) -> str:
    return (text or "not YAML").strip().splitlines()[0]
