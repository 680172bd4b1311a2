"""Makes the inputs of the router's bench: posts by number, and what a desk of reps does about its offers.

It imports nothing but the names of topics, because it also runs beside the router of an older checkout. The same
numbers give the same bytes. What the desk does depends on what its router offered.
"""

import random
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import orjson
from msgspec import Struct

from schemas.topics import ACTIONABLE, ASSIGNMENTS, REPS

NUMBER_HOLE = 987_654_321_012_345
AUTHOR_HOLE = 876_543_210_123_456
PRIORITY_HOLE = 87.654321
"""These stand in a template where each post has a value of its own."""
START_MS = 1_767_225_600_000
"""This is 2026-01-01T00:00:00Z."""
JOIN_EVERY = 5
"""One of so many posts is by somebody who has a case already and, while that is open, joins it."""
TEAMS = (("care",), ("care",), ("social",), ("care", "social"))
SKILLS = ("es", "fr", "de", "tech")
CAPACITY = 3
_KNUTH = 2_654_435_761
"""Multiplying by it modulo 2**32 scatters successive numbers (Knuth, The Art of Computer Programming 3, 6.4)."""


class Arrival(Struct, frozen=True, gc=False):
    """One record of an input topic, over which the collector does not walk, as with `Produced`."""

    topic: str
    value: bytes
    append_ms: int


class Produced(Struct, frozen=True, gc=False):
    """One record that a transaction writes.

    The collector walks over no such record, because all of a transaction live while the next one is measured.
    """

    topic: str
    key: bytes | None
    value: bytes | None


class Offer(NamedTuple):
    """An offer that nobody has answered yet."""

    case_id: str
    attempt: int
    rep_id: str


class Posts:
    """Fills templates.

    Args:
        templates: scored posts as JSON with holes.
    """

    def __init__(self, templates: Sequence[bytes]) -> None:
        self._templates = templates

    def post(self, number: int, author: int) -> bytes:
        """Returns the post with that number by that author, as JSON."""
        value = self._templates[number % len(self._templates)]
        priority = 5 + round(90 * (number * _KNUTH % 2**32) / 2**32, 3)
        for hole, filling in ((NUMBER_HOLE, number), (AUTHOR_HOLE, author), (PRIORITY_HOLE, priority)):
            value = value.replace(str(hole).encode(), str(filling).encode())
        return value


class Traffic:
    """The stream after the first `waiting` posts.

    Args:
        posts: makes the posts.
        workspace: the workspace of everything.
        waiting: number of posts that came before, each of which opened a case.
        now_ms: append time of the first record, in milliseconds since the epoch; each next one is 1 ms later.
    """

    def __init__(self, posts: Posts, workspace: str, waiting: int, now_ms: int) -> None:
        self.now_ms = now_ms
        self._posts = posts
        self._workspace = workspace
        self._next_post = waiting
        self._events = 0
        self._offers: deque[Offer] = deque()
        # It chooses authors, which hides no secret.
        self._chance = random.Random(waiting)  # noqa: S311

    def sign_ins(self, reps: int, capacity: int) -> Iterator[Arrival]:
        """Yields the sign-in of each rep, in one of the teams and with about half of the skills."""
        for number in range(reps):
            skills = [skill for skill in SKILLS if self._chance.random() < 0.5]
            teams = list(TEAMS[number % len(TEAMS)])
            yield self._rep_event(
                f"rep-{number}", {"type": "signed_in", "teams": teams, "skills": skills, "capacity": capacity}
            )

    def transaction(self, records: int) -> list[Arrival]:
        """Returns so many records: half are posts, a quarter accepts offers and a quarter resolves the cases.

        There are fewer where the open offers do not suffice.
        """
        arrivals = []
        for _ in range(min(records // 4, len(self._offers))):
            offer = self._offers.popleft()
            request = {"case_id": offer.case_id, "attempt": offer.attempt}
            arrivals += [
                self._post(),
                self._rep_event(offer.rep_id, {"type": "offer_accepted"} | request),
                self._post(),
                self._rep_event(offer.rep_id, {"type": "case_resolved"} | request),
            ]
        return arrivals

    def read(self, produced: Iterable[Produced]) -> Mapping[str, int]:
        """Notes the offers that a transaction made, and returns how many assignments there were by state."""
        states: dict[str, int] = {}
        for record in produced:
            if record.topic != ASSIGNMENTS.name or record.value is None:
                continue
            assignment = orjson.loads(record.value)
            if assignment.get("update"):
                continue  # it says again what was offered or assigned before
            states[assignment["state"]] = states.get(assignment["state"], 0) + 1
            if assignment["state"] == "offered":
                self._offers.append(Offer(assignment["case_id"], assignment["attempt"], assignment["rep_id"]))
        return states

    def _post(self) -> Arrival:
        number, self._next_post = self._next_post, self._next_post + 1
        joins = number % JOIN_EVERY == 0
        author = self._chance.randrange(number) if joins else number
        return self._arrive(ACTIONABLE.name, self._posts.post(number, author))

    def _rep_event(self, rep_id: str, body: dict[str, object]) -> Arrival:
        self._events += 1
        event = {
            "schema_version": 1,
            "workspace": self._workspace,
            "event_id": f"event-{self._events}",
            "rep_id": rep_id,
            "seq": self._events,
            "occurred_at": "2026-01-01T00:00:00.000Z",
        } | body
        return self._arrive(REPS.name, orjson.dumps(event))

    def _arrive(self, topic: str, value: bytes) -> Arrival:
        self.now_ms += 1
        return Arrival(topic, value, self.now_ms)


def opening_posts(posts: Posts, first: int, count: int) -> list[Arrival]:
    """Returns posts that each open a case, 1 ms apart."""
    return [
        Arrival(ACTIONABLE.name, posts.post(number, number), START_MS + number)
        for number in range(first, first + count)
    ]
