"""No text that a stranger writes costs more than its length allows, in any pure function that reads it."""

import importlib
import inspect
import pkgutil
import re
import time
from collections.abc import Iterator

import pytest

from pipeline.enrich.batches.cost import post_cost
from pipeline.enrich.privacy.mask import mask_post
from tests.text_functions import (
    ASKS_MANY_REGIONS,
    COSTLIEST,
    DIRECT,
    FUNCTIONS,
    OTHERS,
    PATTERNS,
    POLICY,
    TAILS,
    UNITS,
    TextFunction,
    direct,
    generated,
    repeated,
)

SHORT, TIMES = 1_000, 4
MOST_GROWTH = 8.0
"""The text is four times as long. Linear cost grows by 4, quadratic cost by 16."""
UNNOTICED_S = 0.008
"""Below it growth is not asked for. A text of 4,000 characters that costs less costs the longest post .13 s."""
START_S, CHARACTER_S = 0.010, 20e-6
"""Any text may cost so much, however short, because a page of memory or the collector takes time that is not the
function's. Each of its characters adds so much.
"""
ASKED_START_S, ASKED_CHARACTER_S = 0.040, 60e-6
"""This is the same where the phone library is asked about eleven regions. 22 ms and 50 microseconds were
measured.
"""
UNIT_S = 5 / 300_000
"""A unit of weight stands for so much time. A batch of 300,000 takes 5 s."""
SLOWER = 2
"""A busy machine with shared cores may need that many times the CPU time for the same work."""
TRIES = 4
LENGTHS = (50, 100, 200, 300, 500, 3000)
_TEXTS = re.compile(
    r"str|str \| None|.*\b(PostBody|RawPost)"
    r"|(collections\.abc\.)?(Sequence|Iterable)\[(str|.*\b(PostBody|ReceivedPost|Line))\]"
)
"""Parameters of these types may hold what a stranger wrote."""


def cost_s(function: TextFunction, text: str) -> float:
    """Returns the CPU seconds of this thread."""
    before = time.thread_time()
    function(text)
    return time.thread_time() - before


def grows_too_fast(function: TextFunction, unit: str, tail: str) -> str | None:
    """Returns how the cost grows from n to 4n characters where it grows too fast, as the best of some tries."""
    short, long = repeated(unit, SHORT, tail), repeated(unit, TIMES * SHORT, tail)
    most = float("inf")
    for _ in range(TRIES):
        long_s = cost_s(function, long)
        if long_s < UNNOTICED_S:
            return None
        most = min(most, long_s / max(cost_s(function, short), 1e-6))
        if most < MOST_GROWTH:
            return None
    return f"{unit!a} {tail!a}: {most:.1f} times the cost for {TIMES} times the text"


def is_too_slow(name: str, text: str) -> bool:
    """Says whether a text costs that function more than its length allows."""
    start_s, character_s = START_S, CHARACTER_S
    if name in ASKS_MANY_REGIONS:
        start_s, character_s = ASKED_START_S, ASKED_CHARACTER_S
    return costs_more((FUNCTIONS | DIRECT)[name], text, start_s + character_s * len(text))


def costs_more(function: TextFunction, text: str, most_s: float) -> bool:
    """Says whether a text costs more than that, in each of some tries."""
    return all(cost_s(function, text) > most_s for _ in range(TRIES))


@pytest.mark.parametrize("name", [*FUNCTIONS, *DIRECT, *PATTERNS])
def test_the_cost_of_a_text_grows_no_faster_than_its_length(name: str) -> None:
    function = (FUNCTIONS | DIRECT | PATTERNS)[name]
    tails = TAILS if "privacy" in name else TAILS[:1]
    found = [grows_too_fast(function, unit, tail) for unit in UNITS for tail in tails]
    assert [one for one in found if one] == []


@pytest.mark.parametrize("name", [*FUNCTIONS, *DIRECT])
def test_no_hostile_text_costs_more_than_a_constant_and_its_share_for_each_character(name: str) -> None:
    texts = [generated(number) for number in range(60)] + [repeated(COSTLIEST, n) for n in LENGTHS]
    assert [text for text in texts if is_too_slow(name, text)] == []


@pytest.mark.parametrize("characters", LENGTHS)
def test_no_direct_message_costs_more_than_it_weighs(characters: int) -> None:
    text = repeated(COSTLIEST, characters)
    most_s = SLOWER * UNIT_S * post_cost(direct(text), POLICY)
    assert not costs_more(lambda some: mask_post(direct(some), POLICY), text, most_s)


def test_a_pattern_that_tries_each_sign_of_a_run_anew_is_found() -> None:
    function = re.compile(r"@+\w").findall
    assert grows_too_fast(function, "@", "") is not None


def test_every_pure_function_that_reads_a_text_is_tried() -> None:
    found = {"pipeline.codec.decode", *_readers("pipeline.enrich"), *_readers("pipeline.ingest")}
    assert sorted(found - set(FUNCTIONS) - set(OTHERS)) == [], "name them in tests/text_functions.py"
    assert sorted((set(FUNCTIONS) | set(OTHERS)) - found) == [], "these are gone"


def _readers(package: str) -> Iterator[str]:
    """Yields public functions, methods and classes of the pure modules that are given a text."""
    root = importlib.import_module(package)
    for module in pkgutil.walk_packages(root.__path__, f"{package}."):
        if module.name.endswith(".agent"):
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            if name.startswith("_") or getattr(value, "__module__", None) != module.name:
                continue
            if inspect.isfunction(inspect.unwrap(value)) and _reads(value):
                yield f"{module.name}.{name}"
            elif inspect.isclass(value) and not issubclass(value, tuple | Exception):
                yield from (f"{module.name}.{method}" for method in _methods(value))


def _methods(cls: type) -> Iterator[str]:
    for name, value in vars(cls).items():
        if inspect.isfunction(value) and (name == "__init__" or not name.startswith("_")) and _reads(value):
            yield cls.__name__ if name == "__init__" else f"{cls.__name__}.{name}"


def _reads(function: object) -> bool:
    assert callable(function)
    return any(
        _TEXTS.fullmatch(_spelled(parameter.annotation))
        for name, parameter in inspect.signature(function).parameters.items()
        if name != "self"
    )


def _spelled(annotation: object) -> str:
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
