"""Reads the texts of the scenario, a data file for each language, when somebody first writes in it.

The files stand beside this module (`en.toml` ...). They hold what people and the brand write, as a grammar, how
people shorten words, and the invented names, streets and account numbers of the language.
"""

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

from pipeline.scenario.texts.grammar import Grammar

LANGUAGES = ("en", "es", "de", "fr", "pt")
"""Languages that have a file."""


class LanguageTexts(NamedTuple):
    """What the file of one language holds."""

    grammar: Grammar
    slang: Mapping[str, str]
    """Word to its short form, in the order in which they are tried."""
    first_names: tuple[str, ...]
    last_names: tuple[str, ...]
    street: str
    """An address, with `{n}` in the place of the house number."""
    iban: str


@lru_cache(maxsize=len(LANGUAGES))
def texts_of(language: str) -> LanguageTexts:
    """Returns the texts of a language, which are read at the first call.

    Raises:
        FileNotFoundError: the language is not one of `LANGUAGES`.
    """
    document = tomllib.loads(files(__package__).joinpath(f"{language}.toml").read_text(encoding="utf-8"))
    people = document["people"]
    return LanguageTexts(
        grammar={symbol: tuple(variants) for symbol, variants in document["symbols"].items()},
        slang=document["slang"],
        first_names=tuple(people["first_names"]),
        last_names=tuple(people["last_names"]),
        street=people["street"],
        iban=people["iban"],
    )
