"""Brings a post's text to the form that the sentiment model reads, in training and in serving.

The result is a single line with markup decoded, and with names and links made alike. Training and serving must
call the same function, because the model has only ever seen its output. No rule here depends on the language.
"""

import re
import unicodedata
from html import unescape

from pipeline.enrich.text import emoji
from pipeline.enrich.text.lexical import LINK, MENTION

_MAX_ROUNDS = 8
"""Most decodings of markup inside markup. Real feeds nest two or three deep."""

_AMPERSANDS = re.compile(r"&(?:amp;|#0*38;|#x0*26;)+", re.IGNORECASE)
_ESCAPES = re.compile(r"(?:\\u[0-9a-fA-F]{4})+")
# It starts only where a run of backslashes starts. Otherwise a long run is tried anew from each of them.
_ESCAPED_QUOTE = re.compile(r"(?<!\\)\\+([\"'])")
_OVERLONG_NUMBER = re.compile(r"&#\d{20,};?")
"""No character has a number of so many digits, and `unescape` raises on more than 4,300 of them."""

_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
"""Unicode categories without a glyph, which are dropped: control, format, surrogate, private and unassigned."""

_TYPOGRAPHIC = str.maketrans(
    {
        "’": "'", "‘": "'", "ʼ": "'", "´": "'", "`": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"',
        "…": "...", "–": "-", "—": "-", "−": "-",
    }
)  # fmt: skip
"""The training posts are ASCII, so that a phone's curly quote would look like a new word to the model."""


def normalise(text: str) -> str:
    """Returns a text in the form that the model was trained on. A second call changes nothing; it never raises.

    HTML entities (nested ones too) and literal `\\uXXXX` escapes are decoded. `@name` becomes `@user` and a link
    becomes `http`. Emoji are spelled (`emoji.spell`), typographic quotes become ASCII, characters without a glyph
    are dropped, and white space becomes a single blank. Case and accents stay, because the tokenizer folds them.
    """
    for _ in range(_MAX_ROUNDS):
        step = _once(text)
        if step == text or _nothing_to_decode(text):
            return step
        text = step
    # The nesting is hostile. Without the two characters that introduce markup, nothing is left to decode.
    text = text.replace("&", " ").replace("\\", " ")
    while (step := _once(text)) != text:
        text = step
    return text


def _nothing_to_decode(text: str) -> bool:
    # Most posts pass this test, and need no second round to see that nothing changes. It halves their cost.
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


def _decode_escapes(escapes: re.Match[str]) -> str:
    units = bytes.fromhex(escapes.group().replace("\\u", ""))
    # Two escapes may be a single character beyond U+FFFF. Half of a character alone means nothing and is dropped.
    return units.decode("utf-16-be", errors="ignore")


def _spell_characters(text: str) -> str:
    characters: list[str] = []
    for character in text:
        if character.isascii() and character.isprintable():
            characters.append(character)
        elif character.isspace():
            characters.append(" ")
        elif (spelling := emoji.spell(character)) is not None:
            characters.append(f" {spelling} ")
        elif not _glyphless(character):
            characters.append(character)
    return "".join(characters)


def _glyphless(character: str) -> bool:
    # U+FE00-FE0F choose between a text and an emoji face of the character before them.
    return unicodedata.category(character) in _DROPPED or "\ufe00" <= character <= "\ufe0f"
