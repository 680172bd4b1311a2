"""Reads ids, which spreadsheets and pandas like to treat as numbers. An id that has lost digits is never taken.

Two people or posts could share such an id. What merely stands around an id, as in `="123"`, is taken off.
"""

import re
from hashlib import sha256

from pipeline.errors import Permanent
from pipeline.ingest.sources.values.plain import INVISIBLE, spelled, word

NAME_AS_ID = "name_as_id"
"""Code of a display name that stands where an id should, so that two people of one name become one."""
NO_REFERENCE = frozenset({"-1", "0", "-1.0", "0.0", "[]", "{}", "false"})
"""twint, pandas and SQL tools write one of these for a post that answers no other."""
EXACT_BELOW = 2**53
"""Whole numbers from here on lose digits in a double (IEEE 754)."""
SPREADSHEET_DIGITS = 15
"""Spreadsheets keep so many digits of a number and write zeros for the rest."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_:-]*")
"""No program takes what begins with a letter and has no other signs for a number, a list or a formula."""
_FORMULA = re.compile(r"""="?(?P<id>[^"]*)"?""")
_EXPONENT = re.compile(r"[+-]?(\d+([.,]\d*)?[eE]\+\d+|\d+[.,]\d+[eE]\d+)")
_FLOAT = re.compile(r"(?P<whole>\d+)\.0*")
_ROUNDED = re.compile(rf"\d{{{SPREADSHEET_DIGITS}}}0{{3,}}")
_DIGITS_AND_BLANKS = re.compile(r"\d+(\s+\d+)+")
_LIST = re.compile(r"""\[\s*+['"]?(?P<id>[^'",\[\]]++)['"]?\s*+\]""")
_LOST = "the last digits of this id were lost where a program read it as a number; export it as text"


def native_id(platform: str, value: object, notes: list[str], *, exact: bool = False) -> str | None:
    """Returns `<platform>:<native id>`, with the prefix added where it lacks and `3.0` of pandas as `3`.

    Args:
        platform: name of the network.
        value: the cell, or a value of a JSON file.
        notes: takes the codes of what had to be changed.
        exact: whether ids that end in zeros are to be taken, because somebody knows that they are whole.

    Raises:
        Permanent: `id_lost_digits`, `several_values` or `invalid_id`.
    """
    found = bare_id(value, notes, exact=exact)
    if found is None:
        return None
    prefix = f"{platform}:"
    return found if found.startswith(prefix) else prefix + found


def bare_id(value: object, notes: list[str], *, exact: bool = False) -> str | None:
    """Returns the id alone; see `native_id`."""
    if isinstance(value, int) and not isinstance(value, bool):
        return _unwrapped(str(value), exact=True)
    if isinstance(value, float):
        if value != value:
            return None
        if not value.is_integer() or abs(value) >= EXACT_BELOW:
            raise Permanent("id_lost_digits", _LOST)
        return str(int(value))
    if isinstance(value, dict | bool):
        raise Permanent("invalid_id", "an id is a text or a whole number")
    text = spelled(value)
    found = word(text if text.isascii() else text.translate(INVISIBLE), notes)
    if found is None or _NAME.fullmatch(found):
        return found
    if found.isalnum():
        return found if exact else _checked(found)
    return _unwrapped(found, exact)


def reference(platform: str, value: object, notes: list[str], *, exact: bool = False) -> str | None:
    """Returns the id of another post or author. What tools write for none is absent."""
    if not isinstance(value, float):
        try:
            if value in (False, 0, -1) or spelled(value).strip().lower() in NO_REFERENCE:
                return None
        except Permanent as error:
            raise Permanent("several_values", error.detail) from None
    return native_id(platform, value, notes, exact=exact)


def named_id(platform: str, value: object, notes: list[str], *, exact: bool = False) -> str | None:
    """Returns the id of an author. A display name gets signs that an id may have, and is noted."""
    name = value if isinstance(value, str) else ""
    if len(name.split()) > 1 and any(map(str.isalpha, name)):
        notes.append(NAME_AS_ID)
        # A blank becomes what no name has, because Ann_Smith may be somebody else.
        found = "%20".join(name.translate(INVISIBLE).split()) or None
    else:
        found = bare_id(value, notes, exact=exact)
    # The @ before a name is a sign of its interface, and other exports of the network have none.
    found = (found or "").removeprefix("@") or None
    if found is None:
        return None
    prefix = f"{platform}:"
    return found if found.startswith(prefix) else prefix + found


def hashed(parts: list[str]) -> str:
    """Returns an id made of what stands in several cells, the same for the same cells."""
    return sha256("\x1f".join(parts).encode(errors="surrogatepass")).hexdigest()[:24]


def _checked(found: str) -> str:
    rounded = _ROUNDED.fullmatch(found)
    if rounded is not None:
        raise Permanent("id_lost_digits", _LOST + ", or say ids: exact in the map if it does end in zeros")
    if _EXPONENT.fullmatch(found):
        raise Permanent("id_lost_digits", _LOST)
    return found


def _unwrapped(found: str, exact: bool) -> str | None:
    if found.startswith("="):
        formula = _FORMULA.fullmatch(found)
        if formula is None:
            raise Permanent("invalid_id", "a formula of a spreadsheet is no id")
        found = formula["id"].strip()
    found = found.removeprefix("'").strip()
    if len(found) > 1 and found[0] == found[-1] == '"':
        found = found[1:-1].strip()
    if found[:1] in ("[", "{"):
        listed = _LIST.fullmatch(found)
        if listed is None:
            raise Permanent("several_values", "one id is needed, the cell has a list")
        found = listed["id"].strip()
    if not found or found == "-1":
        raise Permanent("invalid_id", "no id stands there")
    if _EXPONENT.fullmatch(found):
        raise Permanent("id_lost_digits", _LOST)
    # Two posts could be meant, so the row is refused and not mended.
    if "," in found or _DIGITS_AND_BLANKS.fullmatch(found):
        raise Permanent("several_values", "one id is needed, the cell lists several")
    whole = _FLOAT.fullmatch(found)
    if whole is None:
        return found if exact else _checked(found)
    return _of_float(whole["whole"])


def _of_float(whole: str) -> str:
    value = int(whole) if len(whole) < 40 else 0
    # A decimal text whose digits no double has was never a double, so that none are lost.
    if len(whole) >= 40 or (value >= EXACT_BELOW and int(float(value)) == value):
        raise Permanent("id_lost_digits", _LOST)
    return whole
