"""Tells which keyword of a rule a text contains, as a whole word of any case and script.

Keywords are words, phrases, `#hashtag`, `@name`, emoji and names with marks. They are read as the queries of
listening topics are (`queries.py`), but always in the spelling given, because a keyword decides about a post and
"café" is not "cafe". `finder.py` searches the text.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache

from pipeline.enrich.listening.cache_key import ByIdentity
from pipeline.enrich.listening.finder import TermFinder
from pipeline.enrich.listening.queries import Term, term_of
from pipeline.enrich.listening.spelling import exact, prepare
from pipeline.enrich.listening.words import Words
from schemas.policy.rules import TriageRule

_PLAIN_APOSTROPHES = str.maketrans("’ʼ‘`´", "'''''")
_MIN_KEYWORD_CHARS = 2
"""Letters and marks that a keyword must have without its punctuation. ":D" has a single letter, and must not match
the word d."""


def fold(text: str) -> str:
    """Returns a text in NFKC, case-folded and with a single kind of apostrophe."""
    if text.isascii():
        return text.lower().replace("`", "'")
    once = unicodedata.normalize("NFKC", text.translate(_PLAIN_APOSTROPHES)).casefold()
    return unicodedata.normalize("NFKC", once)  # folding can bring decomposed letters back


class FoldedText:
    """A text that is prepared once and searched for many keywords."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def folded(self) -> str:
        """The text as `fold` returns it."""
        return fold(self._text)

    @cached_property
    def words(self) -> Words:
        """The text as words, as `TermFinder` searches them."""
        return Words(self._text)


class RuleKeywords:
    """The keywords of many rules, prepared once, so that one pass over a text finds all of them.

    Args:
        keywords: the keywords of each rule, empty for a rule without keywords.
    """

    def __init__(self, keywords: Sequence[Iterable[str]]) -> None:
        uses: dict[Term, list[tuple[int, str]]] = {}
        self._signs: list[tuple[str, int, str]] = []
        for number, rule_keywords in enumerate(keywords):
            for keyword in rule_keywords:
                term = _term(keyword)
                if term is None:
                    self._signs.append((fold(keyword).strip(), number, keyword))
                else:
                    uses.setdefault(term, []).append((number, keyword))
        self._uses = list(uses.values())
        self._finder = TermFinder(list(uses))

    def hits(self, text: FoldedText) -> dict[int, str]:
        """Returns the number of each rule that has a keyword in the text, and that keyword as the policy wrote it.

        Of several keywords it is the first one in the order of characters, wherever they stand.
        """
        hits: dict[int, str] = {}
        result = self._finder.search(text.words)
        for term in result.terms:
            if result.places(term):
                for number, keyword in self._uses[term]:
                    hits[number] = min(keyword, hits.get(number, keyword))
        for sign, number, keyword in self._signs:
            if number not in hits and _contains(text.folded, sign):
                hits[number] = keyword
        return hits


def rule_keywords(rules: tuple[TriageRule, ...]) -> RuleKeywords:
    """Returns the prepared keywords of all rules of a policy, which are made once for all of its posts.

    They are cached by the identity of the tuple, which a `Policy` hands out unchanged. Comparing hundreds of rules
    would cost more than searching a text for their keywords.
    """
    return _rule_keywords(ByIdentity(rules))


@lru_cache(maxsize=256)
def _rule_keywords(rules: ByIdentity[tuple[TriageRule, ...]]) -> RuleKeywords:
    return RuleKeywords([rule.when.any_keyword or () for rule in rules.value])


def _term(keyword: str) -> Term | None:
    """Returns a keyword as a term, or None for signs that are no words (":(", "!!")."""
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
