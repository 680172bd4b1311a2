"""Reads what a query of a policy looks for, as an analyst wrote it, or says why the text is no query.

| written | finds |
|---|---|
| `acme` | the word in any case, also as #acme or @acme, "Acme's", inside #AcmeDown; with any diacritics |
| `acme down` | the words side by side, whatever punctuation stands between, and #AcmeDown or #acmedown |
| `café` | only that spelling, so that `año` does not find "ano"; `cafe` finds both |
| `#acmedown`, `@acme` | only with its sign, and only the whole hashtag or name (`@acme` also @acme.care) |
| `"acme down"~5` | all the words, the first and the last at most five words apart, in any order |
| `🔥`, `at&t`, `c++` | emoji in any skin tone; the marks that names are made of |
"""

import re
import unicodedata
from functools import lru_cache
from typing import Literal, NamedTuple

from pipeline.enrich.listening.characters import INNER_APOSTROPHE
from pipeline.enrich.listening.spelling import exact, has_diacritics, prepare
from pipeline.enrich.listening.words import Words

MAX_WORDS_APART = 50
"""Most words by which two terms may be said to be near each other. Beyond 50, being near says no more than
standing in the same post, which `all` asks for."""

_QUOTED = re.compile(r'"([^"]*)"(?:~(.*))?')
_CURLY_QUOTES = str.maketrans("“”„«»＂", '""""""')
_WILDCARD = re.compile(r"[^\W_]\*+(?=\s|$)")
_OPERATOR = re.compile(r"(?:^|\s)(?:(AND|OR|NOT)(?=\s)|(-[^\W\d_]))")
_COMMON = (
    "the and to of is for you it my on that in this was are with have be so at we "
    "der das und ich nicht le les des et une je el los que en nao het een は が を に の で と も "
    "的 了 是 我 不 在 有 他 这 就 也 이 그 저 것 수 등 나 너 좀 더 또"
)
"""Words in the `bare` form that stand in every tenth post of their language or more. A word that is a name or a
noun in another language ("die", "no") is not among them, because somebody may listen for it."""
_FUNCTION_WORDS = frozenset(_COMMON.split())
_HAN_OR_HANGUL = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff\uac00-\ud7ff]")
"""Scripts in which a single character can be a word, such as 火 (fire) and 앱 (app)."""

Kind = Literal["words", "signed", "marks"]


class Term(NamedTuple):
    """Words side by side.

    Of kind `words` are plain words, of kind `signed` a single hashtag or mention, and of kind `marks` are words
    among marks, emoji, hashtags or mentions.
    """

    kind: Kind
    words: tuple[str, ...]
    """The words in their `bare` form; signed words have their sign."""
    spelling: str | None
    """The `exact` form where only this spelling counts; None where any spelling does."""


class Query(NamedTuple):
    """A term, or several terms near each other."""

    terms: tuple[Term, ...]
    within: int = 0
    """Most steps from word to word between the first and the last term; 0 for a single term."""


@lru_cache(maxsize=16_384)
def parse_query(text: str) -> Query:
    """Returns what the query looks for.

    Raises:
        ValueError: it is empty, is no query, or would find nearly every post. The message says why.
    """
    text = text.translate(_CURLY_QUOTES).strip()
    if _WILDCARD.search(text):
        raise ValueError("there are no wildcards: write each word out")
    if (operator := _OPERATOR.search(text)) and not text.isupper():
        sign = (operator[1] or operator[2]).strip()
        raise ValueError(f"{sign} is no operator here: use any, all and none")
    quoted = _QUOTED.fullmatch(text)
    if quoted is None:
        if text.startswith('"'):
            raise ValueError('expected "words" or "words"~5')
        if re.search(r"~\d+$", text):
            raise ValueError('words near each other stand in quotation marks: "words"~5')
        return Query((_specific(_term(text)),))
    words, within = quoted.groups()
    return Query((_specific(_term(words)),)) if within is None else _near(words, within)


def query_problem(text: str) -> str | None:
    """Returns the reason why a text is no query, or None when it is a query."""
    try:
        parse_query(text)
    except ValueError as error:
        return str(error)
    return None


def term_of(text: str) -> Term:
    """Returns the text as a single term, however often posts would hold it.

    Raises:
        ValueError: nothing of it can be looked for.
    """
    return _term(text)


def _near(words: str, within: str) -> Query:
    if not within.isascii() or not within.isdigit() or not 1 <= int(within[:9]) <= MAX_WORDS_APART:
        raise ValueError(f"after ~ stands how many words apart, 1 to {MAX_WORDS_APART}, not {within or 'nothing'}")
    terms = tuple(dict.fromkeys(_term(word) for word in words.split()))
    if len(terms) < 2:
        raise ValueError("two or more different words are needed to be near each other")
    if all(_too_common(term) for term in terms):
        raise ValueError("only letters and words that stand in nearly every post")
    return Query(terms, int(within))


def _term(text: str) -> Term:
    prepared = prepare(text)
    words = Words(text)
    names = tuple(word for mark in words.marks for word in mark.name.split())
    if not names:
        raise ValueError("nothing is left to look for without punctuation and blanks")
    signed = [name for name in names if len(name) > 1 and name[0] in "#@"]
    spelling = exact(prepared) if has_diacritics(prepared) else None
    if not signed and words.bare.split() == list(names):
        return Term("words", names, spelling)
    name = _only_tag(words)
    if name is not None:
        return Term("signed", (name,), spelling)
    if not signed and len(names) == 1 and names[0] in "#@":
        raise ValueError(f"{names[0]} alone: a name must follow it")
    return Term("marks", names, spelling)


def _only_tag(words: Words) -> str | None:
    """Returns the hashtag or mention of which the whole text consists, by the longest of its names."""
    if not words.tags:
        return None
    longest = max(words.tags, key=lambda tag: tag.place.end - tag.place.start)
    outside = words.prepared[: longest.place.start] + words.prepared[longest.place.end :]
    return None if outside.strip() else longest.name


def _specific(term: Term) -> Term:
    """Returns the term unchanged, if it is specific enough to listen for.

    Raises:
        ValueError: nearly every post would hold it.
    """
    if term.kind == "marks" and not any(_says_something(word) for word in term.words):
        raise ValueError("only punctuation and signs: nearly every post holds some")
    if term.kind == "signed" and not any(letter.isalnum() for letter in term.words[0]):
        raise ValueError("a name must follow the sign")
    if _too_common(term):
        word = term.words[0]
        what = "a single letter or digit" if len(word) == 1 and word not in _FUNCTION_WORDS else f'"{word}"'
        raise ValueError(f"{what} stands in nearly every post")
    return term


def _says_something(word: str) -> bool:
    if any(letter.isalnum() for letter in word):
        return True
    # Emoji and other pictures say something. Currencies, arithmetic and the signs of a keyboard do not.
    return any(ord(mark) > 0x2000 and _is_picture(mark) for mark in word)


def _is_picture(mark: str) -> bool:
    return unicodedata.category(mark) == "So"


def _too_common(term: Term) -> bool:
    if term.kind != "words" or len(term.words) > 1:
        return False
    word = term.words[0].replace(INNER_APOSTROPHE, "")
    if word in _FUNCTION_WORDS:
        return True
    return len(word) == 1 and not _HAN_OR_HANGUL.match(word)
