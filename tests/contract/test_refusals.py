"""The table of refusals is closed: every code that is given is in it, and every code in it is given somewhere."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from schemas.refusals import REFUSALS, PostRefusal, RequestRefusal, refusals_at

ROOT = Path(__file__).parents[2]
AS_RECORDS = ("desktop", "stream", "line", "store")
"""Places whose codes are raised as `Permanent`; those of the router's events are typed."""


def raised() -> Iterator[tuple[str, str]]:
    """Every code with which a `Permanent` is made, and where."""
    for path in sorted((ROOT / "pipeline").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Permanent":
                place = f"{path.relative_to(ROOT)}:{node.lineno}"
                code = node.args[0]
                if isinstance(code, ast.Constant):
                    yield str(code.value), place
                else:
                    assert getattr(code, "attr", "") == "code", f"{place}: neither a literal nor passed on"


def test_every_code_that_is_raised_is_in_the_table_and_every_one_of_the_table_is_raised() -> None:
    listed = {refusal.code for place in AS_RECORDS for refusal in refusals_at(place)}  # type: ignore[arg-type]
    given: dict[str, str] = dict(raised())
    assert {code: place for code, place in given.items() if code not in listed} == {}
    assert listed - given.keys() == set()


def test_the_codes_of_the_routers_events_are_those_of_the_table() -> None:
    assert {refusal.code for refusal in refusals_at("request")} == set(get_args(RequestRefusal))
    assert {refusal.code for refusal in refusals_at("post")} == set(get_args(PostRefusal))


@pytest.mark.parametrize("code", [*get_args(RequestRefusal), *get_args(PostRefusal)])
def test_the_router_gives_each_code_of_its_events(code: str) -> None:
    sources = (path.read_text(encoding="utf-8") for path in (ROOT / "pipeline/route").rglob("*.py"))
    assert any(f'"{code}"' in source for source in sources)


def test_a_code_stands_once_and_says_what_it_means_and_what_to_do() -> None:
    codes = [refusal.code for refusal in REFUSALS]
    assert len(codes) == len(set(codes))
    for refusal in REFUSALS:
        assert re.fullmatch(r"[a-z][a-z0-9_]{0,63}", refusal.code)
        assert refusal.places
        assert refusal.meaning
        assert refusal.remedy


def test_the_readme_tells_desktops_every_code_that_they_may_meet() -> None:
    where = {"request": "event", "desktop": "dead letter"}
    told = [
        f"| `{refusal.code}` | {', '.join(where[place] for place in where if place in refusal.places)} "
        f"| {refusal.meaning} | {refusal.remedy} |"
        for refusal in REFUSALS
        if {"request", "desktop"} & set(refusal.places)
    ]
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    start = lines.index("| code | where | meaning | what to do |") + 2
    assert lines[start : start + len(told) + 1] == [*told, ""]
