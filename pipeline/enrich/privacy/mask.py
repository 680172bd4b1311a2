"""Personal data in a post, and the post without it: the only door from `posts.raw` to everything after it.

In: a text or post, and what the policy says of numbers. Out: the text with `[phone]`, `[email]`, `[card]`,
`[iban]`, `[national-id]`, `[address]` or `[<name of the pattern>]` in the place of each, and where those stand.
Never here: the plain text of what was found, in a result, an error or a log.

Handles, hashtags, prices, dates, flights and links stay; the numbers that a brand posts of itself go too, for
nobody can tell them apart.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from heapq import merge
from typing import NamedTuple, get_args

from pipeline.enrich.privacy.addresses import find_addresses
from pipeline.enrich.privacy.ids import find_ids
from pipeline.enrich.privacy.mail import find_mail
from pipeline.enrich.privacy.numbers import find_cards, find_ibans, find_patterns
from pipeline.enrich.privacy.phones import find_link_phones, find_phones
from pipeline.enrich.privacy.text import PublicPlace, plain, public_places, wall, without
from schemas.policy.policy import NumberPattern, Policy
from schemas.posts.raw import MAX_TEXT_CHARS, Author, PostBody
from schemas.posts.signals import PersonalData, PersonalDataKind, Span

DEFAULT_REGIONS = ("US", "GB")
DIRECT_REGIONS = ("US", "GB", "DE", "FR", "ES", "BR", "IT", "NL", "PT", "IN", "MX")
"""Whose phone numbers are told in direct messages beside the policy's: there, a number is rarely anything else."""
MOST_FOUND = 100
"""Entries of `ScoredPost.pii`; what is beyond is masked and not listed."""
_NAME_WORDS = 3
"""Words of an ordinary name: "jane at example dot com" has more."""
_MOST_ROUNDS = 8
"""What was hidden behind something found is found in the next round; three have always been enough."""
_FEWEST_CARD_CODE, _FEWEST_ID, _FEWEST_IBAN, _FEWEST_PHONE = 3, 4, 4, 7
"""Digits of a text below which the costly parts have nothing to look for."""
_LONGEST_SHORT_TEXT, _LONGEST_URL = 500, 2000
"""Limits of the contract: a placeholder may be longer than what it stands for."""
_DIGIT = re.compile("[0-9]")
_SURER_FIRST = ("number", "iban", "card", "national-id", "email", "phone", "address")
_RANK = {kind: rank for rank, kind in enumerate(_SURER_FIRST)}


class Found(NamedTuple):
    """Something that was masked, and where its placeholder stands in the masked text."""

    kind: PersonalDataKind
    name: str | None
    """Of the policy's pattern; None for the other kinds."""
    start: int
    end: int


class Masked(NamedTuple):
    """A text without personal data, and what was found, in the order of the text."""

    text: str
    found: tuple[Found, ...] = ()


class MaskedPost(NamedTuple):
    """What a scored post says instead of the raw one's own fields."""

    title: str | None
    text: str | None
    found: tuple[PersonalData, ...]
    """Of title and text, in this order; at most `MOST_FOUND`."""
    author: Author
    place: str | None
    url: str | None


def mask(
    text: str,
    numbers: tuple[NumberPattern, ...] = (),
    regions: tuple[str, ...] = DEFAULT_REGIONS,
    longest: int | None = None,
) -> Masked:
    """The text with a placeholder for each piece of personal data; never raises, linear, idempotent.

    Args:
        text: as the platform gave it.
        numbers: the policy's own patterns.
        regions: ISO 3166 codes: whose phone numbers are told without a plus.
        longest: characters after which the result is cut, before a placeholder that would not fit; None: never.
    """
    masked = Masked(text)
    no_phones: set[str] = set()
    for _ in range(_MOST_ROUNDS):
        more = _look(masked.text, numbers, regions, no_phones)
        if not more:
            break
        masked = _replaced(masked, more)
    return masked if longest is None or len(masked.text) <= longest else _cut(masked, longest)


def mask_post(post: PostBody, policy: Policy | None) -> MaskedPost:
    """Title, text, display name, place and link of a post without personal data.

    Handles and ids stay: they are public, and everything downstream joins on them. In direct messages the phone
    numbers of `DIRECT_REGIONS` are told too.
    """
    numbers = () if policy is None else policy.numbers
    regions = regions_of(post, policy)
    limits = (_LONGEST_SHORT_TEXT, MAX_TEXT_CHARS, _LONGEST_SHORT_TEXT, _LONGEST_SHORT_TEXT, _LONGEST_URL)
    title, text, name, place, url = (
        None if part is None else mask(part, numbers, regions, longest)
        for part, longest in zip(masked_fields(post), limits, strict=True)
    )
    same_name = name is None or not name.found
    return MaskedPost(
        None if title is None else title.text,
        None if text is None else text.text,
        (*_listed("title", title), *_listed("text", text))[:MOST_FOUND],
        post.author if same_name else post.author.model_copy(update={"name": name.text if name else None}),
        post.place if place is None else place.text,
        None if url is None else url.text,
    )


def regions_of(post: PostBody, policy: Policy | None) -> tuple[str, ...]:
    """Whose phone numbers are told in a post: ISO 3166 codes."""
    regions = DEFAULT_REGIONS if policy is None else policy.regions
    return tuple(dict.fromkeys((*regions, *DIRECT_REGIONS))) if post.visibility == "direct" else regions


def masked_fields(post: PostBody) -> tuple[str | None, str | None, str | None, str | None, str | None]:
    """Title, text, display name, place and link: what is masked in a post; None for what cannot hold anything."""
    return post.title, post.text, _suspicious(post.author.name), _suspicious(post.place), post.url


def _suspicious(text: str | None) -> str | None:
    """A name or place, unless it can hold nothing: most have neither a digit nor a sign of an address."""
    return None if text is None or (text.replace(" ", "").isalpha() and len(text.split()) <= _NAME_WORDS) else text


def _listed(field: str, masked: Masked | None) -> Iterator[PersonalData]:
    for kind, name, start, end in () if masked is None else masked.found[:MOST_FOUND]:
        at = Span.model_validate({"field": field, "start": start, "end": end})
        yield PersonalData(kind=kind, name=name, at=at)


def _look(
    text: str, numbers: tuple[NumberPattern, ...], regions: tuple[str, ...], no_phones: set[str]
) -> list[Found]:
    """What is personal in the text: places of the text itself, in order, without overlaps."""
    shown = plain(text)
    seen = shown.text
    if "[" in seen:
        seen = _placeholders(tuple(number.name for number in numbers)).sub(wall, seen)
    found = list(_candidates(seen, numbers, regions, no_phones))
    if not found:
        return []
    originals = (shown.original(each.start, each.end) for each in found)
    return _longest_of(
        [each._replace(start=start, end=end) for each, (start, end) in zip(found, originals, strict=True)]
    )


def _candidates(
    seen: str, numbers: tuple[NumberPattern, ...], regions: tuple[str, ...], no_phones: set[str]
) -> Iterator[Found]:
    """All that could be personal, in no order, overlapping. The costly parts only see texts with enough digits."""
    yield from _of("email", find_mail(seen))
    if not _DIGIT.search(seen):
        return
    public = public_places(seen)
    for sign, start, end in public:
        if sign not in "@#":
            yield from _of("phone", find_link_phones(seen, start, end))
    words = without(seen, public)
    if numbers:
        linked = without(seen, [place for place in public if place[0] == "@"])
        unlinked = without(seen, [place for place in public if place[0] != "#"])
        yield from (Found("number", *place) for place in find_patterns(linked, unlinked, numbers))
    digits = len(_DIGIT.findall(words))
    if digits:
        yield from _of("address", find_addresses(words))
    accounts: list[tuple[int, int]] = []
    if digits >= _FEWEST_CARD_CODE:
        accounts += (cards := list(find_cards(words)))
        yield from _of("card", cards)
    if digits >= _FEWEST_IBAN:
        accounts += (ibans := list(find_ibans(words)))
        yield from _of("iban", ibans)
    if digits >= _FEWEST_ID:
        yield from _of("national-id", find_ids(words, digits))
    if digits >= _FEWEST_PHONE:
        # What has a check digit is no phone: in each region the library would be asked for nothing.
        yield from _of("phone", find_phones(_without(words, accounts), regions, no_phones))


def _without(words: str, places: list[tuple[int, int]]) -> str:
    # The places may overlap; one by one, each would copy the whole text.
    apart: list[PublicPlace] = []
    free = 0
    for start, end in sorted(places):
        if end > free:
            apart.append(("", max(start, free), end))
            free = end
    return without(words, apart)


def _of(kind: PersonalDataKind, places: Iterable[tuple[int, int]]) -> Iterator[Found]:
    return (Found(kind, None, start, end) for start, end in places)


def _longest_of(candidates: list[Found]) -> list[Found]:
    """Without overlaps: the longest wins, then the surer kind, then the first; in order."""
    kept: list[Found] = []
    taken = bytearray(max(each.end for each in candidates))
    for each in sorted(candidates, key=lambda one: (one.start - one.end, _RANK[one.kind], one.start)):
        if not any(taken[each.start : each.end]):
            taken[each.start : each.end] = bytes([1]) * (each.end - each.start)
            kept.append(each)
    return sorted(kept, key=lambda one: one.start)


def _replaced(masked: Masked, more: list[Found]) -> Masked:
    """With placeholders for what was found in the masked text; those that stand there already move."""
    parts: list[str] = []
    found: list[Found] = []
    at = length = 0
    new = {id(each) for each in more}
    for each in merge(masked.found, more, key=lambda one: one.start):
        before = masked.text[at : each.start]
        sign = f"[{each.name or each.kind}]" if id(each) in new else masked.text[each.start : each.end]
        parts += before, sign
        start = length + len(before)
        length = start + len(sign)
        found.append(each._replace(start=start, end=length))
        at = each.end
    parts.append(masked.text[at:])
    return Masked("".join(parts), tuple(found))


def _cut(masked: Masked, longest: int) -> Masked:
    kept = tuple(each for each in masked.found if each.end <= longest)
    torn = next((each.start for each in masked.found if each.start < longest < each.end), longest)
    return Masked(masked.text[:torn], kept)


@lru_cache(maxsize=1024)
def _placeholders(names: tuple[str, ...]) -> re.Pattern[str]:
    # Looked through for nothing: "[phone]" is no word before a number, and a second pass finds nothing new.
    kinds = [kind for kind in get_args(PersonalDataKind) if kind != "number"]
    return re.compile(rf"\[(?:{'|'.join(map(re.escape, (*kinds, *names)))})\]")
