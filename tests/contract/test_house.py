"""The rules of the house, so that a folder can be read at a glance and a name leads to one place.

1. A folder holds at most twelve modules.
2. No name of a module is explained by a prefix only: no two modules of a folder share their first word, and none
   begins with the name of its folder.
3. Whatever imports a machine (Kafka, ClickHouse, torch, ...) lives in that machine's folder. Import-linter checks
   it: `pyproject.toml` has a line for each machine, and `test_imports` breaks each.
4. A module's name stands in at most two folders; `agent.py`, which every stage may have, aside.

`pipeline/cli`, whose files are verbs, and the faces of packages (`__init__`, `__main__`) are exempt.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePath

import pytest

ROOT = Path(__file__).parents[2]
MOST_MODULES = 12
MOST_FOLDERS = 2
EXEMPT = PurePath("pipeline/cli")
Rule = Callable[[Iterable[PurePath]], Iterator[str]]
WAITING: set[str] = set()
"""Offences that a change under way removes."""


def modules() -> list[PurePath]:
    """Every module of the product, relative to the checkout."""
    files = [file for part in ("pipeline", "schemas") for file in (ROOT / part).rglob("*.py")]
    return [PurePath(file.relative_to(ROOT)) for file in files]


def rooms(files: Iterable[PurePath]) -> dict[PurePath, list[str]]:
    """Folder to the names of its modules."""
    found: dict[PurePath, list[str]] = defaultdict(list)
    for file in files:
        if not file.stem.startswith("__") and file.parent != EXEMPT:
            found[file.parent].append(file.stem)
    return found


def crowded(files: Iterable[PurePath]) -> Iterator[str]:
    for folder, names in rooms(files).items():
        if len(names) > MOST_MODULES:
            yield f"{folder} holds {len(names)} modules"


def prefixed(files: Iterable[PurePath]) -> Iterator[str]:
    for folder, names in rooms(files).items():
        words = Counter(name.partition("_")[0] for name in names)
        yield from (f"{count} modules of {folder} begin with {word}" for word, count in words.items() if count > 1)
        yield from (f"{folder}/{name}" for name in names if name.startswith(f"{folder.name}_"))


def repeated(files: Iterable[PurePath]) -> Iterator[str]:
    places: dict[str, list[str]] = defaultdict(list)
    for folder, names in rooms(files).items():
        for name in names:
            places[name].append(str(folder))
    for name, folders in places.items():
        if len(folders) > MOST_FOLDERS and name != "agent":
            yield f"{name} stands in {', '.join(sorted(folders))}"


def test_a_folder_holds_at_most_twelve_modules() -> None:
    assert set(crowded(modules())) - WAITING == set()


def test_no_module_name_is_explained_by_a_prefix_only() -> None:
    assert set(prefixed(modules())) - WAITING == set()


def test_a_module_name_stands_in_at_most_two_folders() -> None:
    assert set(repeated(modules())) - WAITING == set()


@pytest.mark.parametrize(
    ("rule", "planted"),
    [
        (crowded, [f"pipeline/loop/{letter}.py" for letter in "abcdefghijklm"]),
        (prefixed, ["pipeline/loop/inputs/merge_order.py"]),
        (prefixed, ["pipeline/adapters/http/http_pool.py"]),
        (repeated, ["pipeline/loop/batch.py", "pipeline/route/batch.py"]),
    ],
)
def test_each_rule_notices_what_breaks_it(rule: Rule, planted: list[str]) -> None:
    before = set(rule(modules()))
    assert set(rule([*modules(), *map(PurePath, planted)])) - before


def test_verbs_agents_and_faces_of_packages_are_exempt() -> None:
    free = [PurePath(f"pipeline/cli/{number}.py") for number in range(20)]
    free += [PurePath("pipeline/trends/agent.py"), PurePath("pipeline/trends/__init__.py")]
    for rule in (crowded, prefixed, repeated):
        assert set(rule([*modules(), *free])) == set(rule(modules()))
