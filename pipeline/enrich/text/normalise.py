"""One text form for training and serving: what the sentiment model reads.

In: a post's text as the platform gave it. Out: one line, markup decoded, names and links made alike.
Never here: an error, a model, a language rule. Training and serving must call this same function, for
the model has only ever seen its output.
"""

import re
import unicodedata
from html import unescape

from pipeline.enrich.text import emoji
from pipeline.enrich.text.lexical import LINK, MENTION

_MAX_ROUNDS = 8
"""Decodings of markup inside markup that are followed; real feeds nest two or three deep."""

_AMPERSANDS = re.compile(r"&(?:amp;|#0*38;|#x0*26;)+", re.IGNORECASE)
_ESCAPES = re.compile(r"(?:\\u[0-9a-fA-F]{4})+")
# It starts only where a run of backslashes starts; else a long run is tried anew from each of them.
_ESCAPED_QUOTE = re.compile(r"(?<!\\)\\+([\"'])")
_OVERLONG_NUMBER = re.compile(r"&#\d{20,};?")
"""No character has such a number, and `unescape` raises on one of more than 4,300 digits."""

_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
"""Unicode categories without a glyph: control, zero-width and format, surrogate, private, unassigned."""

_TYPOGRAPHIC = str.maketrans(
    {
        "’": "'", "‘": "'", "ʼ": "'", "´": "'", "`": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"',
        "…": "...", "–": "-", "—": "-", "−": "-",
    }
)  # fmt: skip
"""The training posts are ASCII; a phone's curly quote must not look like a new word to the model."""


def normalise(text: str) -> str:
    """Brings a text to the form that the model was trained on; idempotent, never raises.

    HTML entities (nested ones too) and literal `\\uXXXX` escapes are decoded, `@name` becomes `@user`,
    a link `http`, emoji are spelled (`emoji.spell`), typographic quotes become ASCII, characters
    without a glyph go, white space becomes one blank. Case and accents stay: the tokenizer folds them.
    """
    for _ in range(_MAX_ROUNDS):
        step = _once(text)
        if step == text or _nothing_to_decode(text):
            return step
        text = step
    # Hostile nesting: without its two lead-in characters nothing is left to decode.
    text = text.replace("&", " ").replace("\\", " ")
    while (step := _once(text)) != text:
        text = step
    return text


def _nothing_to_decode(text: str) -> bool:
    # Most posts: one round is enough, which halves the cost.
    return text.isascii() and "&" not in text and "\\" not in text


def _once(text: str) -> str:
    if "&" in text:
        text = unescape(_OVERLONG_NUMBER.sub("\ufffd", _AMPERSANDS.sub("&", text)))
    if "\\" in text:
        text = _ESCAPED_QUOTE.sub(r"\1", _ESCAPES.sub(_decode_escapes, text))
    if not (text.isascii() and text.isprintable()):
        text = _spell_characters(text.translate(_TYPOGRAPHIC))
    elif "`" in text:
        text = text.translate(_TYPOGRAPHIC)
    if "@" in text:
        text = MENTION.sub("@user", text)
    if "." in text or ":" in text:
        text = LINK.sub("http", text)
    return " ".join(text.split())


def _decode_escapes(found: re.Match[str]) -> str:
    units = bytes.fromhex(found.group().replace("\\u", ""))
    # Two escapes may be one character beyond U+FFFF; a half alone means nothing and goes.
    return units.decode("utf-16-be", errors="ignore")


def _spell_characters(text: str) -> str:
    kept: list[str] = []
    for character in text:
        if character.isascii() and character.isprintable():
            kept.append(character)
        elif character.isspace():
            kept.append(" ")
        elif (spelling := emoji.spell(character)) is not None:
            kept.append(f" {spelling} ")
        elif not _glyphless(character):
            kept.append(character)
    return "".join(kept)


def _glyphless(character: str) -> bool:
    # U+FE00-FE0F choose between a text and an emoji face of the character before them.
    return unicodedata.category(character) in _DROPPED or "\ufe00" <= character <= "\ufe0f"
