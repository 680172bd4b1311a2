"""Finds phone numbers in a canonical text: those of the policy's regions, and all with a plus or a word before
them.

The library `phonenumbers` knows which numbers exist, and it is asked about each run of digits that could be a
phone. People also write numbers that do not exist (mistyped, 555). A plus sign, "my phone is", and forms that are
used for nothing else are therefore enough without it. No region is guessed from the language of a text.
"""

import re
from collections.abc import Iterator
from typing import Literal

from phonenumbers import NumberParseException, PhoneNumberMatcher, is_possible_number, is_valid_number, parse

from pipeline.enrich.privacy.canonical import BARRIER, barrier
from pipeline.enrich.privacy.numbers import MAX_PIECE_CHARS, is_named_otherwise, pieces

_MIN_DIGITS, _MAX_DIGITS = 7, 15
"""Digits of a phone: at least a local number without its area, at most the longest number of E.164."""
_MIN_DIGITS_AFTER_PLUS = 8
_MAX_ASKED_CHARS = 700
"""Most characters of a text's runs, times regions, that the library sees. It takes 8 to 15 microseconds for each,
and a run has 10 to 20 of them. In two regions that is 23 numbers, in the eleven of direct messages four. Of any
further run the number of its digits decides."""
_MAX_TRIES = 16
"""Most groupings of a run that the library tries in a region. A number needs one to five, and `1- -1- -1-` has
dozens."""
_EXTENSION_REACH = 24
"""Characters behind a run in which an extension may stand."""
_CONTEXT_CHARS = 40

_TAKEN_OUT = re.compile(
    # Dates with a possible day and month. Behind an area in brackets the same digits are a phone.
    r"(?<![\d.\-/])(?<!\d\) )(?:(?:0?[1-9]|[12]\d|3[01])([./-])(?:0?[1-9]|[12]\d|3[01])\1(?:(?:19|20)\d\d|\d\d)"
    r"|(?:19|20)\d\d([./-])(?:0?[1-9]|1[0-2])\2(?:0?[1-9]|[12]\d|3[01]))(?![./-]?\d)"
    # Times, which follow dates: "2017-10-31 22:11".
    r"|(?<!\d)[0-2]?\d:[0-5]\d(?::[0-5]\d)?(?!\d)"
    # Opening hours with dots.
    r"|(?<![\d.])[0-2]?\d\.[0-5]\d ?- ?[0-2]?\d\.[0-5]\d(?![\d.])"
    # Addresses of computers, versions of four parts.
    r"|(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\d.]?\d)"
    # Prices.
    r"|(?:[$€£¥₹]|\b(?:usd|eur|gbp|aud|cad|inr|brl|rs|r\$|rm|chf)\b\.?)\s?\d[\d.,]{0,20}"
    r"|(?<![\d.,])\d[\d.,]{0,20}\s?(?:[€£¥₹%]|(?:usd|eur|euros?|gbp|aud|cad|inr|brl|chf|dollars?|pounds?|reais)\b)",
    re.IGNORECASE,
)
_PHONE_WORD = re.compile(
    r"(?<![^\W\d_])(?:tel|tele(?:phone|fono|fone|fon)|tél(?:éphone)?|teléfono|tfno|tlf|phone|ph|mobile?|mob|cell|"
    r"cellphone|cel|celular|m[oó]vil|telem[oó]vel|handy|handynummer|rufnummer|telefonnummer|mobilfunk|portable|"
    r"cellulare|fax|whats ?app|zap|sms|call|calling|ring|text|dial|reach|contact|landline|callback|"
    r"call back|appele[rz]?|joindre|llam[a-z]{1,8}|ruf(?:en|t)?|anrufen|erreichbar|ligu?e[rm]?|liga[rm]?|"
    r"chiam[a-z]{1,6}|bel|my number|my no|meine nummer|(?:mi|mio|meu|o) n[uú]mero|mon num[eé]ro|mijn nummer)"
    r"(?![^\W\d_])",
    re.IGNORECASE,
)
_AMERICAN = re.compile(r"(?:\+?1[ .-]?)?(?:\(\d{3}\)\s?|\[\d{3}\]\s?|\d{3}[ .-])\d{3}[ .-]\d{4}(?!\d)")
"""The form of the North American plan, in which a number counts whether or not it exists."""
_TRUNK = re.compile(r"\(?0[1-9]\d{0,4}\)?[ ./-]{1,3}(?=(?:[ ./-]?\d){6})\d[\d ./-]{5,14}\d(?!\d)")
"""A trunk zero, an area and a subscriber, as in most of Europe. It counts in every region."""
_EXIT = re.compile(r"(?:00|011)[ .-]?(?=[1-9])")
"""The prefixes that are dialled instead of the plus."""
_AS_USUAL = str.maketrans("_*{}", "- ()")
"""Replaces signs that people write between digits and that the library does not know."""
_BARE_TRUNK = re.compile(r"0[1-9]\d{8,9}")
"""Ten or eleven digits with a trunk zero. They also match numbers that nobody has yet, or that are set aside for
films."""
_CALLED_AFTER = re.compile(
    r"[ ,(-]{0,3}(?:(?:is|é|es|ist|est|=) )?(?:(?:my|o meu|mi|meine|mon) (?:phone |cell |mobile |new )?"
    r"(?:number|phone|cell|mobile|n[uú]mero|celular|nummer|num[eé]ro)"
    r"|(?:call|text|ring) me|call\b|me liga|whats ?app)",
    re.IGNORECASE,
)
_IN_LINK = re.compile(
    r"(?:wa\.me/|(?:tel|phone|mobile|cell|msisdn|whatsapp|sms|callto|telefono|telefon)(?:[_-]?(?:no|number|nr))?[=:/])"
    r"(?P<number>\+?[\d(][\d().+-]{5,20}\d)",
    re.IGNORECASE,
)


def find_phones(text: str, regions: tuple[str, ...], rejected: set[str]) -> Iterator[tuple[int, int]]:
    """Yields where phone numbers stand in a canonical text, in no order and possibly overlapping.

    Args:
        text: canonical, with barriers for links, handles and hashtags.
        regions: ISO 3166 codes of the regions whose national form is recognised.
        rejected: runs, each with the sign before and behind it, in which the library saw no phone. The set grows.
            Whoever searches a text again after a change hands in the same set, so that the library is asked once.
    """
    text = _TAKEN_OUT.sub(barrier, text).translate(_AS_USUAL)
    asked = 0
    for start, end in pieces(text):
        digits = sum(map(str.isdigit, text[start:end]))
        if digits < _MIN_DIGITS:
            continue
        asked += (end - start) * len(regions)
        yield from _phones_in(text, start, end, digits, regions if asked <= _MAX_ASKED_CHARS else None, rejected)


def find_link_phones(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yields where the link at that place names a phone number, as `wa.me/` and `?phone=` do."""
    for link in _IN_LINK.finditer(text, start, end):
        yield link.span("number")


def _phones_in(
    text: str, start: int, end: int, digits: int, regions: tuple[str, ...] | None, rejected: set[str]
) -> Iterator[tuple[int, int]]:
    run = text[start:end]
    if run.endswith("000000") and "+" not in run:
        return  # a round number of millions
    before = text[max(0, start - _CONTEXT_CHARS) : start].rpartition("\n")[2].rpartition(BARRIER)[2]
    # "order 2125550123" and "PP-2125550123" are no phones. With blanks, brackets or a plus they may be phones.
    is_other_number = is_named_otherwise(before)
    if (is_other_number and run.isdigit()) or (before[-1:] == "-" and before[-2:-1].isalnum()):
        return
    phones: list[tuple[int, int]] = []
    run_in_context = text[max(0, start - 1) : end + 1]
    if regions is not None and run_in_context not in rejected:
        phones = list(_by_library(text, start, end, regions))
        if not phones:
            rejected.add(run_in_context)
    phones += _by_form(text, start, end, (_AMERICAN,) if is_other_number else (_AMERICAN, _TRUNK))
    yield from phones
    word = _word_before(before)
    if phones or digits > _MAX_DIGITS or not (_whole_word(text, start, end) or word == "glued"):
        return
    plus = "+" in run[:3] and digits >= _MIN_DIGITS_AFTER_PLUS
    called = word or _CALLED_AFTER.match(text, end)
    if regions is None or plus or called or _BARE_TRUNK.fullmatch(run) or _is_dialled_abroad(run):
        yield start, end


def _by_form(text: str, start: int, end: int, forms: tuple[re.Pattern[str], ...]) -> Iterator[tuple[int, int]]:
    for form in forms:
        for phone in form.finditer(text, start, end):
            before = text[phone.start() - 1] if phone.start() > start else ""
            if not before.isdigit() and before not in (*"./-",) and _whole_word(text, *phone.span()):
                yield phone.span()


def _by_library(text: str, start: int, end: int, regions: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    # The library also sees the character before the run, and says no where it is a letter or a currency.
    left = start - 1 if start and text[start - 1] != "\n" else start
    window = text[left : min(len(text), end + _EXTENSION_REACH)].partition("\n")[0]
    if len(window) > MAX_PIECE_CHARS + _EXTENSION_REACH + 1:
        return
    # A number with its plus is the same in every region, so that a single question is enough.
    regions = regions[:1] if "+" in text[start : start + 2] else regions
    for region in regions or ("ZZ",):
        spans = [
            (left + match.start, left + match.end)
            for match in PhoneNumberMatcher(window, region, max_tries=_MAX_TRIES)
            if left + match.start < end
        ]
        if spans:
            yield from spans
            return


def _word_before(before: str) -> Literal["", "near", "glued"]:
    """Returns whether a word before the number says that it is a phone, with no other number in between."""
    words = list(_PHONE_WORD.finditer(before))
    if not words or any(map(str.isdigit, before[words[-1].end() :])):
        return ""
    return "glued" if words[-1].end() == len(before) else "near"


def _whole_word(text: str, start: int, end: int) -> bool:
    before, after = text[start - 1 : start] if start else "", text[end : end + 1]
    return not (_in_a_word(before) or _in_a_word(after))


def _in_a_word(sign: str) -> bool:
    # Scripts from U+2E80 on are written without blanks.
    return sign == "_" or (sign.isalnum() and sign < "\u2e80")


def _is_dialled_abroad(run: str) -> bool:
    exit_code = _EXIT.match(run)
    if exit_code is None:
        return False
    try:
        number = parse("+" + run[exit_code.end() :], None)
    except NumberParseException:
        return False
    # Ticket numbers of airlines begin with 00 too, but have no blanks.
    return is_valid_number(number) or (not run.isdigit() and is_possible_number(number))
