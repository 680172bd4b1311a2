"""Invented personal details for direct messages: plausible in form, belonging to nobody.

Phones are of ranges set aside for fiction, mail domains are reserved (RFC 2606), cards are the schemes' published
test numbers, IBANs are the registry's printed examples.
"""

from collections.abc import Callable, Mapping
from random import Random

from pipeline.scenario.texts.library import texts_of

MAIL_DOMAINS = ("example.com", "example.org", "example.net")
CARDS = (
    "4111 1111 1111 1111",
    "4012-8888-8888-1881",
    "5555 5555 5555 4444",
    "5105105105105100",
    "378282246310005",
)


def _american(rng: Random) -> str:
    # 555-0100 to 555-0199 are set aside for fiction in the North American plan.
    area, last = rng.choice(("212", "312", "415", "617", "808")), f"01{rng.randint(0, 99):02d}"
    return rng.choice((f"({area}) 555-{last}", f"{area}-555-{last}", f"+1 {area} 555 {last}", f"1{area}555{last}"))


def _german(rng: Random) -> str:
    # 030 23125 000 to 999 and its siblings: numbers for media productions (Bundesnetzagentur).
    return rng.choice(("030 23125 {n:03d}", "+49 30 23125{n:03d}", "089/99998 {n:03d}")).format(
        n=rng.randint(0, 999)
    )


def _french(rng: Random) -> str:
    # 01 99 00 xx xx and 06 39 98 xx xx: numbers for audiovisual works (Arcep).
    return f"{rng.choice(('01 99 00', '06 39 98'))} {rng.randint(0, 99):02d} {rng.randint(0, 99):02d}"


PHONES: Mapping[str, Callable[[Random], str]] = {"de": _german, "fr": _french}
"""Where a country has no range for fiction, the American one stands in."""


def full_name(rng: Random, language: str) -> str:
    """First and last name."""
    texts = texts_of(language)
    return f"{rng.choice(texts.first_names)} {rng.choice(texts.last_names)}"


def details(rng: Random, language: str, name: str) -> dict[str, str]:
    """What one person might write about themselves: the grammar's slots `full_name`, `phone`, `email`, ..."""
    local = ".".join(part for part in name.lower().split())
    ascii_local = local.encode("ascii", "ignore").decode() or "customer"
    return {
        "full_name": name,
        "phone": PHONES.get(language, _american)(rng),
        "email": f"{ascii_local}{rng.choice(('', '.', '_'))}{rng.randint(1, 99)}@{rng.choice(MAIL_DOMAINS)}",
        "card": rng.choice(CARDS),
        "iban": texts_of(language).iban,
        "address": texts_of(language).street.format(n=rng.randint(1, 180)),
    }
