"""What a post is said in: which words the detector is shown.

In: posts. Out: the words of each, and their language by a `LanguageModel`. Never here: the detector itself.

Links, names, marks, digits and emoji belong to no language, or to English ("user", "http", a spelled emoji), so
only words are shown. The words of hashtags stay: without them .9 points fewer posts are told right. It is not the
text of the sentiment model (`normalise`), in which emoji are English words.
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
    """Title and text as words in one line, case kept; empty when there are none."""
    text = "\n".join(part[:MAX_SIGNAL_CHARS] for part in (post.title, post.text) if part)
    text = LINK_OR_AT_SIGNS.sub(" ", decode_entities(text))
    if text.isascii():
        return _NOT_ASCII_WORDS.sub(" ", text).strip()
    return " ".join("".join(map(_letter_or_blank, text)).split())


def detect_languages(posts: Sequence[PostBody], detector: LanguageModel) -> list[DetectedLanguage]:
    """The language of each post, in order; undetermined where there are no words.

    Raises:
        ValueError: the detector's answer has another length.
    """
    found = detector.detect([words_of(post) for post in posts])
    if len(found) != len(posts):
        raise ValueError(f"the detector answered {len(found)} of {len(posts)} texts")
    return found


@lru_cache(maxsize=4096)
def _letter_or_blank(character: str) -> str:
    # Marks too: without its vowel signs, a word of Hindi is another one. But not those that give emoji their face.
    if character in "'’":
        return character
    if "\ufe00" <= character <= "\ufe0f":
        return " "
    return character if unicodedata.category(character)[0] in "LM" else " "
