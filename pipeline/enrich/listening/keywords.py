"""Which of a rule's keywords a text contains: whole words, any case, any script.

In: a text and keywords. Out: the first keyword that it contains. Never here: how a text is searched (`finder.py`).

Keywords are words, phrases, `#hashtag`, `@name`, emoji and names with marks, read as the queries of listening
topics are (`queries.py`), but always in the spelling given: they decide, and "café" is not "cafe".
"""

import unicodedata
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache

from pipeline.enrich.listening.finder import TermFinder
from pipeline.enrich.listening.identity import ByIdentity
from pipeline.enrich.listening.queries import Term, term_of
from pipeline.enrich.listening.spelling import exact, prepare
from pipeline.enrich.listening.words import Words
from schemas.policy.policy import TriageRule

_SAME_APOSTROPHE = str.maketrans("’ʼ‘`´", "'''''")
_MIN_KEYWORD_CHARS = 2
"""Letters and marks that must be left of a keyword without its punctuation: ":D" is not the word d."""


def fold(text: str) -> str:
    """The form in which texts are compared: NFKC, case-folded, one kind of apostrophe."""
    if text.isascii():
        return text.lower().replace("`", "'")
    once = unicodedata.normalize("NFKC", text.translate(_SAME_APOSTROPHE)).casefold()
    return unicodedata.normalize("NFKC", once)  # folding can bring decomposed letters back


class FoldedText:
    """A text prepared once and asked for many keywords."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def folded(self) -> str:
        """The text, `fold`ed."""
        return fold(self._text)

    @cached_property
    def words(self) -> Words:
        """The text as words."""
        return Words(self._text)


class RuleKeywords:
    """The keywords of many rules prepared once: a text is searched for all of them in one pass.

    Args:
        keywords: of each rule; empty for rules without.
    """

    def __init__(self, keywords: Sequence[Iterable[str]]) -> None:
        asked: dict[Term, list[tuple[int, str]]] = {}
        self._signs: list[tuple[str, int, str]] = []
        for number, given in enumerate(keywords):
            for keyword in given:
                term = _term(keyword)
                if term is None:
                    self._signs.append((fold(keyword).strip(), number, keyword))
                else:
                    asked.setdefault(term, []).append((number, keyword))
        self._asked = list(asked.values())
        self._finder = TermFinder(list(asked))

    def hits(self, text: FoldedText) -> dict[int, str]:
        """Number of each rule of which the text contains a keyword, and that keyword as the policy wrote it.

        Of several it is the first in the order of characters, wherever they stand.
        """
        found: dict[int, str] = {}
        seen = self._finder.search(text.words)
        for term in seen.terms:
            if seen.places(term):
                for number, keyword in self._asked[term]:
                    found[number] = min(keyword, found.get(number, keyword))
        for sign, number, keyword in self._signs:
            if number not in found and _contains(text.folded, sign):
                found[number] = keyword
        return found


def rule_keywords(rules: tuple[TriageRule, ...]) -> RuleKeywords:
    """The prepared keywords of all rules of a policy, by their place in it: made once, however many posts ask.

    They are kept by the identity of the tuple, which a `Policy` hands out unchanged: comparing hundreds of rules
    would cost more than searching a text for their keywords.
    """
    return _rule_keywords(ByIdentity(rules))


@lru_cache(maxsize=256)
def _rule_keywords(rules: ByIdentity[tuple[TriageRule, ...]]) -> RuleKeywords:
    return RuleKeywords([rule.when.any_keyword or () for rule in rules.value])


def _term(keyword: str) -> Term | None:
    """None for signs that are no words (":(", "!!"): those are looked up as they are."""
    try:
        term = term_of(keyword)
    except ValueError:
        return None
    if sum(map(len, term.words)) < _MIN_KEYWORD_CHARS <= len(fold(keyword).strip()):
        return None
    return term._replace(spelling=exact(prepare(keyword)))


def _contains(text: str, sign: str) -> bool:
    start = text.find(sign)
    while start >= 0:
        end = start + len(sign)
        if not _joined(text[start - 1 : start], sign[0]) and not _joined(sign[-1], text[end : end + 1]):
            return True
        start = text.find(sign, start + 1)
    return False


def _joined(left: str, right: str) -> bool:
    """Whether two neighbouring characters belong to one word."""
    return left.isalnum() and right.isalnum()
