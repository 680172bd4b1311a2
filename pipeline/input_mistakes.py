"""Says in plain words what is wrong with an input, which rule a value breaks, and which name was probably meant.

The result is a part of a sentence that stands behind the place. It never holds the value itself, which may be a
secret or somebody's text.
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

CLOSE_ENOUGH = 0.7
"""Smallest similarity (difflib's ratio, 0..1) of a suggestion. `genral` and `general` have .92, `queue` and
`skills` .18. A suggestion from lower down would be a guess."""

_WORDS: Mapping[str, str] = {
    "missing": "is missing",
    "extra_forbidden": "there is no such field",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a whole number of fewer digits",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "string_type": "must be text: put a number in quotes",
    "date_type": "must be a date, such as 2026-12-25",
    "date_parsing": "must be a date, such as 2026-12-25",
    "date_from_datetime_parsing": "must be a date, such as 2026-12-25",
    "date_from_datetime_inexact": "must be a date, such as 2026-12-25, without a time",
    "path_type": "must be a path",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "dict_type": "must be a mapping: a value for each name",
    "model_type": "must be a mapping: a value for each field",
    "model_attributes_type": "must be a mapping: a value for each field",
    "string_too_short": "must have at least {min_length} character(s)",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "needs at least {min_length} entries, has {actual_length}",
    "too_long": "takes at most {max_length} entries",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
}
"""Words by pydantic's type of error. Fields in braces come from its context."""

_PATTERNS: Mapping[str, str] = {
    r"^[a-z0-9][a-z0-9-]{0,62}$": "must be at most 63 small letters, digits and dashes, such as night-shift",
    r"^[a-z][a-z0-9_]{0,31}$": "must be a platform's name: small letters, digits and _, such as google_play",
    r"^[a-z0-9][a-z0-9_-]{0,62}$": "must be a platform's name: small letters, digits and _, such as google_play",
    r"^[a-z][a-z0-9_]{0,31}:[^\s\x00-\x1f\x7f]{1,200}$": "must be PLATFORM:ID, such as x:12345",
    r"^[a-z]{2,3}$": "must be a language code of two or three small letters, such as en",
    r"^([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$": (
        "must be HH:MM-HH:MM, such as 08:00-12:30 or 00:00-24:00"
    ),
    r"^[A-Z]{2}$": "must be a country code of two capital letters, such as GB",
}
"""What the patterns of the contract's types mean. Others are shown as they are."""


def plain(problem: Mapping[str, Any]) -> str:
    """Says what a finding of pydantic (`ValidationError.errors()`) says, without its vocabulary and without the
    value.

    Args:
        problem: one entry; its `input` is not looked at.
    """
    context: Mapping[str, Any] = problem.get("ctx") or {}
    kind = problem["type"]
    if kind in ("value_error", "assertion_error"):
        # A validator of ours raised the error, so its words are ours too.
        return str(context["error"])
    if kind == "literal_error":
        # pydantic puts quotes around each choice, which nobody has to type.
        return f"must be one of {str(context['expected']).replace(chr(39), '')}"
    if kind == "string_pattern_mismatch":
        pattern = str(context["pattern"])
        return _PATTERNS.get(pattern, f"must match the pattern {pattern}")
    if kind in _WORDS:
        return _WORDS[kind].format_map(context)
    return str(problem["msg"]).replace("Input should", "must")


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """Returns the name that was probably meant, or None where none is close."""
    folded = {candidate.casefold(): candidate for candidate in candidates}
    matches = get_close_matches(name.casefold(), folded, n=1, cutoff=CLOSE_ENOUGH)
    return folded[matches[0]] if matches else None


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """Returns `; did you mean NAME?`, or nothing where no name is close."""
    near = nearest(name, candidates)
    return "" if near is None else f"; did you mean {near}?"
