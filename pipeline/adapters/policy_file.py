"""A policy as its owner writes it: YAML, every mistake named with file, line and field.

In: a path. Out: a `Policy`. Never here: publishing; tolerance: an unknown field is a typing mistake and refused.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from pipeline.errors import Misconfigured
from schemas.policy import Policy

M = TypeVar("M", bound=BaseModel)
MAX_BYTES = 1_000_000
"""A record of `policies` holds at most 1 MiB."""

Location = tuple[int | str, ...]
Refusals = Callable[[M], Iterable[tuple[Location, str]]]
"""What is wrong with a document that the contract allows: where, and why."""


def load_policy(path: Path, refusals: Refusals[Policy] | None = None) -> Policy:
    """Reads and checks a policy.

    Args:
        path: the file.
        refusals: what else is to be refused, such as queries that find nothing; asked when all fields are right.

    Raises:
        Misconfigured: the file cannot be read, is no YAML, has a key twice, or a field is wrong or unknown; each
            mistake on a line of its own as `file:line: field: what is wrong`.
    """
    return load_yaml(path, Policy, "a policy is a mapping with workspace, version, brand, queues, rules", refusals)


def load_yaml(path: Path, model: type[M], shape: str, refusals: Refusals[M] | None = None) -> M:
    """Reads and checks a YAML file of any model, as `load_policy` does; `shape` says what it should be."""
    document = _parse(path)
    if not isinstance(document, CommentedMap):
        raise Misconfigured(f"{path}:1: {shape}")
    try:
        read = model.model_validate(_plain(document), extra="forbid")
    except ValidationError as error:
        problems = _causes(error.errors(include_input=False, include_url=False))
        raise _refused(path, document, [(one["loc"], _message(one)) for one in problems]) from None
    refused = [] if refusals is None else list(refusals(read))
    if refused:
        raise _refused(path, document, refused)
    return read


def _refused(path: Path, document: CommentedMap, problems: list[tuple[Location, str]]) -> Misconfigured:
    found = sorted((_line(document, location), _field(location) + what) for location, what in problems)
    return Misconfigured("\n".join(f"{path}:{line}: {what}" for line, what in found))


def _causes(problems: list[Any]) -> list[Any]:
    """Without the complaint that a list is too short because its only entries are wrong."""
    places = [one["loc"] for one in problems]
    return [
        one
        for one in problems
        if one["type"] != "too_short"
        or not any(len(place) > len(one["loc"]) and place[: len(one["loc"])] == one["loc"] for place in places)
    ]


def _parse(path: Path) -> object:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Misconfigured(f"{path}: cannot be read: {error.strerror}") from None
    if len(data) > MAX_BYTES:
        raise Misconfigured(f"{path}: {len(data)} bytes, at most {MAX_BYTES} fit a record")
    try:
        return YAML(typ="rt").load(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise Misconfigured(f"{path}:{line}: byte {error.start} is not UTF-8") from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = 1 if mark is None else mark.line + 1
        raise Misconfigured(f"{path}:{line}: {_first_line(error.problem or error.context)}") from None
    except YAMLError as error:
        raise Misconfigured(f"{path}:1: {_first_line(str(error))}") from None


def _plain(node: object) -> Any:
    """The same values without the round-trip types, which pydantic need not know."""
    if isinstance(node, CommentedMap):
        return {str(key): _plain(value) for key, value in node.items()}
    if isinstance(node, CommentedSeq):
        return [_plain(value) for value in node]
    for kind in (bool, int, float, str):
        if isinstance(node, kind):
            return kind(node)
    return node


def _line(document: CommentedMap, location: Location) -> int:
    """Line, from 1, of the deepest node on the way to `location` that is in the file."""
    node: object = document
    line = document.lc.line + 1
    for part in location:
        if isinstance(node, CommentedMap) and part in node:
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


def _message(problem: Any) -> str:
    if problem["type"] == "extra_forbidden":
        return "there is no such field"
    return str(problem["msg"])


def _first_line(text: str | None) -> str:
    return (text or "not YAML").strip().splitlines()[0]
