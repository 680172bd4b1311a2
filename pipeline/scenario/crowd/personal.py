"""Invents personal details for direct messages, which are plausible in form and belong to nobody.

Phones come from ranges that are set aside for fiction, and mail domains are reserved (RFC 2606). Cards are the
published test numbers of the schemes, and IBANs the printed examples of the registry.
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
    # The North American plan sets 555-0100 to 555-0199 aside for fiction.
    area, last = rng.choice(("212", "312", "415", "617", "808")), f"01{rng.randint(0, 99):02d}"
    return rng.choice((f"({area}) 555-{last}", f"{area}-555-{last}", f"+1 {area} 555 {last}", f"1{area}555{last}"))


def _german(rng: Random) -> str:
    # Bundesnetzagentur sets 030 23125 000 to 999 and its siblings aside for media productions.
    return rng.choice(("030 23125 {n:03d}", "+49 30 23125{n:03d}", "089/99998 {n:03d}")).format(
        n=rng.randint(0, 999)
    )


def _french(rng: Random) -> str:
    # Arcep sets 01 99 00 xx xx and 06 39 98 xx xx aside for audiovisual works.
    return f"{rng.choice(('01 99 00', '06 39 98'))} {rng.randint(0, 99):02d} {rng.randint(0, 99):02d}"


PHONES: Mapping[str, Callable[[Random], str]] = {"de": _german, "fr": _french}
"""Phones by language. Where a country has no range for fiction, the American range stands in."""


def full_name(rng: Random, language: str) -> str:
    """Returns a first and a last name."""
    texts = texts_of(language)
    return f"{rng.choice(texts.first_names)} {rng.choice(texts.last_names)}"


def details(rng: Random, language: str, name: str) -> dict[str, str]:
    """Returns what a person might write about themselves: the grammar's slots `full_name`, `phone`, `email` ..."""
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
