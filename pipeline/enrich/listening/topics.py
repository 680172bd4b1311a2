"""Tells which listening topics of a policy a post concerns, and by which words.

A `TopicMatcher` takes the topics of a policy once, then title and text of each post. It returns a `TopicHit` for
each topic that holds, in the policy's order. How queries are written stands in `queries.py`.

A single automaton holds the terms of all topics. A topic is looked at only where one of its queries matched, so
that a post costs the same with ten patterns and with thousands.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import Literal, NamedTuple

from pipeline.enrich.listening.cache_key import ByIdentity
from pipeline.enrich.listening.finder import SearchResult, TermFinder
from pipeline.enrich.listening.queries import Query, Term, parse_query, query_problem
from pipeline.enrich.listening.words import Place, Words
from schemas.policy.policy import ListeningTopic
from schemas.posts.signals import Span, TopicHit

MAX_TOPICS = 50
"""Most topics a post may carry (contract limit)."""
MAX_PLACES = 20
"""Most places a topic of a post may list (contract limit)."""
_MAX_PLACES_KEPT = 100
"""Places of a query that are kept before those inside others are left out. It bounds the work that a post which
repeats a word ten thousand times can cause."""

_Field = Literal["title", "text"]
_FIELDS: tuple[_Field, ...] = ("title", "text")
_FieldPlace = tuple[int, int, int]
"""Number of the field, start and end. Sorted, places stand in the order in which a reader meets them."""
_PlacesByQuery = dict[int, list[_FieldPlace]]
"""Number of a query to the places where it matched."""


class Refusal(NamedTuple):
    """What is wrong with a topic."""

    location: tuple[int | str, ...]
    """Path from the policy to the mistake, as in ("topics", 0, "any", 3)."""
    reason: str


class _Topic(NamedTuple):
    topic: ListeningTopic
    any: frozenset[int]
    """Numbers of queries, as in the other fields. Empty means that the topic asks for nothing of `any`."""
    all: frozenset[int]
    none: frozenset[int]
    wanted: frozenset[int]
    """The queries of `any` and `all` together."""

    def holds(self, places: _PlacesByQuery) -> bool:
        """Returns whether the topic holds, given that the query by which it is looked up matched."""
        if self.none and not self.none.isdisjoint(places):
            return False
        return not self.all or (self.all <= places.keys() and not (self.any and self.any.isdisjoint(places)))


class _Role(NamedTuple):
    """What follows when a term matches."""

    alone: int | None = None
    """The query that consists of this term alone."""
    near: tuple["_Near", ...] = ()
    """Queries with several terms that are looked at when this term matches. It is their longest and therefore
    likely their rarest one."""


class _Near(NamedTuple):
    query: int
    within: int
    terms: frozenset[int]


class TopicMatcher:
    """The topics of a policy, prepared once for many posts.

    Args:
        topics: in the policy's order. A query that `refusals` would name matches nothing, and a topic that needs
            this query concerns no post, because a policy in force must not stop the stream.
    """

    def __init__(self, topics: Sequence[ListeningTopic]) -> None:
        self._queries: dict[Query, int] = {}
        prepared = (self._prepared(topic) for topic in topics)
        self._topics = [topic for topic in prepared if topic is not None]
        self._topics_by_query = self._topics_by_rarest_query()
        terms: dict[Term, int] = {}
        roles: list[_Role] = []
        for query, number in self._queries.items():
            numbers = [terms.setdefault(term, len(terms)) for term in query.terms]
            roles += [_Role()] * (len(terms) - len(roles))
            _add_role(roles, numbers, query, number)
        self._roles = roles
        self._finder = TermFinder(list(terms))

    def find(self, title: str | None, text: str | None) -> tuple[TopicHit, ...]:
        """Returns the topics that a post with this title and text concerns, in the policy's order.

        Words side by side or near each other stand in the same field, while `all` may hold by title and text
        together. At most `MAX_TOPICS` topics are returned, each with its first `MAX_PLACES` places. No place lies
        inside another one.
        """
        if not self._topics:
            return ()
        places: _PlacesByQuery = {}
        for field, field_text in enumerate((title, text)):
            if field_text:
                self._find_in(field, field_text, places)
        if not places:
            return ()
        matched: dict[int, list[int]] = {}
        for query in places:
            for number in self._topics_by_query.get(query, ()):
                matched.setdefault(number, []).append(query)
        hits: list[TopicHit] = []
        for number in sorted(matched):
            topic = self._topics[number]
            if topic.holds(places):
                # A topic without `all` is looked up by each of its queries, so that all of them are here already.
                queries = [query for query in places if query in topic.wanted] if topic.all else matched[number]
                hits.append(_hit(topic.topic, [places[query] for query in queries]))
                if len(hits) == MAX_TOPICS:
                    break
        return tuple(hits)

    def _prepared(self, topic: ListeningTopic) -> _Topic | None:
        parsed = [
            [None if query_problem(query) is not None else parse_query(query) for query in queries]
            for queries in (topic.any, topic.all, topic.none)
        ]
        usable = [[query for query in queries if query is not None] for queries in parsed]
        if None in parsed[1] or (topic.any and not usable[0]) or not (usable[0] or usable[1]):
            return None
        any_of, all_of, none_of = (
            frozenset(self._queries.setdefault(query, len(self._queries)) for query in queries)
            for queries in usable
        )
        return _Topic(topic, any_of, all_of, none_of, any_of | all_of)

    def _topics_by_rarest_query(self) -> dict[int, list[int]]:
        """Returns, for each query, the topics that are looked at when it matches.

        A topic is listed under the rarest part that must hold: one query of `all`, or all queries of `any`. A
        query that many topics share would have each of them looked at for every post that holds it.
        """
        uses = Counter(query for topic in self._topics for query in topic.wanted)
        topics: dict[int, list[int]] = {}
        for number, topic in enumerate(self._topics):
            parts = [*([topic.any] if topic.any else []), *(frozenset((query,)) for query in topic.all)]
            for query in min(parts, key=lambda part: max(uses[query] for query in part)):
                topics.setdefault(query, []).append(number)
        return topics

    def _find_in(self, field: int, text: str, places: _PlacesByQuery) -> None:
        words = Words(text)
        result = self._finder.search(words)
        for term in result.terms:
            alone, near = self._roles[term]
            if alone is not None:
                _keep(places, alone, field, result.places(term))
            for query, within, wanted in near:
                if wanted <= result.terms:
                    _keep(places, query, field, _near_each_other(words, result, wanted, within))


def topic_matcher(topics: tuple[ListeningTopic, ...]) -> TopicMatcher:
    """Returns the prepared matcher of a policy's topics, which is made once for all of its posts.

    It is cached by the identity of the tuple, which a `Policy` hands out unchanged. Comparing thousands of queries
    would cost more than finding them.
    """
    return _matcher(ByIdentity(topics))


def refusals(topics: Sequence[ListeningTopic]) -> Iterator[Refusal]:
    """Yields what is wrong with the topics of a policy, in order: texts that are no query or match nearly every
    post."""
    for number, topic in enumerate(topics):
        location = ("topics", number)
        if not topic.any and not topic.all:
            what = "only none is given" if topic.none else "neither any nor all is given"
            yield Refusal(location, f"{what}: say which posts the topic concerns")
        for part, queries in (("any", topic.any), ("all", topic.all), ("none", topic.none)):
            for index, query in enumerate(queries):
                if (reason := query_problem(query)) is not None:
                    yield Refusal((*location, part, index), reason)


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


def _keep(places: _PlacesByQuery, query: int, field: int, new: list[Place]) -> None:
    if new:
        places.setdefault(query, []).extend((field, start, end) for start, end in new[:_MAX_PLACES_KEPT])


def _near_each_other(words: Words, result: SearchResult, wanted: frozenset[int], within: int) -> list[Place]:
    """Returns the shortest stretches that hold all wanted terms, at most `within` words apart and without
    overlaps."""
    events = sorted([(words.number_of(place), place, term) for term in wanted for place in result.places(term)])
    last: dict[int, tuple[int, Place]] = {}
    stretches = []
    for number, place, term in events:
        last[term] = (number, place)
        if len(last) == len(wanted) and number - min(last.values())[0] <= within:
            places = [latest for _, latest in last.values()]
            stretches.append(Place(min(place.start for place in places), max(place.end for place in places)))
            # The next stretch begins behind this one. Otherwise a single word could be part of many stretches.
            last.clear()
    return stretches


def _hit(topic: ListeningTopic, by_query: list[list[_FieldPlace]]) -> TopicHit:
    places = by_query[0] if len(by_query) == 1 else list(chain.from_iterable(by_query))
    outermost = places if len(places) == 1 else _outermost(places)
    spans = tuple([_span(*place) for place in outermost[:MAX_PLACES]])
    return TopicHit(topic=topic.name, kind=topic.kind, at=spans)


@lru_cache(maxsize=16_384)
def _span(field: int, start: int, end: int) -> Span:
    # Short posts repeat the same places, and making a span costs as much as finding its place.
    return Span(field=_FIELDS[field], start=start, end=end)


def _outermost(places: list[_FieldPlace]) -> list[_FieldPlace]:
    """Returns each place once, in order, without those that lie inside another one."""
    outermost: list[_FieldPlace] = []
    # Of the places that start together the longest comes first, so that a place which ends no later lies inside.
    for place in sorted(places, key=lambda place: (place[0], place[1], -place[2])):
        if not outermost or outermost[-1][0] != place[0] or outermost[-1][2] < place[2]:
            outermost.append(place)
    return outermost
