"""Masks the personal data of a post, and is the only door from `posts.raw` to everything behind it.

Masking takes a text or a post, and what the policy says of numbers. It returns the text with `[phone]`, `[email]`,
`[card]`, `[iban]`, `[national-id]`, `[address]` or `[<name of the pattern>]` in the place of each finding, and
where these placeholders stand. The plain text of a finding never reaches a result, an error or a log.

Handles, hashtags, prices, dates, flights and links stay. The numbers that a brand posts of itself are masked too,
because nobody can tell them from those of a customer.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from heapq import merge
from typing import NamedTuple, get_args

from pipeline.enrich.privacy.addresses import find_addresses
from pipeline.enrich.privacy.canonical import PublicPlace, barrier, canonical, public_places, with_barriers
from pipeline.enrich.privacy.ids import find_ids
from pipeline.enrich.privacy.mail import find_mail
from pipeline.enrich.privacy.numbers import find_cards, find_ibans, find_patterns
from pipeline.enrich.privacy.phones import find_link_phones, find_phones
from schemas.policy.policy import NumberPattern, Policy
from schemas.posts.raw import MAX_TEXT_CHARS, Author, PostBody
from schemas.posts.signals import PersonalData, PersonalDataKind, Span

DEFAULT_REGIONS = ("US", "GB")
DIRECT_REGIONS = ("US", "GB", "DE", "FR", "ES", "BR", "IT", "NL", "PT", "IN", "MX")
"""Regions whose phone numbers are recognised in direct messages, beside the policy's regions. In a direct message
a number is rarely anything but a phone."""
MAX_FINDINGS = 100
"""Most entries of `ScoredPost.pii` (contract limit). Findings beyond it are masked and not listed."""
_NAME_WORDS = 3
"""An ordinary name has at most this many words; "jane at example dot com" has more."""
_MAX_ROUNDS = 8
"""Passes over a text. A placeholder may uncover what stood behind its finding, which the next pass then finds.
Three passes have always been enough."""
_MIN_CARD_CODE_DIGITS, _MIN_ID_DIGITS, _MIN_IBAN_DIGITS, _MIN_PHONE_DIGITS = 3, 4, 4, 7
"""Texts with fewer digits spare the costly searches, because nothing of that kind fits into them."""
_MAX_SHORT_TEXT_CHARS, _MAX_URL_CHARS = 500, 2000
"""Limits of the contract. Masking must keep them, because a placeholder may be longer than what it replaces."""
_DIGIT = re.compile("[0-9]")
_KINDS_BY_CERTAINTY = ("number", "iban", "card", "national-id", "email", "phone", "address")
_CERTAINTY_RANK = {kind: rank for rank, kind in enumerate(_KINDS_BY_CERTAINTY)}


class Finding(NamedTuple):
    """Something that was masked, and where its placeholder stands in the masked text."""

    kind: PersonalDataKind
    name: str | None
    """Name of the policy's pattern; None for the other kinds."""
    start: int
    end: int


class Masked(NamedTuple):
    """A text without personal data, and the findings in the order of the text."""

    text: str
    findings: tuple[Finding, ...] = ()


class MaskedPost(NamedTuple):
    """What a scored post says instead of the raw post's own fields."""

    title: str | None
    text: str | None
    findings: tuple[PersonalData, ...]
    """Findings of the title, then of the text; at most `MAX_FINDINGS`."""
    author: Author
    place: str | None
    url: str | None


def mask(
    text: str,
    numbers: tuple[NumberPattern, ...] = (),
    regions: tuple[str, ...] = DEFAULT_REGIONS,
    longest: int | None = None,
) -> Masked:
    """Returns the text with a placeholder for each piece of personal data.

    It never raises, takes time in proportion to the text, and changes nothing in a text that is masked already.

    Args:
        text: as the platform gave it.
        numbers: the policy's own patterns.
        regions: ISO 3166 codes of the regions whose phone numbers are recognised without a plus.
        longest: the result is cut after so many characters, or before a placeholder that would not fit. With None
            it is never cut.
    """
    masked = Masked(text)
    no_phones: set[str] = set()
    for _ in range(_MAX_ROUNDS):
        more = _findings(masked.text, numbers, regions, no_phones)
        if not more:
            break
        masked = _replaced(masked, more)
    return masked if longest is None or len(masked.text) <= longest else _cut(masked, longest)


def mask_post(post: PostBody, policy: Policy | None) -> MaskedPost:
    """Returns title, text, display name, place and link of a post without personal data.

    Handles and ids stay, because they are public and everything downstream joins on them. In direct messages the
    phone numbers of `DIRECT_REGIONS` are recognised too.
    """
    numbers = () if policy is None else policy.numbers
    regions = regions_of(post, policy)
    limits = (_MAX_SHORT_TEXT_CHARS, MAX_TEXT_CHARS, _MAX_SHORT_TEXT_CHARS, _MAX_SHORT_TEXT_CHARS, _MAX_URL_CHARS)
    title, text, name, place, url = (
        None if part is None else mask(part, numbers, regions, longest)
        for part, longest in zip(masked_fields(post), limits, strict=True)
    )
    has_plain_name = name is None or not name.findings
    return MaskedPost(
        None if title is None else title.text,
        None if text is None else text.text,
        (*_listed("title", title), *_listed("text", text))[:MAX_FINDINGS],
        post.author if has_plain_name else post.author.model_copy(update={"name": name.text if name else None}),
        post.place if place is None else place.text,
        None if url is None else url.text,
    )


def regions_of(post: PostBody, policy: Policy | None) -> tuple[str, ...]:
    """Returns the ISO 3166 codes of the regions whose phone numbers are recognised in a post."""
    regions = DEFAULT_REGIONS if policy is None else policy.regions
    return tuple(dict.fromkeys((*regions, *DIRECT_REGIONS))) if post.visibility == "direct" else regions


def masked_fields(post: PostBody) -> tuple[str | None, str | None, str | None, str | None, str | None]:
    """Returns title, text, display name, place and link of a post, None for a field that can hold no finding."""
    return post.title, post.text, _suspicious(post.author.name), _suspicious(post.place), post.url


def _suspicious(text: str | None) -> str | None:
    """Returns a name or place, or None where it can hold no finding: most have neither digits nor punctuation."""
    return None if text is None or (text.replace(" ", "").isalpha() and len(text.split()) <= _NAME_WORDS) else text


def _listed(field: str, masked: Masked | None) -> Iterator[PersonalData]:
    for kind, name, start, end in () if masked is None else masked.findings[:MAX_FINDINGS]:
        at = Span.model_validate({"field": field, "start": start, "end": end})
        yield PersonalData(kind=kind, name=name, at=at)


def _findings(
    text: str, numbers: tuple[NumberPattern, ...], regions: tuple[str, ...], no_phones: set[str]
) -> list[Finding]:
    """Returns the findings of a text with their places in it, in order and without overlaps."""
    canonical_text = canonical(text)
    searched = canonical_text.text
    if "[" in searched:
        searched = _placeholders(tuple(number.name for number in numbers)).sub(barrier, searched)
    candidates = list(_candidates(searched, numbers, regions, no_phones))
    if not candidates:
        return []
    places = (canonical_text.original(candidate.start, candidate.end) for candidate in candidates)
    return _longest_of(
        [
            candidate._replace(start=start, end=end)
            for candidate, (start, end) in zip(candidates, places, strict=True)
        ]
    )


def _candidates(
    text: str, numbers: tuple[NumberPattern, ...], regions: tuple[str, ...], no_phones: set[str]
) -> Iterator[Finding]:
    """Yields everything in a canonical text that could be personal, in no order and overlapping.

    The costly searches see only texts with enough digits.
    """
    yield from _findings_of("email", find_mail(text))
    if not _DIGIT.search(text):
        return
    public = public_places(text)
    for sign, start, end in public:
        if sign not in "@#":
            yield from _findings_of("phone", find_link_phones(text, start, end))
    words = with_barriers(text, public)
    if numbers:
        linked = with_barriers(text, [place for place in public if place[0] == "@"])
        unlinked = with_barriers(text, [place for place in public if place[0] != "#"])
        yield from (Finding("number", *place) for place in find_patterns(linked, unlinked, numbers))
    digits = len(_DIGIT.findall(words))
    if digits:
        yield from _findings_of("address", find_addresses(words))
    accounts: list[tuple[int, int]] = []
    if digits >= _MIN_CARD_CODE_DIGITS:
        accounts += (cards := list(find_cards(words)))
        yield from _findings_of("card", cards)
    if digits >= _MIN_IBAN_DIGITS:
        accounts += (ibans := list(find_ibans(words)))
        yield from _findings_of("iban", ibans)
    if digits >= _MIN_ID_DIGITS:
        yield from _findings_of("national-id", find_ids(words, digits))
    if digits >= _MIN_PHONE_DIGITS:
        # A number with a right check digit is no phone, and each region would cost a question to the library.
        yield from _findings_of("phone", find_phones(_without_accounts(words, accounts), regions, no_phones))


def _without_accounts(words: str, places: list[tuple[int, int]]) -> str:
    # Overlapping places are joined first. Replaced one by one, each of them would copy the whole text.
    apart: list[PublicPlace] = []
    free = 0
    for start, end in sorted(places):
        if end > free:
            apart.append(("", max(start, free), end))
            free = end
    return with_barriers(words, apart)


def _findings_of(kind: PersonalDataKind, places: Iterable[tuple[int, int]]) -> Iterator[Finding]:
    return (Finding(kind, None, start, end) for start, end in places)


def _longest_of(candidates: list[Finding]) -> list[Finding]:
    """Returns the candidates in text order without overlaps.

    Of two that overlap the longer one wins, then the more certain kind, then the earlier one.
    """
    chosen: list[Finding] = []
    occupied = bytearray(max(candidate.end for candidate in candidates))
    for candidate in sorted(
        candidates, key=lambda finding: (finding.start - finding.end, _CERTAINTY_RANK[finding.kind], finding.start)
    ):
        if not any(occupied[candidate.start : candidate.end]):
            occupied[candidate.start : candidate.end] = bytes([1]) * (candidate.end - candidate.start)
            chosen.append(candidate)
    return sorted(chosen, key=lambda finding: finding.start)


def _replaced(masked: Masked, new: list[Finding]) -> Masked:
    """Returns the text with placeholders for the new findings; the earlier placeholders move with their text."""
    parts: list[str] = []
    moved: list[Finding] = []
    position = length = 0
    new_ids = {id(finding) for finding in new}
    for finding in merge(masked.findings, new, key=lambda finding: finding.start):
        before = masked.text[position : finding.start]
        is_new = id(finding) in new_ids
        placeholder = f"[{finding.name or finding.kind}]" if is_new else masked.text[finding.start : finding.end]
        parts += before, placeholder
        start = length + len(before)
        length = start + len(placeholder)
        moved.append(finding._replace(start=start, end=length))
        position = finding.end
    parts.append(masked.text[position:])
    return Masked("".join(parts), tuple(moved))


def _cut(masked: Masked, longest: int) -> Masked:
    whole = tuple(finding for finding in masked.findings if finding.end <= longest)
    torn = (finding.start for finding in masked.findings if finding.start < longest < finding.end)
    return Masked(masked.text[: next(torn, longest)], whole)


@lru_cache(maxsize=1024)
def _placeholders(names: tuple[str, ...]) -> re.Pattern[str]:
    # Placeholders become barriers. Otherwise "[phone]" would be a word that makes a phone of the next number, and
    # the next pass would find something new in every text.
    kinds = [kind for kind in get_args(PersonalDataKind) if kind != "number"]
    return re.compile(rf"\[(?:{'|'.join(map(re.escape, (*kinds, *names)))})\]")
