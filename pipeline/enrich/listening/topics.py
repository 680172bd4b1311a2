"""Which listening topics of a policy a post concerns, and by which words.

In: the topics of a policy, then title and text of each post. Out: a `TopicHit` for each topic that holds, in the
policy's order. Never here: how queries are written (`queries.py`), what is done with a hit.

One automaton holds the terms of all topics; only topics of which something was found are looked at, so that a
post costs the same with ten patterns and with thousands.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import Literal, NamedTuple

from pipeline.enrich.listening.finder import SearchResult, TermFinder
from pipeline.enrich.listening.identity import ByIdentity
from pipeline.enrich.listening.queries import Query, Term, parse_query, query_problem
from pipeline.enrich.listening.words import Place, Words
from schemas.policy.policy import ListeningTopic
from schemas.posts.signals import Span, TopicHit

MAX_TOPICS = 50
"""Of a post, as the contract allows."""
MAX_PLACES = 20
"""Of a topic, as the contract allows."""
_MAX_PLACES_KEPT = 100
"""Places of one query that are kept before those inside others are left out."""

_Field = Literal["title", "text"]
_FIELDS: tuple[_Field, ...] = ("title", "text")
_Where = tuple[int, int, int]
"""Number of the field, start, end: sorts as a reader meets them."""
_Places = dict[int, list[_Where]]
"""Query to where it was found."""


class Refusal(NamedTuple):
    """What is wrong with a topic."""

    location: tuple[int | str, ...]
    """The way to it from the policy: ("topics", 0, "any", 3)."""
    reason: str


class _Topic(NamedTuple):
    topic: ListeningTopic
    any: frozenset[int]
    """Numbers of its queries, as in the other ones; empty: nothing of `any` is asked for."""
    all: frozenset[int]
    none: frozenset[int]
    wanted: frozenset[int]
    """Those of `any` and `all`."""

    def holds(self, found: _Places) -> bool:
        """One of `any` or `all` was found: the one by which the topic asks (`_asked_by`)."""
        if self.none and not self.none.isdisjoint(found):
            return False
        return not self.all or (self.all <= found.keys() and not (self.any and self.any.isdisjoint(found)))


class _Role(NamedTuple):
    """What follows from a term."""

    alone: int | None = None
    """The query that it is."""
    near: tuple["_Near", ...] = ()
    """Queries that are looked at when it is found: it is the longest of their terms, so likely the rarest."""


class _Near(NamedTuple):
    query: int
    within: int
    terms: frozenset[int]


class TopicMatcher:
    """The topics of one policy prepared once, for many posts.

    Args:
        topics: in the policy's order. A query that `refusals` would name finds nothing; a topic whose `all` holds
            one, or that has no other, concerns no post: a policy in force must not stop the stream.
    """

    def __init__(self, topics: Sequence[ListeningTopic]) -> None:
        self._queries: dict[Query, int] = {}
        known = (self._read(topic) for topic in topics)
        self._topics = [topic for topic in known if topic is not None]
        self._asking = self._asked_by()
        terms: dict[Term, int] = {}
        roles: list[_Role] = []
        for query, number in self._queries.items():
            numbers = [terms.setdefault(term, len(terms)) for term in query.terms]
            roles += [_Role()] * (len(terms) - len(roles))
            _add_role(roles, numbers, query, number)
        self._roles = roles
        self._finder = TermFinder(list(terms))

    def find(self, title: str | None, text: str | None) -> tuple[TopicHit, ...]:
        """The topics that a post with this title and text concerns, in the policy's order.

        Words side by side or near each other stand in one field; `all` may hold by both together. At most
        `MAX_TOPICS` topics, each with its first `MAX_PLACES` places, none inside another one.
        """
        if not self._topics:
            return ()
        found: _Places = {}
        for field, given in enumerate((title, text)):
            if given:
                self._find_in(field, given, found)
        if not found:
            return ()
        asking: dict[int, list[int]] = {}
        for query in found:
            for number in self._asking.get(query, ()):
                asking.setdefault(number, []).append(query)
        hits: list[TopicHit] = []
        for number in sorted(asking):
            topic = self._topics[number]
            if topic.holds(found):
                # Where there is no `all`, what asked for the topic is all that was found of it.
                queries = [query for query in found if query in topic.wanted] if topic.all else asking[number]
                hits.append(_hit(topic.topic, [found[query] for query in queries]))
                if len(hits) == MAX_TOPICS:
                    break
        return tuple(hits)

    def _read(self, topic: ListeningTopic) -> _Topic | None:
        read = [
            [None if query_problem(query) is not None else parse_query(query) for query in queries]
            for queries in (topic.any, topic.all, topic.none)
        ]
        usable = [[query for query in queries if query is not None] for queries in read]
        if None in read[1] or (topic.any and not usable[0]) or not (usable[0] or usable[1]):
            return None
        some, every, never = (
            frozenset(self._queries.setdefault(query, len(self._queries)) for query in queries)
            for queries in usable
        )
        return _Topic(topic, some, every, never, some | every)

    def _asked_by(self) -> dict[int, list[int]]:
        """Query to the topics that are looked at when it is found: each by its rarest part that must hold."""
        sharing = Counter(query for topic in self._topics for query in topic.wanted)
        asking: dict[int, list[int]] = {}
        for number, topic in enumerate(self._topics):
            parts = [*([topic.any] if topic.any else []), *(frozenset((query,)) for query in topic.all)]
            for query in min(parts, key=lambda part: max(sharing[query] for query in part)):
                asking.setdefault(query, []).append(number)
        return asking

    def _find_in(self, field: int, given: str, found: _Places) -> None:
        words = Words(given)
        seen = self._finder.search(words)
        for term in seen.terms:
            alone, near = self._roles[term]
            if alone is not None:
                _keep(found, alone, field, seen.places(term))
            for query, within, wanted in near:
                if wanted <= seen.terms:
                    _keep(found, query, field, _near_each_other(words, seen, wanted, within))


def topic_matcher(topics: tuple[ListeningTopic, ...]) -> TopicMatcher:
    """The prepared matcher of a policy's topics: made once, however many posts ask.

    It is kept by the identity of the tuple, which a `Policy` hands out unchanged: comparing thousands of queries
    would cost more than finding them.
    """
    return _matcher(ByIdentity(topics))


def refusals(topics: Sequence[ListeningTopic]) -> Iterator[Refusal]:
    """What is wrong with the topics of a policy, in order: queries that are none or find nearly every post."""
    for number, topic in enumerate(topics):
        here = ("topics", number)
        if not topic.any and not topic.all:
            what = "only none is given" if topic.none else "neither any nor all is given"
            yield Refusal(here, f"{what}: say which posts the topic concerns")
        for part, queries in (("any", topic.any), ("all", topic.all), ("none", topic.none)):
            for at, query in enumerate(queries):
                if (reason := query_problem(query)) is not None:
                    yield Refusal((*here, part, at), reason)


@lru_cache(maxsize=256)
def _matcher(topics: ByIdentity[tuple[ListeningTopic, ...]]) -> TopicMatcher:
    return TopicMatcher(topics.value)


def _add_role(roles: list[_Role], terms: list[int], query: Query, number: int) -> None:
    if not query.within:
        roles[terms[0]] = roles[terms[0]]._replace(alone=number)
        return
    longest = max(zip(query.terms, terms, strict=True), key=lambda pair: sum(map(len, pair[0].words)))[1]
    near = _Near(number, query.within, frozenset(terms))
    roles[longest] = roles[longest]._replace(near=(*roles[longest].near, near))


def _keep(found: _Places, query: int, field: int, places: list[Place]) -> None:
    if places:
        known = found.setdefault(query, [])
        known += [(field, start, end) for start, end in places[:_MAX_PLACES_KEPT]]


def _near_each_other(words: Words, seen: SearchResult, wanted: frozenset[int], within: int) -> list[Place]:
    """The shortest stretches that hold all wanted terms, first and last no further apart; none overlaps."""
    events = sorted([(words.number_of(place), place, term) for term in wanted for place in seen.places(term)])
    last: dict[int, tuple[int, Place]] = {}
    found = []
    for number, place, term in events:
        last[term] = (number, place)
        if len(last) == len(wanted) and number - min(last.values())[0] <= within:
            held = [one for _, one in last.values()]
            found.append(Place(min(one.start for one in held), max(one.end for one in held)))
            last.clear()
    return found


def _hit(topic: ListeningTopic, found: list[list[_Where]]) -> TopicHit:
    places = found[0] if len(found) == 1 else list(chain.from_iterable(found))
    kept = places if len(places) == 1 else _outermost(places)
    return TopicHit(topic=topic.name, kind=topic.kind, at=tuple([_span(*place) for place in kept[:MAX_PLACES]]))


@lru_cache(maxsize=16_384)
def _span(field: int, start: int, end: int) -> Span:
    # Places of short posts repeat, and making one costs as much as finding it.
    return Span(field=_FIELDS[field], start=start, end=end)


def _outermost(places: list[_Where]) -> list[_Where]:
    """Each place once, in order, without those inside another one."""
    kept: list[_Where] = []
    # The longest of those that start together comes first; then what ends no later lies inside.
    for place in sorted(places, key=lambda one: (one[0], one[1], -one[2])):
        if not kept or kept[-1][0] != place[0] or kept[-1][2] < place[2]:
            kept.append(place)
    return kept
