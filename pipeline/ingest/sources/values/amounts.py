"""Reads numbers with the signs that locales put into them, and never guesses a factor.

A comma or a dot with three digits behind it may part thousands or decimals. Where the map does not say which
(`decimal`), a number that could be either is refused.
"""

import math
import re

from pipeline.errors import Permanent
from pipeline.ingest.sources.values.plain import word

Decimal = str | None
"""The sign before decimals, a dot or a comma, or None where nobody has said it."""
_PLAIN = re.compile(r"[+-]?\d+")
_FLOAT = re.compile(r"[+-]?(\d+\.\d*|\.\d+|\d+)([eE][+-]?\d+)?")
_GROUPED = re.compile(
    r"[+-]?\d{1,3}(?:(?P<sign>[.,'’ \u00a0\u202f\u2009])\d{3}(?:(?P=sign)\d{3})*)(?P<rest>[.,]\d+)?"
)
_BLANKS = re.compile(r"(?<=\d)['’ \u00a0\u202f\u2009](?=\d)")
_LONGEST = 60
_SAFE_DIGITS = 16
"""A number of fewer digits is exact in a double too, so that nothing of it has to be looked at."""
_NOT_GIVEN = "the number can be read in two ways: say which sign its decimals have (decimal in the map)"


def number(value: object, decimal: Decimal, whole: bool, notes: list[str]) -> object:
    """Reads a number. `12.0` counts as the integer 12.

    Args:
        value: the cell, or a number of a JSON file.
        decimal: sign before decimals in this file, if anybody has said it.
        whole: whether it counts something, so that it has no decimals.
        notes: takes the codes of what had to be changed.

    Raises:
        Permanent: `invalid_number`, or `ambiguous_number` where two locales read it differently.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        found = float(value) if isinstance(value, float) else value
        return None if isinstance(found, float) and math.isnan(found) else _whole(found)
    text = word(value, notes)
    if text is None:
        return None
    if len(text) > _LONGEST:
        raise Permanent("invalid_number", "a number is needed")
    if len(text) < _SAFE_DIGITS and text.isascii() and text.isdigit():
        return int(text)
    if _PLAIN.fullmatch(text):
        return _whole(int(text) if len(text) < 20 else float(text))
    return _whole(float(_with_dot(text, decimal, whole)))


def _with_dot(text: str, decimal: Decimal, whole: bool) -> str:
    grouped = _GROUPED.fullmatch(text)
    if grouped and grouped["rest"] and grouped["rest"][0] == grouped["sign"]:
        grouped = None
    if grouped is not None:
        sign = grouped["sign"]
        once = text.count(sign) == 1 and grouped["rest"] is None
        if decimal is not None:
            # With one group the sign of decimals is what it is; with more it cannot be.
            if sign == decimal and not once:
                raise Permanent("invalid_number", "the sign of decimals stands there several times")
            is_group = sign != decimal
            if grouped["rest"] and grouped["rest"][0] != decimal:
                raise Permanent("invalid_number", f"decimals with {decimal!r} are needed")
        else:
            is_group = not once or sign not in ".,"
            if once and sign in ".,":
                # 1,204 followers are one thousand in every language that writes so, while 1.204 and 12.000 may
                # also be what a program made of 12. A rating of 4.500 has decimals, and one of 4,500 is unclear.
                if (sign == ".") == whole:
                    raise Permanent("ambiguous_number", _NOT_GIVEN)
                is_group = sign == ","
        if is_group:
            rest = grouped["rest"] or ""
            body = text[: len(text) - len(rest)]
            return body.replace(sign, "") + rest.replace(",", ".")
    bare = _BLANKS.sub("", text)
    if decimal == "." and "," in bare:
        raise Permanent("invalid_number", "decimals with '.' are needed")
    if decimal == "," and "." in bare and not _ends_in_zeros(bare):
        raise Permanent("invalid_number", "decimals with ',' are needed")
    found = bare.replace(",", ".") if bare.count(",") == 1 and "." not in bare else bare
    # `float` reads "nan" and "inf" too, which are no numbers of anything.
    if not _FLOAT.fullmatch(found) or not math.isfinite(float(found)):
        raise Permanent("invalid_number", "a number is needed")
    return found


def _ends_in_zeros(text: str) -> bool:
    # pandas writes 3.0 for a 3 beside an empty cell, whatever the locale of the rest.
    return text.endswith(".0")


def _whole(value: float) -> float:
    if not math.isfinite(value):
        raise Permanent("invalid_number", "a number is needed")
    # JSON has whole numbers of 64 bits. No field takes one that is larger, and says so.
    return int(value) if float(value).is_integer() and abs(value) < 2**63 else value
