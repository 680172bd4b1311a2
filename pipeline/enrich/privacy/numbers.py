"""Finds cards, IBANs and the policy's own numbers in a canonical text, and the runs of digits that may be phones.

Phones are recognised in `phones.py` and national ids in `ids.py`.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from stdnum import iban, luhn, numdb

from schemas.policy.policy import NumberPattern

RUN = re.compile(r"[+(\[]{0,3}\d(?:[ \t().\[\]/~_*-]{0,4}\d)*")
"""Digits with what people write between them. A digit is never one of the signs between, so that a run can be read
in one way only and takes time in proportion to its length."""
MAX_PIECE_CHARS = 160
"""Characters of a run that are looked at together. Longer runs are tables, counters or a cat on the keyboard."""
_OVERLAP = 48
"""Characters that two pieces share. A card or a phone with blanks is shorter, so that no cut can hide it."""
_GROUP = re.compile(r"\d+")

_OTHER_NUMBER_WORD = re.compile(
    r"(?<![^\W\d_])(?:order|case|ticket|ref|reference|confirmation|tracking|booking|invoice|incident|serial|imei|model|"
    r"sku|item|isbn|parcel|shipment|dpci|error|code|version|build|pnr|crm|upc|ean|receipt|transaction|claim|policy|"
    r"zip|id|bestellung|bestellnummer|auftrag|sendung|rechnung|vorgang|kundennummer|commande|dossier|colis|pedido|"
    r"factura|reserva|encomenda|protocolo|ordine)s?(?![^\W\d_])",
    re.IGNORECASE,
)
_OTHER_GAP = re.compile(
    r"(?:[^\w\n\x00]|\b(?:number|no|nr|num|id|is|was|nummer|ist|es|est|é)\b){0,8}", re.IGNORECASE
)

_CARD_LENGTHS = (
    (re.compile(r"4"), (13, 16, 19)),  # Visa
    (re.compile(r"5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720"), (16,)),  # Mastercard
    (re.compile(r"3[47]"), (15,)),  # American Express
    (re.compile(r"6011|65|64[4-9]|62|81|60|508"), (16, 17, 18, 19)),  # Discover, UnionPay, RuPay
    (re.compile(r"3(?:0[0-5]|[689])"), (14, 16, 19)),  # Diners Club
    (re.compile(r"35(?:2[89]|[3-8])"), (16, 17, 18, 19)),  # JCB
    (re.compile(r"220[0-4]|9792|50[4679]|6[23]6|451416|438935"), (16,)),  # Mir, Troy, Elo
    (re.compile(r"50|5[6-8]|6"), (12, 13, 14, 15, 16, 17, 18, 19)),  # Maestro
)
"""First digits and lengths of the schemes (ISO/IEC 7812 ranges as each scheme publishes them)."""
_MIN_CARD_DIGITS, _MAX_CARD_DIGITS = 12, 19
_MAX_SPELLED_DIGITS = 30
"""Most single digits in a row that may hold a card written digit by digit. A longer row is somebody's pattern."""
_NO_CARD = "017"
"""First digits that belong to no scheme."""
_MIN_SURE_CARD_DIGITS = 13
"""Digits from which the check digit suffices without a word before the number. Few cards have 12 digits, and many
order numbers do."""
_CARD_WORD = re.compile(
    r"(?<![^\W\d_])(?:credit|debit|bank|visa|master ?card|amex|maestro|kredit|giro|ec)?[ -]?"
    r"(?:card|karte|carte|tarjeta|cart[aã]o|carta|pan|visa|master ?card|amex|maestro)"
    r"(?:[ -]?(?:number|no|nr|num|nummer)\b\.?)?[^\w\n\x00]{0,4}"
    r"(?:(?:is|ist|est|es|é|number|de cr[eé]dito|bancaire|bleue)[^\w\n\x00]{1,3}){0,2}$",
    re.IGNORECASE,
)
_CONTEXT_CHARS = 48
_SECURITY_CODE = re.compile(
    r"\b(?:cvv2?|cvc2?|cv2|csc|card security code|security code|pr[uü]fziffer|cryptogramme)"
    r"[^\w\n\x00]{0,4}(?:(?:code|number|is|ist|est|es)[^\w\n\x00]{1,3}){0,2}(?P<code>\d{3,4})(?!\w)",
    re.IGNORECASE,
)
_DATE_AND_CODE = re.compile(r"[ ,;]{1,2}[01]\d/(?:20)?\d\d[ ,;]{1,2}\d{3,4}(?!\w)")
"""The expiry date and the security code that people write behind a card."""
_ALSO_BLANKS = str.maketrans({"\n": " ", "\t": " ", ",": " "})

_IBAN_START = re.compile(r"(?<![^\W_])(?:iban)?[ \t]{0,2}([A-Za-z]{2})[ .\n-]?(\d[ .-]?\d)", re.IGNORECASE)
_IBAN_WORD = re.compile(r"i\.?ban|konto|account|cuenta|compte|conta|conto|rekening", re.IGNORECASE)
_ALNUM = re.compile(r"[A-Za-z0-9]")
_IBAN_CONTEXT_CHARS = 24
_IBAN_GAP = 3
"""Most characters between two letters or digits of an IBAN."""


def pieces(text: str) -> Iterator[tuple[int, int]]:
    """Yields the runs of digits, longer ones in pieces of at most `MAX_PIECE_CHARS` that overlap and end at
    blanks."""
    for run in RUN.finditer(text):
        start, end = run.span()
        while end - start > MAX_PIECE_CHARS:
            cut = max(text.rfind(" ", start + _OVERLAP + 1, start + MAX_PIECE_CHARS), 0)
            if not cut:
                # So much without a blank is no number of anybody; what follows its first blank may be one.
                start = text.find(" ", start + MAX_PIECE_CHARS, end) + 1 or end
                continue
            yield start, cut
            start = text.rfind(" ", start + 1, cut - _OVERLAP + 1) + 1 or cut + 1
        if start < end:
            yield start, end


def is_named_otherwise(before: str) -> bool:
    """Returns whether the words before a number call it something that is nobody's own, as "order no. " does."""
    words = list(_OTHER_NUMBER_WORD.finditer(before))
    return bool(words) and _OTHER_GAP.fullmatch(before, words[-1].end()) is not None


def find_cards(text: str) -> Iterator[tuple[int, int]]:
    """Yields where payment cards and their security codes stand.

    A card has a length that fits its first digits, and a right check digit.
    """
    text = text.translate(_ALSO_BLANKS)
    for start, end in pieces(text):
        if end - start >= _MIN_CARD_DIGITS:
            yield from _cards_in(text, start, end)
    for code in _SECURITY_CODE.finditer(text):
        yield code.span("code")


def _cards_in(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    groups = [group.span() for group in _GROUP.finditer(text, start, end)]
    digits_in_all = sum(right - left for left, right in groups)
    is_long_row = len(groups) == digits_in_all > _MAX_SPELLED_DIGITS
    if digits_in_all < _MIN_CARD_DIGITS or is_long_row:
        return
    named = bool(_CARD_WORD.search(text[max(0, start - _CONTEXT_CHARS) : start]))
    best = 0
    for first, (begin, _) in enumerate(groups):
        if begin < best or (text[begin] in _NO_CARD and not named):
            continue
        # The longest card that begins with this group wins. A card of 16 digits may hold one of 13.
        best = 0
        digits = ""
        for count, (left, right) in enumerate(groups[first:], 1):
            digits += text[left:right]
            if len(digits) > _MAX_CARD_DIGITS:
                break
            if len(digits) < _MIN_CARD_DIGITS or not _grouped_like_a_card(groups[first : first + count]):
                continue
            # A number that the writer calls a card is masked even if a digit is mistyped.
            may_be_mistyped = named and first == 0 and len(digits) >= _MIN_SURE_CARD_DIGITS
            if may_be_mistyped or _is_card(digits, named):
                best = right
        if best:
            more = _DATE_AND_CODE.match(text, best)
            yield begin, more.end() if more else best


def _grouped_like_a_card(groups: list[tuple[int, int]]) -> bool:
    lengths = [right - left for left, right in groups]
    # 4 4 4 4, 4 6 5, 4 4 4 4 3, 6 10, or digit by digit. A table of numbers is grouped otherwise.
    return len(lengths) == 1 or set(lengths) == {1} or lengths[0] >= 4 or set(lengths[:-1]) <= {2, 3, 4}


def _is_card(digits: str, named: bool) -> bool:
    if len(digits) < (_MIN_CARD_DIGITS if named else _MIN_SURE_CARD_DIGITS) or len(set(digits)) < 2:
        return False
    fits = any(len(digits) in lengths and scheme.match(digits) for scheme, lengths in _CARD_LENGTHS)
    return bool(fits and luhn.is_valid(digits))


def find_ibans(text: str) -> Iterator[tuple[int, int]]:
    """Yields where IBANs stand: in the length of their country, and with right check digits or named as an
    IBAN."""
    for match in _IBAN_START.finditer(text):
        length = _iban_length(match[1].upper())
        if length is None:
            continue
        number, end = _take(text, match.start(1), length)
        if len(number) != length or _ALNUM.match(text, end):
            continue
        # The check digits of banks do not count, because a number with a mistake there is still somebody's
        # account.
        if iban.is_valid(number, check_country=False) or _named_iban(text, match.start(1)):
            yield match.start(1), end


def _take(text: str, start: int, length: int) -> tuple[str, int]:
    """Returns the next `length` letters and digits from there, whatever small gaps part them, and where they
    end."""
    number: list[str] = []
    gap = 0
    for position in range(start, min(len(text), start + length * (_IBAN_GAP + 1))):
        sign = text[position]
        if sign.isascii() and sign.isalnum():
            number.append(sign)
            gap = 0
            if len(number) == length:
                return "".join(number), position + 1
        elif sign not in " .,-\t\n_/" or gap == _IBAN_GAP:
            break
        else:
            gap += 1
    return "".join(number), start


def _named_iban(text: str, start: int) -> bool:
    return bool(_IBAN_WORD.search(text[max(0, start - _IBAN_CONTEXT_CHARS) : start]))


@lru_cache(maxsize=1024)
def _iban_length(country: str) -> int | None:
    ((_, facts), *_) = numdb.get("iban").info(country)
    parts = re.findall(r"(\d+)!?[nac]", str(facts.get("bban", "")))
    return 4 + sum(map(int, parts)) if parts else None


def find_patterns(
    linked: str, unlinked: str, numbers: tuple[NumberPattern, ...]
) -> Iterator[tuple[str, int, int]]:
    """Yields name and place of each number that looks like a pattern of the policy.

    Args:
        linked: canonical text without handles.
        unlinked: the same without links, in which a pattern of digits alone would match the ids of posts.
        numbers: the patterns of the policy.
    """
    for number in numbers:
        text = unlinked if set(number.pattern) <= set("# ") else linked
        for match in _compiled(number.pattern).finditer(text):
            yield number.name, *match.span()


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    signs = {"#": r"\d", "@": r"[^\W\d_]", "*": r"[^\W_]"}
    body = "".join(signs.get(sign) or re.escape(sign) for sign in pattern)
    before = r"(?<!\w)" if pattern[0].isalnum() or pattern[0] in signs else ""
    after = r"(?!\w)" if pattern[-1].isalnum() or pattern[-1] in signs else ""
    return re.compile(before + body + after, re.IGNORECASE)
