"""The words of a post that the language detector is shown, and the language that it finds.

Links, names, marks, digits and emoji belong to no language, or to English ("user", "http", a spelled emoji), so
only words are shown. The words of hashtags stay, because without them .9 points fewer posts are recognised. The
sentiment model reads another text (`normalise`), in which emoji are English words. The detector is an adapter.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from pipeline.enrich.text.bounds import MAX_SIGNAL_CHARS
from pipeline.enrich.text.lexical import LINK_OR_AT_SIGNS, decode_entities
from pipeline.ports.models import DetectedLanguage, LanguageModel
from schemas.posts.raw import PostBody

_NOT_ASCII_WORDS = re.compile(r"[^A-Za-z']+")


def words_of(post: PostBody) -> str:
    """Returns the words of title and text in one line, in their case; an empty text when there are none."""
    text = "\n".join(part[:MAX_SIGNAL_CHARS] for part in (post.title, post.text) if part)
    text = LINK_OR_AT_SIGNS.sub(" ", decode_entities(text))
    if text.isascii():
        return _NOT_ASCII_WORDS.sub(" ", text).strip()
    return " ".join("".join(map(_letter_or_blank, text)).split())


def detect_languages(posts: Sequence[PostBody], detector: LanguageModel) -> list[DetectedLanguage]:
    """Returns the language of each post, in order; it is undetermined where there are no words.

    Raises:
        ValueError: the detector's answer has another length.
    """
    # A post without words is asked about too, so that the answers keep the order of the posts.
    languages = detector.detect([words_of(post) for post in posts])
    if len(languages) != len(posts):
        raise ValueError(f"the detector answered {len(languages)} of {len(posts)} texts")
    return languages


@lru_cache(maxsize=4096)
def _letter_or_blank(character: str) -> str:
    # Marks stay, for a word of Hindi without its vowel signs is another one. Those that give emoji their face go.
    if character in "'’":
        return character
    if "\ufe00" <= character <= "\ufe0f":
        return " "
    return character if unicodedata.category(character)[0] in "LM" else " "
