"""Plain data of the shape of a policy, of which nothing is sure yet, and what disagrees in it."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, TypeGuard

Location = tuple[int | str, ...]


class Disagreement(NamedTuple):
    """Two parts of a policy that do not fit each other."""

    place: Location
    what: str
    name: str = ""
    """The name that is missing; empty for a mistake of another sort."""
    candidates: tuple[str, ...] = ()
    """The names that would have been right."""


def entries(data: object, field: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yields number and content of each entry of a list.

    What has another shape has its own complaint already, and is passed over.
    """
    for at, entry in items(data, field):
        if isinstance(entry, Mapping):
            yield at, entry


def names(data: object, field: str) -> Iterator[tuple[int, str]]:
    """Yields number and text of each name in a list, and passes over everything else."""
    for at, name in items(data, field):
        if isinstance(name, str):
            yield at, name


def items(data: object, field: str) -> Iterator[tuple[int, Any]]:
    """Yields number and value of each item of a list, and nothing where there is no list."""
    said = part(data, field)
    yield from enumerate(said if isinstance(said, list | tuple) else ())


def part(data: object, field: str) -> Any:
    """Returns what a mapping has under a name, None when it has nothing there or is none."""
    return data.get(field) if isinstance(data, Mapping) else None


def is_text(value: object) -> TypeGuard[str]:
    """Returns whether a value can be a name."""
    return isinstance(value, str)


def is_number(value: object) -> TypeGuard[float]:
    """Returns whether a value is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)
