"""Types a text as people do, with slips, capitals, stretched words, emoji and hashtags."""

import re
from collections.abc import Sequence
from random import Random
from typing import Literal

from pipeline.scenario.texts.library import LANGUAGES, texts_of

Mood = Literal["negative", "neutral", "positive"]

EMOJI: dict[Mood, tuple[str, ...]] = {
    "negative": ("😡", "🤬", "😤", "🙄", "😭", "💔", "👎", "🤦", "😩", "🤡", "😡😡"),
    "neutral": ("🤔", "👀", "📶", "🙂", "📺", "📦"),
    "positive": ("❤️", "😍", "🙌", "🎉", "👏", "😊", "🚀", "👍", "🥳", "💪"),
}
_WORD = re.compile(r"(?<![@#\w./:])[^\W\d_]{4,}(?![\w@:/]|\.\w)")
"""A plain word. Handles, tags, links and addresses do not match, because they must survive the typing."""


def typed(rng: Random, text: str, language: str, mood: Mood, tags: Sequence[str], care: float) -> str:
    """Returns the text as somebody typed it.

    Args:
        rng: the only source of chance.
        text: the text without slips.
        language: whose slang is used; a language without texts has none.
        mood: decides about emoji and shouting.
        tags: hashtags that fit the text.
        care: care of the author in typing, from 0 (sloppy) to 1 (flawless).
    """
    hurry = 1.0 - care
    if rng.random() < 0.5 * hurry:
        text = _slang(rng, text, language)
    for _ in range(rng.choice((1, 1, 2)) if rng.random() < 0.6 * hurry else 0):
        text = _slip(rng, text)
    if rng.random() < 0.2 * hurry:
        text = _stretch(rng, text)
    if rng.random() < (0.7 if care > 0.5 else 0.3):
        text = text[:1].upper() + text[1:]
    elif rng.random() < 0.4:
        text = text.lower()
    if mood == "negative" and rng.random() < 0.12 * hurry:
        text = _shout(text)
    if rng.random() < 0.3:
        text = f"{text} {rng.choice(EMOJI[mood])}"
    if tags and rng.random() < 0.25:
        text = f"{text} {rng.choice(tags)}"
    return text


def _pick(rng: Random, text: str) -> re.Match[str] | None:
    # Words in capitals stay as they are, because they are brands or codes, or are shouted already.
    words = [word for word in _WORD.finditer(text) if not word[0].isupper()]
    return rng.choice(words) if words else None


def _slip(rng: Random, text: str) -> str:
    word = _pick(rng, text)
    if word is None:
        return text
    at = rng.randrange(word.start(), word.end() - 1)
    kind = rng.randrange(3)
    if kind == 0:  # swapped
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    if kind == 1:  # left out
        return text[:at] + text[at + 1 :]
    return text[:at] + text[at] + text[at:]  # doubled


def _stretch(rng: Random, text: str) -> str:
    word = _pick(rng, text)
    if word is None:
        return text
    vowels = [at for at in range(word.start(), word.end()) if text[at] in "aeiouAEIOU"]
    if not vowels:
        return text
    at = rng.choice(vowels)
    return text[:at] + text[at] * rng.randint(3, 5) + text[at + 1 :]


def _shout(text: str) -> str:
    return _WORD.sub(lambda word: word[0].upper(), text)


def _slang(rng: Random, text: str, language: str) -> str:
    slang = texts_of(language).slang if language in LANGUAGES else {}
    for word, short in slang.items():
        if rng.random() < 0.6:
            text = re.sub(rf"\b{word}\b", short, text, flags=re.IGNORECASE)
    return text
