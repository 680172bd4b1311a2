"""A generator of direct messages in which people give their numbers away, in nine countries and six languages.

Numbers have valid check digits (by `stdnum`, or by arithmetic here) and belong to nobody on purpose; phones are
random ones that `phonenumbers` calls valid. How they are written is decided here, by hand, and shares nothing
with the patterns that look for them.
"""

import string
from collections.abc import Callable, Mapping
from random import Random
from typing import NamedTuple

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType
from stdnum import luhn
from stdnum.es import dni
from stdnum.fr import nir
from stdnum.in_ import aadhaar
from stdnum.iso7064 import mod_11_10
from stdnum.it import codicefiscale
from stdnum.nl import bsn

from schemas.posts.signals import PersonalDataKind


class Item(NamedTuple):
    """A piece of personal data as it is written in a message."""

    kind: PersonalDataKind
    written: str
    style: str


class PersonalMessage(NamedTuple):
    """A direct message and what is personal in it."""

    text: str
    masked: str
    """What must be left of it."""
    items: tuple[Item, ...]
    country: str
    format: int
    """Of all formats of all countries."""


FORMATS: Mapping[str, tuple[str, ...]] = {
    "US": (
        "Hi, my flight was cancelled and nobody calls back. Reach me at {phone} or {email} please",
        "I was charged twice on my card {card}!! Fix this",
        "Refund to {iban} please, thanks. Email: {email}",
        "My SSN is {id} and I moved to {address}. Please update my file",
        "{phone}\n{email}\n{address}",
        "The gift card never came. Ship it to {address}. Call {phone} if lost",
    ),
    "GB": (
        "Still no engineer. Mob {phone}, flat number on file",
        "Please pay the compensation of £250.00 into {iban}, my card was {card}",
        "NI number {id}, I live at {address}",
        "It's {email}, and phone {phone} after 18:00 on 12/11/2026",
        "Card no: {card} exp 09/28. Booking made on 3 March 2026, 2 adults",
    ),
    "DE": (
        "Hallo, meine Nummer ist {phone}, bitte um Rückruf bis 17:30 Uhr",
        "Bitte überweisen Sie die 49,90 € auf {iban}. Danke!",
        "Ich wohne in der {address}, Paket kam nie an. Mail: {email}",
        "Steuer-ID {id}, Kreditkarte {card}",
        "Erreichbar unter {phone} oder {email}, Zug ICE 573 am 04.11.2026",
    ),
    "FR": (
        "Bonjour, vous pouvez me joindre au {phone} après 18h",
        "Mon IBAN : {iban}, remboursez les 129,90 € svp",
        "Numéro de sécu {id} et mon adresse : {address}",
        "Carte bleue {card}, débitée deux fois le 15/03/2026 ; {email}",
    ),
    "ES": (
        "Buenas, llamadme al {phone}, llevo 3 días sin internet",
        "Mi DNI es {id} y mi correo {email}",
        "La cuenta es {iban}. Dirección: {address}",
        "Tarjeta {card}, me habéis cobrado 59,99 € dos veces",
    ),
    "BR": (
        "Oi, meu celular é {phone}, podem ligar?",
        "CPF {id}, cartão {card}, pedido atrasado desde 02/10/2026",
        "Moro na {address}. Meu e-mail: {email}",
        "Zap {phone} ou {email} - estou há 5 dias esperando",
    ),
    "IN": (
        "Sir kindly call {phone} urgent, flight 6E 2134 missed",
        "My Aadhaar {id} and mail id {email}",
        "Amount of Rs. 4,500 debited from card {card}, contact {phone}",
    ),
    "IT": (
        "Buongiorno, il mio numero è {phone} e la mail {email}",
        "Codice fiscale {id}, IBAN {iban}",
        "Carta {card} addebitata due volte, abito in {address}",
    ),
    "NL": (
        "Hoi, bel me op {phone} aub, trein van 08:14 viel uit",
        "BSN {id}, rekening {iban}",
        "Terugstorten op {iban}, mail naar {email}",
    ),
}
COUNTRIES = tuple(FORMATS)
_ALL_FORMATS = [(country, text) for country, texts in FORMATS.items() for text in texts]


def messages(count: int, seed: int = 7) -> list[PersonalMessage]:
    """That many messages: every format of every country in turn."""
    rng = Random(seed)
    return [_message(rng, at % len(_ALL_FORMATS)) for at in range(count)]


def _message(rng: Random, at: int) -> PersonalMessage:
    country, template = _ALL_FORMATS[at]
    items: list[Item] = []
    text, masked = "", ""
    for literal, slot, _, _ in string.Formatter().parse(template):
        text += literal
        masked += literal
        if slot:
            item = _MAKERS[slot](rng, country)
            items.append(item)
            text += item.written
            masked += f"[{item.kind}]"
    return PersonalMessage(text, masked, tuple(items), country, at)


# --- phones ------------------------------------------------------------------------------------------------------
def valid_phone(rng: Random, region: str) -> PhoneNumber:
    """A random number that exists in that region's plan."""
    kind = rng.choice((PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE))
    example = phonenumbers.example_number_for_type(region, kind)
    assert example is not None
    while True:
        national = phonenumbers.national_significant_number(example)
        changed = national[0] + "".join(rng.choice(string.digits) for _ in national[1:])
        number = phonenumbers.parse(f"+{example.country_code}{changed}")
        if phonenumbers.is_valid_number(number) and not changed.endswith("000000"):
            return number


def _phone(rng: Random, country: str) -> Item:
    number = valid_phone(rng, country)
    style = rng.choice(tuple(PHONE_STYLES))
    return Item("phone", PHONE_STYLES[style](number), style)


def _national(number: PhoneNumber) -> str:
    return phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)


def _international(number: PhoneNumber) -> str:
    return phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)


def _groups(number: PhoneNumber) -> list[str]:
    return "".join(sign if sign.isdigit() else " " for sign in _national(number)).split()


def _dialled_abroad(number: PhoneNumber) -> str:
    exit_code = "011" if number.country_code == 1 else "00"
    return exit_code + " " + _international(number)[1:]


def _with_zero_in_brackets(number: PhoneNumber) -> str:
    national = phonenumbers.national_significant_number(number)
    zero = " (0)" if number.country_code in (44, 49, 33, 31) else " "
    return f"+{number.country_code}{zero}{national[:3]} {national[3:]}"


def _in_digits_from(zero: str) -> Callable[[PhoneNumber], str]:
    table = {ord(digit): chr(ord(zero) + int(digit)) for digit in string.digits}
    return lambda number: _national(number).translate(table)


PHONE_STYLES: Mapping[str, Callable[[PhoneNumber], str]] = {
    "international": _international,
    "national": _national,
    "e164": lambda number: phonenumbers.format_number(number, PhoneNumberFormat.E164),
    "digits": lambda number: "".join(_groups(number)),
    "dots": lambda number: ".".join(_groups(number)),
    "dashes": lambda number: "-".join(_groups(number)),
    "slash": lambda number: _groups(number)[0] + "/" + " ".join(_groups(number)[1:]),
    "brackets": lambda number: f"({_groups(number)[0]}) " + "-".join(_groups(number)[1:]),
    "exit code": _dialled_abroad,
    "zero in brackets": _with_zero_in_brackets,
    "extension": lambda number: _international(number) + " ext. 214",
    "short extension": lambda number: _national(number) + " x214",
    "full width": _in_digits_from("０"),
    "arabic digits": _in_digits_from("٠"),
    "devanagari digits": _in_digits_from("०"),
    "zero width": lambda number: "\u200b".join(_national(number)),
    "no-break blanks": lambda number: _international(number).replace(" ", "\u00a0").replace("-", "\u2011"),
    "long dashes": lambda number: "–".join(_groups(number)),
    "digit by digit": lambda number: " ".join("".join(_groups(number))),
    "wide": lambda number: " - ".join(_groups(number)),
}


# --- cards -------------------------------------------------------------------------------------------------------
_CARDS = (
    ("4", 16), ("51", 16), ("55", 16), ("2221", 16), ("2720", 16), ("34", 15), ("37", 15), ("6011", 16),
    ("65", 16), ("36", 14), ("3530", 16), ("6212", 16), ("4", 13), ("4", 19), ("6759", 16),
    ("5018", 16), ("6071", 16), ("2200", 16),
)  # fmt: skip
"""First digits and lengths as the schemes print them."""


def valid_card(rng: Random) -> str:
    """Digits of a card with a right check digit."""
    first, length = rng.choice(_CARDS)
    body = first + "".join(rng.choice(string.digits) for _ in range(length - len(first) - 1))
    return body + str(luhn.calc_check_digit(body))


def _fours(digits: str, between: str) -> str:
    if len(digits) == 15:
        return between.join((digits[:4], digits[4:10], digits[10:]))
    return between.join(digits[at : at + 4] for at in range(0, len(digits), 4))


CARD_STYLES: Mapping[str, Callable[[str], str]] = {
    "digits": lambda digits: digits,
    "fours": lambda digits: _fours(digits, " "),
    "dashes": lambda digits: _fours(digits, "-"),
    "dots": lambda digits: _fours(digits, "."),
    "wide": lambda digits: _fours(digits, "  "),
    "dash and blanks": lambda digits: _fours(digits, " - "),
    "full width": lambda digits: _fours(digits, " ").translate({ord(d): ord(d) + 0xFEE0 for d in string.digits}),
    "zero width": lambda digits: _fours(digits, "\u200b"),
    "no-break blanks": lambda digits: _fours(digits, "\u202f"),
    "halves": lambda digits: digits[:8] + " " + digits[8:],
    "digit by digit": lambda digits: " ".join(digits),
}


def _card(rng: Random, country: str) -> Item:
    style = rng.choice(tuple(CARD_STYLES))
    return Item("card", CARD_STYLES[style](valid_card(rng)), style)


# --- IBANs -------------------------------------------------------------------------------------------------------
_IBANS = {
    "DE": "n" * 18, "GB": "a" * 4 + "n" * 14, "FR": "n" * 10 + "c" * 11 + "n" * 2, "ES": "n" * 20,
    "IT": "a" + "n" * 10 + "c" * 12, "NL": "a" * 4 + "n" * 10, "PT": "n" * 21, "BE": "n" * 12, "AT": "n" * 16,
    "CH": "n" * 5 + "c" * 12, "PL": "n" * 24, "IE": "a" * 4 + "n" * 14, "BR": "n" * 23 + "a" + "c", "NO": "n" * 11,
}  # fmt: skip
"""The registry's structures: n digits, a letters, c either."""


def valid_iban(rng: Random, country: str) -> str:
    """An account of that country with right check digits (ISO 7064 mod 97-10)."""
    signs = {"n": string.digits, "a": string.ascii_uppercase, "c": string.digits + string.ascii_uppercase}
    account = "".join(rng.choice(signs[kind]) for kind in _IBANS[country])
    number = int("".join(str(int(sign, 36)) for sign in account + country + "00"))
    return f"{country}{98 - number % 97:02d}{account}"


IBAN_STYLES: Mapping[str, Callable[[str], str]] = {
    "printed": lambda iban: " ".join(iban[at : at + 4] for at in range(0, len(iban), 4)),
    "plain": lambda iban: iban,
    "lower case": lambda iban: iban.lower(),
    "lower case, printed": lambda iban: " ".join(iban.lower()[at : at + 4] for at in range(0, len(iban), 4)),
    "dashes": lambda iban: "-".join(iban[at : at + 4] for at in range(0, len(iban), 4)),
    "odd blanks": lambda iban: f"{iban[:2]} {iban[2:4]}  {iban[4:12]} {iban[12:]}",
    "no-break blanks": lambda iban: "\u00a0".join(iban[at : at + 4] for at in range(0, len(iban), 4)),
    "full width": lambda iban: "".join(chr(ord(sign) + 0xFEE0) for sign in iban),
}


def _iban(rng: Random, country: str) -> Item:
    style = rng.choice(tuple(IBAN_STYLES))
    return Item(
        "iban",
        IBAN_STYLES[style](valid_iban(rng, country if country in _IBANS else rng.choice(tuple(_IBANS)))),
        style,
    )


# --- mail --------------------------------------------------------------------------------------------------------
_FIRST = ("olivia", "noah", "priya", "jürgen", "élise", "beatriz", "tiago", "lucia", "karim", "heike")
_LAST = ("fairweather", "okafor", "lindner", "delorme", "ibarra", "azevedo", "müller", "prates", "marsh", "o'neil")
_HOSTS = (
    "example.com",
    "example.org",
    "mail.example.net",
    "firma.example.de",
    "example.co.uk",
    "grüße.example",
    "xn--gre-example-s9a.test",
)


def _dot_words(mail: str, at: str, dot: str) -> str:
    local, _, host = mail.partition("@")
    return f"{local}{at}{host.replace('.', dot)}"


MAIL_STYLES: Mapping[str, Callable[[str], str]] = {
    "plain": lambda mail: mail,
    "plain again": lambda mail: mail,
    "capitals": str.upper,
    "words": lambda mail: _dot_words(mail, " at ", " dot "),
    "bracketed words": lambda mail: _dot_words(mail, " [at] ", "."),
    "round brackets": lambda mail: _dot_words(mail, "(at)", "(dot)"),
    "full width at": lambda mail: mail.replace("@", "＠"),
    "zero width": lambda mail: mail[:3] + "\u200b" + mail[3:],
    "entity": lambda mail: mail.replace("@", "&#64;"),
    "angle brackets": lambda mail: mail,
}


def _mail(rng: Random, country: str) -> Item:
    local = rng.choice(
        (
            f"{rng.choice(_FIRST)}.{rng.choice(_LAST)}",
            f"{rng.choice(_FIRST)}{rng.randint(1, 99)}",
            f"{rng.choice(_FIRST)}_{rng.choice(_LAST)}+shop",
            f"{rng.choice(_LAST)}-{rng.choice(_FIRST)}",
            rng.choice(_FIRST),
        )
    )
    style = rng.choice(tuple(MAIL_STYLES))
    return Item("email", MAIL_STYLES[style](f"{local}@{rng.choice(_HOSTS)}"), style)


# --- national ids ------------------------------------------------------------------------------------------------
def _digits(rng: Random, count: int) -> str:
    return "".join(rng.choice(string.digits) for _ in range(count))


def _ssn(rng: Random) -> str:
    area = rng.choice([area for area in range(1, 900) if area not in (666, 78, 219)])
    return f"{area:03d}{rng.choice('- ')}{rng.randint(1, 99):02d}-{rng.randint(1, 9999):04d}".replace(" ", "-")


def _nino(rng: Random) -> str:
    number = (
        f"{rng.choice('ABCEGHJKLMNPRSTWXYZ')}{rng.choice('ABCEHJLMPRSTWXY')}{_digits(rng, 6)}{rng.choice('ABCD')}"
    )
    blanks = f"{number[:2]} {number[2:4]} {number[4:6]} {number[6:8]} {number[8]}"
    return rng.choice((number, number.lower(), blanks))


def _steuer_id(rng: Random) -> str:
    # One digit twice, the others once, in the first ten; the first is not 0.
    while True:
        digits = rng.sample(string.digits, 9)
        digits.insert(rng.randint(0, 9), rng.choice(digits))
        if digits[0] != "0":
            break
    body = "".join(digits)
    number = body + str(mod_11_10.calc_check_digit(body))
    return rng.choice((number, f"{number[:2]} {number[2:5]} {number[5:8]} {number[8:]}"))


def _nir(rng: Random) -> str:
    department = rng.choice([number for number in range(1, 96) if number != 20])
    birth = f"{rng.choice('12')}{rng.randint(40, 99)}{rng.randint(1, 12):02d}"
    body = f"{birth}{department:02d}{rng.randint(1, 899):03d}{rng.randint(1, 999):03d}"
    key = str(nir.calc_check_digits(body))
    blanks = " ".join((body[0], body[1:3], body[3:5], body[5:7], body[7:10], body[10:13], key))
    return rng.choice((body + key, blanks))


def _dni(rng: Random) -> str:
    body = _digits(rng, 8)
    letter = str(dni.calc_check_digit(body))
    return rng.choice((body + letter, f"{body}-{letter}", f"{body[:2]}.{body[2:5]}.{body[5:]}{letter.lower()}"))


def _cpf(rng: Random) -> str:
    body = _digits(rng, 9)
    number = body
    for _ in range(2):
        weighted = sum(weight * int(digit) for weight, digit in enumerate(reversed(number), 2))
        number += str(-weighted % 11 % 10)
    return rng.choice((number, f"{number[:3]}.{number[3:6]}.{number[6:9]}-{number[9:]}"))


def _aadhaar(rng: Random) -> str:
    while True:
        number = rng.choice("23456789") + _digits(rng, 11)
        if aadhaar.is_valid(number):
            return rng.choice((number, f"{number[:4]} {number[4:8]} {number[8:]}"))


def _codice_fiscale(rng: Random) -> str:
    letters = "".join(rng.choice("BCDFGLMNPRSTV") for _ in range(6))
    birth = f"{rng.randint(40, 99)}{rng.choice('ABCDEHLMPRST')}{rng.randint(1, 28):02d}"
    body = f"{letters}{birth}H{rng.randint(100, 999)}"
    number = body + str(codicefiscale.calc_check_digit(body))
    return rng.choice((number, number.lower()))


def _bsn(rng: Random) -> str:
    while True:
        number = _digits(rng, 9)
        if bsn.is_valid(number):
            return rng.choice((number, f"{number[:4]}.{number[4:6]}.{number[6:]}"))


_IDS: Mapping[str, Callable[[Random], str]] = {
    "US": _ssn, "GB": _nino, "DE": _steuer_id, "FR": _nir, "ES": _dni, "BR": _cpf, "IN": _aadhaar,
    "IT": _codice_fiscale, "NL": _bsn,
}  # fmt: skip


def _id(rng: Random, country: str) -> Item:
    return Item("national-id", _IDS[country](rng), country)


# --- addresses ---------------------------------------------------------------------------------------------------
_ADDRESSES: Mapping[str, tuple[str, ...]] = {
    "US": (
        "{n} Lindenhurst Avenue",
        "{n} W {m}th St, Apt {k}",
        "{n} old mill road",
        "{n} Juniper Hollow Dr, Fairview, OH 43128",
        "PO Box {n}",
        "{n} N Prairie Fox Blvd #{k}",
    ),
    "GB": (
        "Flat {k}, {n} Ashgrove Road",
        "{n} Old Tannery Close, Northgate, NE1 4XY",
        "{n}a Harbour View Terrace",
    ),
    "DE": (
        "Ahornstraße {n}",
        "Lindenallee {n}b, 10115 Neuhafen",
        "Am Alten Speicher {n}, 20457 Hamburg",
        "Berliner Str. {n}",
    ),
    "FR": (
        "{n} rue des Érables",
        "{n} bis, avenue Jean Delorme, 75011 Paris",
        "{n} chemin du Vieux Lavoir",
        "{n}, place de la Fontaine",
    ),
    "ES": (
        "calle Olmo {n}",
        "C/ Mayor, {n}, 3º B, 28013 Madrid",
        "Avda. de la Constitución nº {n}",
        "Paseo del Prado {n}",
    ),
    "BR": (
        "Rua das Acácias {n}",
        "Av. Paulista, {n} - Bela Vista, 01310-100 São Paulo",
        "Rua Sete de Setembro, nº {n}",
    ),
    "IT": ("Via Garibaldi {n}", "piazza della Repubblica {n}, 50123 Firenze", "Viale dei Tigli, {n}"),
    "NL": ("Kerkstraat {n}", "Herengracht {n}, 1015 BZ Amsterdam"),
}


def _address(rng: Random, country: str) -> Item:
    template = rng.choice(_ADDRESSES[country])
    written = template.format(n=rng.randint(1, 980), m=rng.randint(4, 20), k=rng.randint(1, 40))
    return Item("address", written, template)


_MAKERS: Mapping[str, Callable[[Random, str], Item]] = {
    "phone": _phone, "card": _card, "iban": _iban, "email": _mail, "id": _id, "address": _address,
}  # fmt: skip
