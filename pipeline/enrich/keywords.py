"""Which of a rule's keywords a text contains: whole words, any case, any script.

In: a text and keywords. Out: the first keyword that it contains. Never here: regular expressions made of
keywords (their cost would grow with each one); a later release brings Aho-Corasick behind the same function.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import cached_property, lru_cache

_UNSPACED = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f"  # Myanmar
    "\u1780-\u17ff"  # Khmer
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"  # Japanese kana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
)
"""Scripts that are written without blanks: there a word has no visible borders."""
_UNSPACED_LETTER = re.compile(f"[{_UNSPACED}]")
_SAME_APOSTROPHE = str.maketrans("’ʼ‘`´", "'''''")
_SEPARATORS = re.compile(r"[\s'\-]+")


def fold(text: str) -> str:
    """The form in which texts are compared: NFKC, case-folded, one kind of apostrophe."""
    if text.isascii():
        return text.lower().replace("`", "'")
    once = unicodedata.normalize("NFKC", text.translate(_SAME_APOSTROPHE)).casefold()
    return unicodedata.normalize("NFKC", once)  # folding can bring decomposed letters back


@lru_cache(maxsize=1)
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    # \w knows letters and digits but not the vowel signs of Indic scripts and other combining marks,
    # at which it would cut a word in two.
    marks = "".join(chr(code) for code in range(0x20000) if unicodedata.category(chr(code))[0] == "M")
    word = f"[\\w{re.escape(marks)}]"
    return re.compile(f"[#@]?{word}+"), re.compile(f"{word}")


class FoldedText:
    """A text prepared once and asked for many keywords."""

    def __init__(self, text: str) -> None:
        self.folded = fold(text)
        self._phrases: dict[int, set[str]] = {}

    @cached_property
    def words(self) -> list[str]:
        """Its words in order, without the # and @ before them."""
        return [token.lstrip("#@") for token in self._tokens]

    @cached_property
    def singles(self) -> set[str]:
        """Its words, and its hashtags and mentions with their sign."""
        return {*self._tokens, *self.words}

    @cached_property
    def _tokens(self) -> list[str]:
        spaced = self.folded if self.folded.isascii() else _UNSPACED_LETTER.sub(" ", self.folded)
        found: list[str] = _patterns()[0].findall(spaced)
        return found

    def phrases(self, length: int) -> set[str]:
        """All runs of `length` neighbouring words, joined by one blank."""
        known = self._phrases.get(length)
        if known is None:
            words = self.words
            known = {" ".join(words[at : at + length]) for at in range(len(words) - length + 1)}
            self._phrases[length] = known
        return known


class KeywordMatcher:
    """Keywords prepared once, for many texts.

    Args:
        keywords: words or phrases. `#word` and `@name` match only with their sign, a plain word also as hashtag;
            letters of scripts without blanks match anywhere, and so do signs ("c++").
    """

    def __init__(self, keywords: Iterable[str]) -> None:
        self._phrases: dict[int, dict[str, str]] = {}
        self._anywhere: dict[str, str] = {}
        for keyword in keywords:
            self._add(keyword)

    def _add(self, keyword: str) -> None:
        folded = fold(keyword).strip()
        words = [word for word in _SEPARATORS.split(folded) if word]
        plain = all(_patterns()[0].fullmatch(word) for word in words)
        sign_inside = any(word[0] in "#@" for word in words) and len(words) > 1
        if not words or not plain or sign_inside or _UNSPACED_LETTER.search(folded):
            self._anywhere.setdefault(folded, keyword)
        else:
            self._phrases.setdefault(len(words), {}).setdefault(" ".join(words), keyword)

    def first_match(self, text: FoldedText) -> str | None:
        """A keyword that the text contains, as the policy wrote it; None without one. Deterministic."""
        for length, phrases in self._phrases.items():
            found = phrases.keys() & (text.singles if length == 1 else text.phrases(length))
            if found:
                return min(phrases[phrase] for phrase in found)
        for folded, keyword in self._anywhere.items():
            if _contains(text.folded, folded):
                return keyword
        return None


@lru_cache(maxsize=4096)
def matcher(keywords: tuple[str, ...]) -> KeywordMatcher:
    """The prepared matcher of a rule's keywords: made once, however many posts ask."""
    return KeywordMatcher(keywords)


def _contains(text: str, part: str) -> bool:
    start = text.find(part)
    while start >= 0:
        end = start + len(part)
        if not _joined(text[start - 1 : start], part[0]) and not _joined(part[-1], text[end : end + 1]):
            return True
        start = text.find(part, start + 1)
    return False


def _joined(left: str, right: str) -> bool:
    """Whether two neighbouring characters belong to one word of a script with blanks."""
    both = left + right
    is_word = _patterns()[1].fullmatch
    return bool(left and right and is_word(left) and is_word(right) and not _UNSPACED_LETTER.search(both))
