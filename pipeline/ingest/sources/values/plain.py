"""Reads words, texts, booleans and languages. Everything else of this room stands on `word`.

A reader takes the value of one cell and a list. It returns a JSON value, or None for an absent one, and adds
to the list the code of what it had to change.
"""

import re
from collections.abc import Callable, Mapping
from hashlib import sha256

from pipeline.errors import Permanent

Reader = Callable[[object, list[str]], object]

ABSENT = frozenset({"nan", "none", "null", "na", "n/a", "#n/a", "nat", "\\n", "<na>", "undefined"})
"""pandas, R, SQL dumps, spreadsheets and JavaScript write an absent value so, compared in lower case. A text is
absent only if it is empty."""
DASHES = frozenset({"-", "--", "---", "–", "—"})
"""Suites print one of these into a table for a number or a word that they do not have."""
_LONGEST_ABSENT = max(map(len, ABSENT | DASHES))
INVISIBLE = dict.fromkeys(
    [0xAD, 0x61C, 0xFEFF, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A)]
)
"""Zero-width signs, marks of direction, byte order marks and soft hyphens, as `str.translate` takes them."""
HALF_CHARACTER = "half_character"
"""Code of a text that held one half of a surrogate pair, such as an emoji that was cut in two."""
NUL = "nul"
"""Code of a text that held a NUL, which ends the text in many programs and no person writes."""
_HALVES = re.compile("[\ud800-\udfff]")
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_BOOLEANS = {"true": True, "t": True, "yes": True, "y": True, "1": True, "1.0": True, "ja": True, "oui": True,
             "false": False, "f": False, "no": False, "n": False, "0": False, "0.0": False, "nein": False,
             "non": False}  # fmt: skip
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")


def spelled(value: object) -> str:
    """Returns a JSON value as a cell of a table would have it.

    Raises:
        Permanent: `nested_value`: it is a mapping or a list of several.
    """
    if isinstance(value, str):
        return value
    if value is None or value == [] or value == {}:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list) and len(value) == 1:
        return spelled(value[0])
    if isinstance(value, list | dict):
        raise Permanent("nested_value", "one value is needed, there are several")
    return str(value)


def text(value: object, notes: list[str]) -> object:
    """Returns a text as it is. An empty one is absent, and half a character becomes U+FFFD."""
    found = spelled(value)
    return whole_characters(found, notes) or None


def whole_characters(found: str, notes: list[str]) -> str:
    """Returns the text in characters that UTF-8 can write, and notes it where one had to be replaced."""
    if "\0" in found:
        found = found.replace("\0", "\ufffd")
        notes.append(NUL)
    if found.isascii() or not _HALVES.search(found):
        return found
    paired = _PAIR.sub(lambda pair: pair[0].encode("utf-16", "surrogatepass").decode("utf-16"), found)
    mended = _HALVES.sub("\ufffd", paired)
    if mended != paired:
        notes.append(HALF_CHARACTER)
    return mended


def word(value: object, notes: list[str]) -> str | None:
    """Returns a name or tag without space and unseen signs around it. Every spelling of absent is absent."""
    found = value if type(value) is str else spelled(value)
    if not found.isascii() or "\0" in found:
        found = whole_characters(found, notes)
        found = trimmed(found)
    found = found.strip()
    if len(found) > _LONGEST_ABSENT:
        return found
    return None if not found or found.lower() in ABSENT or found in DASHES else found


def trimmed(found: str) -> str:
    """Returns the text without space and unseen signs at its ends."""
    ends = found.translate(INVISIBLE).strip()
    if not ends:
        return ""
    return found[found.index(ends[0]) : found.rindex(ends[-1]) + 1]


def boolean(value: object, notes: list[str]) -> object:
    """Reads true/false, yes/no, t/f, y/n or 1/0 in any case.

    Raises:
        Permanent: `invalid_boolean`.
    """
    if isinstance(value, bool):
        return value
    found = word(value, notes)
    if found is None:
        return None
    if found.lower() not in _BOOLEANS:
        raise Permanent("invalid_boolean", "true or false is needed")
    return _BOOLEANS[found.lower()]


def language(value: object, notes: list[str]) -> object:
    """Reads a language tag, also one with underscores as locales have them.

    Raises:
        Permanent: `invalid_language`, such as for the name of a language.
    """
    found = word(value, notes)
    if found is None:
        return None
    tag = found.partition(".")[0].replace("_", "-")
    if not _LANGUAGE.fullmatch(tag):
        raise Permanent("invalid_language", "a language tag such as en or pt-BR is needed")
    return tag


_LONGEST_PLATFORM = 32


def platform(value: object, notes: list[str]) -> str | None:
    """Reads the name of a network as ids begin with it: `Google Play` becomes `google_play`."""
    found = word(value, notes)
    if found is None:
        return None
    return found if found.isascii() and found.isalpha() and found.islower() else _platform(found)


def _platform(found: str) -> str:
    name = re.sub(r"[^a-z0-9]+", "_", found.lower()).strip("_")
    name = name if name[:1].isalpha() else f"site_{name}".strip("_")
    # Names of websites may be in any letters, and longer than a platform's. What is left of two may be the same.
    if len(name) > _LONGEST_PLATFORM or any(sign.isalnum() and not sign.isascii() for sign in found):
        digest = sha256(found.lower().encode()).hexdigest()[:8]
        name = f"{name[: _LONGEST_PLATFORM - 9].strip('_')}_{digest}"
    return name


def handle(value: object, notes: list[str]) -> object:
    """Reads the name in an account's address, without the @ that many exports put in front."""
    found = word(value, notes)
    return found if found is None else found.removeprefix("@") or None


VISIBILITIES: Mapping[str, str] = {
    "public": "public", "unlisted": "public", "quiet_public": "public", "home": "public", "everyone": "public",
    "direct": "direct", "private": "direct", "followers": "direct", "followers-only": "direct",
    "followers_only": "direct", "followers only": "direct", "mutuals_only": "direct", "limited": "direct",
    "friends": "direct", "protected": "direct", "internal": "direct", "dm": "direct",
}  # fmt: skip
"""What networks call the audience of a post. Mastodon's own: https://docs.joinmastodon.org/entities/Status/ says
that `unlisted` is visible to all and `private` to followers only."""


def visibility(value: object, notes: list[str]) -> object:
    """Reads who sees a post. A word that nobody knows counts as direct, so that nobody answers it in public."""
    found = word(value, notes)
    if found is None:
        return None
    known = VISIBILITIES.get(found.lower())
    if known is None:
        notes.append("unknown_visibility")
    return known or "direct"
