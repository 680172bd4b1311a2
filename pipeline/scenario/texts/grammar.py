"""Expands a small text grammar, in which a symbol is replaced by one of its variants until only words are left.

It takes a random source, a grammar and a symbol, and returns a text. What the texts say stands in the files of the
languages (`library.py`).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from random import Random

Grammar = Mapping[str, Sequence[str]]
"""Symbol to its variants. `{name}` stands for a symbol, `{name?}` for a symbol that is left out half the time."""

_SLOT = re.compile(r"\{([a-z_]+)(\?)?\}")
_SPACES = re.compile(r"\s+")
_SPACE_BEFORE = re.compile(r" (?=[.,!?;:](?:\s|$))")

NUMBERS: Mapping[str, Callable[[Random], str]] = {
    "few": lambda rng: str(rng.randint(2, 6)),
    "nth": lambda rng: rng.choice(("2nd", "3rd", "4th", "5th", "6th")),
    "many": lambda rng: str(rng.randint(7, 49)),
    "minutes": lambda rng: str(rng.choice((15, 20, 25, 30, 35, 40, 45, 50, 55, 70, 80, 90, 95, 110))),
    "amount": lambda rng: f"{rng.randint(4, 189)}.{rng.choice(('00', '49', '50', '90', '95', '99'))}",
    "round_amount": lambda rng: str(rng.randint(3, 60) * 5),
    "mbps": lambda rng: str(rng.choice((50, 100, 200, 250, 300, 500, 600, 1000))),
    "slow_mbps": lambda rng: f"{rng.uniform(0.2, 12):.1f}",
    "clock": lambda rng: f"{rng.randint(6, 23)}:{rng.randint(0, 11) * 5:02d}",
    "percent": lambda rng: str(rng.randint(5, 45)),
    "ticket": lambda rng: f"AC-{rng.randint(100_000, 999_999)}",
    "year": lambda rng: str(rng.randint(2009, 2023)),
}
"""Symbols of every grammar whose numbers are drawn. The numbers make most texts unlike each other."""


def expand(rng: Random, grammar: Grammar, symbol: str) -> str:
    """Returns a text for `symbol`.

    Raises:
        KeyError: the grammar has no such symbol.
    """
    return tidy(_expand(rng, grammar, symbol))


def tidy(text: str) -> str:
    """Returns the text with single spaces, and with none before a punctuation mark."""
    return _SPACE_BEFORE.sub("", _SPACES.sub(" ", text)).strip()


def _expand(rng: Random, grammar: Grammar, symbol: str) -> str:
    if symbol in NUMBERS:
        return NUMBERS[symbol](rng)

    def fill(slot: re.Match[str]) -> str:
        if slot[2] and rng.random() < 0.5:
            return ""
        return _expand(rng, grammar, slot[1])

    return _SLOT.sub(fill, rng.choice(grammar[symbol]))
