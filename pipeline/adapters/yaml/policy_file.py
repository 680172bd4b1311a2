"""A policy as its owner writes it: YAML, every mistake named with file, line and field.

In: a path. Out: a `Policy`, and the place of each field. Never here: publishing; tolerance: an unknown field is a
typing mistake and refused.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from pipeline.errors import Misconfigured
from pipeline.mistakes import did_you_mean, plain
from schemas.policy.agreement import Disagreements, disagreements
from schemas.policy.policy import Policy
from schemas.posts.signals import IntentName

M = TypeVar("M", bound=BaseModel)
MAX_BYTES = 1_000_000
"""A record of `policies` holds at most 1 MiB."""
MAX_ENTRIES = 100_000
"""Of a document with its aliases written out: a file of 1 MB without any has fewer, nine nested aliases 10^9."""
_QUOTED = re.compile("'([^']*)'")
"""A choice in pydantic's words about a literal."""

Location = tuple[int | str, ...]
Refusals = Callable[[Any], Iterable[tuple[Location, str]]]
"""What else is wrong with a document, as plain data that may have wrong fields too: where, and why."""


@dataclass(frozen=True)
class Written(Generic[M]):
    """What a file says, and where it says it.

    Args:
        value: the checked document.
        place: a location in it as `file:line: field: `, to stand before a sentence.
    """

    value: M
    place: Callable[[Location], str]


def load_policy(path: Path, refusals: Refusals | None = None) -> Written[Policy]:
    """Reads and checks a policy.

    Args:
        path: the file.
        refusals: what else is to be refused, such as queries that find nothing; asked in any case.

    Raises:
        Misconfigured: the file cannot be read, is no YAML, has a key twice, or a field is wrong or unknown, or
            names do not agree; each mistake on a line of its own as `file:line: field: what is wrong`.
    """

    def all_refusals(document: Any) -> Iterator[tuple[Location, str]]:
        for one in disagreements(document, get_args(IntentName)):
            yield one.place, one.what + (did_you_mean(one.name, one.known) if one.name else "")
        if refusals is not None:
            yield from refusals(document)

    shape = "a policy is a mapping with workspace, version, brand, queues, rules"
    return load_yaml(path, Policy, shape, all_refusals)


def load_yaml(path: Path, model: type[M], shape: str, refusals: Refusals | None = None) -> Written[M]:
    """Reads and checks a YAML file of any model, as `load_policy` does; `shape` says what it should be."""
    document = _parse(path)
    if not isinstance(document, CommentedMap):
        raise Misconfigured(f"{path}:1: {shape}")
    data = _plain(document)
    problems: list[tuple[Location, str]] = []
    try:
        value = model.model_validate(data, extra="forbid")
    except ValidationError as error:
        found = _causes(error.errors(include_url=False))
        problems = [(one["loc"], _message(one, model)) for one in found if not _is_disagreement(one)]
        value = None
    problems += [] if refusals is None else refusals(data)
    if value is None or problems:
        places = sorted({(_line(document, where), _field(where) + what) for where, what in problems})
        raise Misconfigured("\n".join(f"{path}:{line}: {what}" for line, what in places))
    return Written(value, lambda location: f"{path}:{_line(document, location)}: {_field(location)}")


def _is_disagreement(problem: Any) -> bool:
    """Those come from the refusals, each at its own place."""
    return isinstance((problem.get("ctx") or {}).get("error"), Disagreements)


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
        document = YAML(typ="rt").load(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise Misconfigured(f"{path}:{line}: byte {error.start} is not UTF-8") from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = 1 if mark is None else mark.line + 1
        raise Misconfigured(f"{path}:{line}: {_first_line(error.problem or error.context)}") from None
    except YAMLError as error:
        raise Misconfigured(f"{path}:1: {_first_line(str(error))}") from None
    except (RecursionError, ValueError):  # brackets within brackets, a number of thousands of digits
        raise Misconfigured(f"{path}: a value is nested too deep or too long to be read") from None
    if _entries(document, {}) > MAX_ENTRIES:
        raise Misconfigured(f"{path}: with its aliases written out it has more than {MAX_ENTRIES} entries")
    return document


def _entries(node: object, counted: dict[int, float]) -> float:
    """Entries of a document with every alias written out; without end where one holds itself.

    Args:
        node: of the document.
        counted: the entries of each collection that was counted before, by identity.
    """
    if not isinstance(node, dict | list):
        return 1
    if id(node) not in counted:
        counted[id(node)] = float("inf")  # until it is counted: whoever meets it inside itself finds no end
        inner = node.values() if isinstance(node, dict) else node
        counted[id(node)] = 1 + sum(_entries(each, counted) for each in inner)
    return counted[id(node)]


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


def _message(problem: Any, model: type[BaseModel]) -> str:
    *parent, last = problem["loc"] or ("",)
    said = plain(problem)
    if problem["type"] == "extra_forbidden":
        return said + did_you_mean(str(last), _fields(model, parent))
    if problem["type"] == "literal_error" and isinstance(problem["input"], str):
        return said + did_you_mean(problem["input"], _QUOTED.findall(problem["ctx"]["expected"]))
    return said


def _fields(model: type[BaseModel], location: Iterable[int | str]) -> Iterable[str]:
    """The fields of the part at a location."""
    kinds: list[Any] = [model]
    for part in location:
        models = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
        if isinstance(part, str):
            kinds = [kind.model_fields[part].annotation for kind in models if part in kind.model_fields]
        # Out of tuples and optional types, whose arguments are the types of what is in them.
        kinds = [inner for kind in kinds for inner in (kind, *get_args(kind))]
    return [name for kind in kinds if hasattr(kind, "model_fields") for name in kind.model_fields]


def _first_line(text: str | None) -> str:
    return (text or "not YAML").strip().splitlines()[0]
