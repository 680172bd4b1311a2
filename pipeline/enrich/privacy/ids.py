"""Finds national identity, tax and insurance numbers in a canonical text.

A number counts where its form is used for nothing else and its check digit is right, or where a word next to it
says what it is. A number that only looks like an id does not count.
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from stdnum.ar import cuit
from stdnum.at import vnr
from stdnum.be import nn
from stdnum.br import cpf
from stdnum.ch import ssn as ahv
from stdnum.cl import rut
from stdnum.cn import ric
from stdnum.de import idnr
from stdnum.es import dni, nie
from stdnum.fi import hetu
from stdnum.fr import nir
from stdnum.in_ import aadhaar, pan
from stdnum.it import codicefiscale
from stdnum.kr import rrn
from stdnum.mx import curp
from stdnum.pt import cc
from stdnum.se import personnummer
from stdnum.us import ssn
from stdnum.za import idnr as south_african_id

from pipeline.enrich.privacy.numbers import is_named_otherwise


def _anything(_: str) -> bool:
    return True


class _Form(NamedTuple):
    min_digits: int
    """Digits that it has at least. A text with fewer digits is not searched for it."""
    pattern: re.Pattern[str]
    is_valid: Callable[[str], bool]


def _form(min_digits: int, pattern: str, is_valid: Callable[[str], bool] = _anything) -> _Form:
    return _Form(min_digits, re.compile(rf"(?<![\w/.-]){pattern}(?!\w|[-/.]\d)", re.IGNORECASE), is_valid)


_IDS_WITHOUT_CONTEXT = (
    _form(9, r"\d{3}-\d{2}-\d{4}"),  # the US form; the never issued ones are in every advertisement
    _form(9, r"\d{3} \d{2} \d{4}", ssn.is_valid),
    # GOV.UK: letters without D F I Q U V, the second no O, not BG GB KN NK NT TN ZZ; QQ in examples; last A to D.
    _form(6, r"(?:(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]|QQ)(?:[ -]?\d{2}){3}[ -]?[A-D]"),
    _form(7, r"\d{1,2}\.?\d{3}\.?\d{3}[ -]?[A-HJ-NP-TV-Z]", dni.is_valid),
    _form(7, r"[XYZ][ -]?\d{7}[ -]?[A-HJ-NP-TV-Z]", nie.is_valid),
    _form(13, r"[12][ .]?\d{2}[ .]?(?:0[1-9]|[1-9]\d)[ .]?\d[\dAB][ .]?\d{3}[ .]?\d{3}[ .-]?\d{2}", nir.is_valid),
    _form(11, r"\d{2} \d{3} \d{3} \d{3}", idnr.is_valid),
    _form(11, r"\d{3}\.\d{3}\.\d{3}-\d{2}", cpf.is_valid),
    _form(7, r"[A-Z]{6}[ ]?\d{2}[A-EHLMPRST]\d{2}[ ]?[A-Z]\d{3}[A-Z]", codicefiscale.is_valid),
    _form(7, r"[A-Z]{3} [A-Z]{3} \d{2}[A-EHLMPRST]\d{2} [A-Z]\d{3}[A-Z]", codicefiscale.is_valid),
    _form(12, r"[2-9]\d{3}[ -]\d{4}[ -]\d{4}", aadhaar.is_valid),
    _form(4, r"[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z]", pan.is_valid),
    _form(7, r"[A-Z]{4}\d{6}[HMX][A-Z]{5}[\dA-Z]\d", curp.is_valid),
    _form(13, r"756[. ]?\d{4}[. ]?\d{4}[. ]?\d{2}", ahv.is_valid),
    _form(11, r"\d{2}\.\d{2}\.\d{2}-\d{3}[.-]\d{2}", nn.is_valid),
    _form(10, r"(?:\d{2})?\d{6}[+-]\d{4}", personnummer.is_valid),
    _form(9, r"\d{6}[-+ABCDEFYXWVU]\d{3}[0-9A-Y]", hetu.is_valid),
    _form(7, r"\d{1,2}\.\d{3}\.\d{3}-[\dK]", rut.is_valid),
    _form(11, r"(?:20|2[3467]|30|33)-\d{8}-\d", cuit.is_valid),
    _form(17, r"\d{6}(?:19|20)\d{2}[01]\d[0-3]\d{4}[\dX]", ric.is_valid),
    _form(13, r"\d{6}-[1-8]\d{6}", rrn.is_valid),
    _form(9, r"\d{8}[ ]?\d[ ]?[A-Z]{2}\d", cc.is_valid),
    # Bare digits whose check is so sharp that fewer than one number in fifty passes by chance.
    _form(11, r"[1-9]\d{10}", idnr.is_valid),
    _form(13, r"\d{13}", south_african_id.is_valid),
    _form(10, r"\d{4} \d{6}", vnr.is_valid),
)
"""Forms that nothing else has, each with its check digit where it has one."""
_WORD = re.compile(
    r"(?<!\w)(?:ssn|ss#|social security|social insurance|itin|tax ?id|national insurance|ni (?:number|no)|nino|"
    r"nhs (?:number|no)|national id(?:entity)?|identity (?:card|number)|id card|passport|passeport|reisepass|"
    r"pasaporte|passaporte?o?|driver'?s? licen[cs]e|driving licen[cs]e|f[uü]hrerschein(?:nummer)?|"
    r"permiso de conducir|permis de conduire|dni|nif|documento|cpf|cnh|curp|rfc|"
    r"steuer-?id(?:entifikationsnummer)?|steuernummer|idnr|personalausweis(?:nummer)?|ausweis(?:nummer)?|"
    r"sozialversicherungsnummer|num[eé]ro de s[eé]cu(?:rit[eé] sociale)?|s[eé]curit[eé] sociale|n[°o] ?s[eé]cu|"
    r"carte d'identit[eé]|codice fiscale|bsn|burgerservicenummer|sofinummer|aadhaa?r|uidai|pan (?:card|number|no)|"
    r"pesel|personnummer|hetu|rijksregisternummer|num[eé]ro national|cuit|cuil|medicare|tfn|tax file number|"
    r"kimlik|voter id|"
    # In small letters these are words: German "nie" is never.
    r"(?-i:N\.?I\.?E|NIR|CNI|RG|RUT|TIN|PPS|CPR|AHV|NI))(?!\w)",
    re.IGNORECASE,
)
_AFTER_WORD = re.compile(
    r"(?:[^\w\n\x00]|(?<!\w)(?:number|no|nr|num|nummer|numero|número|numéro|is|ist|es|est|é|card|my|it's|on file|"
    r"lautet|meine|mi|mon|ma|meu|de|du|del|do|le|la|el|o|e|of|for)(?!\w)){0,10}"
    r"(?P<number>[A-Za-z]{0,6}\d[\dA-Za-z]{0,20}(?:[ ./-]{1,2}[A-Za-z]{0,3}\d[\dA-Za-z]{0,12}){0,8}"
    r"(?:[ -](?-i:[A-Z])(?!\w))?)(?!\w)",
    re.IGNORECASE,
)
_BEFORE_WORD = re.compile(
    r"(?<!\w)(?P<number>[A-Za-z]{0,2}(?:\d[ ./-]?){5,20}(?<=\d)[A-Za-z]?)[^\w\n\x00]{1,3}"
    r"(?:(?:is|is my|é|é o meu|es|es mi|ist|ist meine|est|est mon|my|meu)[^\w\n\x00]){0,2}$",
    re.IGNORECASE,
)
_MIN_NAMED_DIGITS, _MAX_NAMED_DIGITS = 5, 22
"""Digits of a number that counts as an id by its word alone. Shorter numbers are ages and years."""
_CONTEXT_CHARS = 48
"""Characters beside a number in which a word may say what it is, as in "078-05-1120 is my ssn"."""


def find_ids(text: str, digits: int) -> Iterator[tuple[int, int]]:
    """Yields where national ids stand in a canonical text, in no order and possibly overlapping.

    Args:
        text: canonical, with barriers for links, handles and hashtags.
        digits: how many digits the text has.
    """
    for form in _IDS_WITHOUT_CONTEXT:
        if digits >= form.min_digits:
            for start, end in _valid_places(form, text):
                if not is_named_otherwise(text[max(0, start - _CONTEXT_CHARS) : start]):
                    yield start, end
    words = list(_WORD.finditer(text)) if digits >= _MIN_NAMED_DIGITS else []
    for word in words:
        named = _AFTER_WORD.match(text, word.end())
        if named and _MIN_NAMED_DIGITS <= sum(map(str.isdigit, named["number"])) <= _MAX_NAMED_DIGITS:
            yield named.span("number")
        before = max(0, word.start() - _CONTEXT_CHARS)
        if named := _BEFORE_WORD.search(text, before, word.start()):
            yield named.span("number")


def _valid_places(form: _Form, text: str) -> Iterator[tuple[int, int]]:
    for match in form.pattern.finditer(text):
        # A pattern that ignores case also matches letters of other scripts (ı), which the library does not expect.
        if match[0].isascii() and form.is_valid(match[0]):
            yield match.span()
