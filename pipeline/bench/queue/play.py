"""Plays arrivals through the router and its reps on a virtual clock, and notes the course of each case."""

import heapq
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pipeline.bench.queue.arrivals import Arrival
from pipeline.bench.queue.clockwork import Answer, Clockwork, Message
from pipeline.bench.queue.reps import DAY_MS, Reps, Staff
from pipeline.clock import from_ms
from pipeline.codec import encode
from pipeline.errors import Misconfigured
from schemas.base import SourcePosition
from schemas.people.rep import AnyRepEvent
from schemas.policy.policy import Brand, Policy
from schemas.policy.queues import Queue
from schemas.policy.rules import TriageRule
from schemas.posts.raw import Author
from schemas.posts.scored import Influence, ScoredPost, Triage
from schemas.topics import ACTIONABLE, RAW, REPS

PATIENCE_MS = 7 * DAY_MS
"""A run ends when nobody has taken a case for so long, because then nobody ever will."""
PLATFORM = "bench"
RECOMMENDED = Policy(
    workspace="bench",
    version=1,
    brand=Brand(name="Bench"),
    queues=(Queue(name="care", team="care"),),
    rules=(TriageRule(name="rest", action="respond", queue="care"),),
)
"""One queue of one team, with every setting at its default."""


@dataclass(slots=True)
class Course:
    """What became of one arrival. Times are in milliseconds since the epoch."""

    arrival: Arrival
    older: int
    """How many cases waited when it came, itself included."""
    first_pick: int
    """How many picks the reps had made before."""
    returns: int
    """How many cases had come back to wait before; later, how many came back while this one waited."""
    picks: int | None = None
    """How many picks it took until it was picked; None while it waits."""
    offered_ms: int | None = None
    accepted_ms: int | None = None
    closed_ms: int | None = None


@dataclass
class Played:
    """A whole run."""

    courses: list[Course] = field(default_factory=list)
    """In order of arrival."""
    picks_ms: list[int] = field(default_factory=list)
    """When each pick was made."""


def play(cases: Sequence[Arrival], policy: Policy, queue: str, staff: Staff) -> Played:
    """Plays arrivals, in order of time, until the last case is closed.

    Args:
        cases: at least one.
        policy: that the router follows.
        queue: name of the queue in which all cases wait.
        staff: who takes them.

    Raises:
        Misconfigured: the policy does not have the queue, or offers cases to nobody.
    """
    run = _Run(cases, policy, queue, staff)
    while run.is_open:
        run.step()
    return run.played


class _Run:
    def __init__(self, cases: Sequence[Arrival], policy: Policy, queue: str, staff: Staff) -> None:
        named = policy.queue(queue)
        if named is None:
            names = ", ".join(each.name for each in policy.queues)
            raise Misconfigured(f"--queue: the policy has no queue {queue}, but {names}")
        self.played = Played()
        self._policy, self._queue = policy, queue
        self._reps = Reps(staff, policy.workspace, named)
        self._coming = deque(cases)
        self._left = len(cases)
        self._waiting = self._returns = self._planned = 0
        self._due: list[tuple[int, int, Message]] = []
        self._moved_ms = cases[-1].at_ms
        # The day before too, because its night shift may still be at work.
        self._midnight_ms = start_ms = (cases[0].at_ms // DAY_MS - 1) * DAY_MS
        self._clockwork = Clockwork(policy, start_ms)
        for event in self._reps.begin(start_ms):
            self._plan(start_ms, event)

    @property
    def is_open(self) -> bool:
        """Whether a case is not closed yet."""
        return self._left > 0

    def step(self) -> None:
        """Goes on to the next moment at which something happens.

        Raises:
            Misconfigured: for `PATIENCE_MS` no case has moved.
        """
        now_ms = self._next_ms()
        if now_ms > self._moved_ms + PATIENCE_MS:
            raise Misconfigured(
                f"{self._left:,} cases are left that the policy offers to nobody, or that nobody accepts in time"
            )
        messages = [*self._arriving(now_ms), *self._answered(now_ms)]
        for answer in self._clockwork.run(now_ms, messages):
            self._take(answer, now_ms)

    def _next_ms(self) -> int:
        moments_ms = [self._moved_ms + PATIENCE_MS + 1]
        if self._coming:
            moments_ms.append(self._coming[0].at_ms)
        if self._due:
            moments_ms.append(self._due[0][0])
        timer_ms = self._clockwork.next_timer_ms()
        if timer_ms is not None:
            moments_ms.append(timer_ms)
        next_ms = min(moments_ms)
        while next_ms >= self._midnight_ms:
            for at_ms, event in self._reps.day(self._midnight_ms):
                self._plan(at_ms, event)
                next_ms = min(next_ms, at_ms)
            self._midnight_ms += DAY_MS
        return next_ms

    def _plan(self, at_ms: int, event: AnyRepEvent) -> None:
        heapq.heappush(self._due, (at_ms, self._planned, Message(REPS.name, encode(event))))
        self._planned += 1

    def _arriving(self, now_ms: int) -> Iterator[Message]:
        arriving: list[Arrival] = []
        while self._coming and self._coming[0].at_ms == now_ms:
            arriving.append(self._coming.popleft())
        self._waiting += len(arriving)
        for arrival in arriving:
            # Which of those of one millisecond counts as the older one is the router's choice.
            course = Course(arrival, self._waiting, len(self.played.picks_ms), self._returns)
            self.played.courses.append(course)
            yield Message(ACTIONABLE.name, self._post(len(self.played.courses) - 1, arrival))

    def _answered(self, now_ms: int) -> Iterator[Message]:
        while self._due and self._due[0][0] == now_ms:
            yield heapq.heappop(self._due)[2]

    def _take(self, answer: Answer, now_ms: int) -> None:
        course = self.played.courses[int(answer["posts"][0]["post_id"].rpartition(":")[2])]
        if answer["state"] == "offered":
            self._offered(course, now_ms)
        elif answer["state"] == "assigned":
            course.accepted_ms = now_ms if course.accepted_ms is None else course.accepted_ms
        elif answer["state"] == "released":
            self._waiting += 1
            self._returns += 1
        elif course.closed_ms is None:
            course.closed_ms = now_ms
            self._left -= 1
            # Until the last arrival there is always something to come.
            self._moved_ms = max(self._moved_ms, now_ms)
        todo = self._reps.answer(answer, now_ms, course.arrival.handle_ms)
        if todo is not None:
            self._plan(*todo)

    def _offered(self, course: Course, now_ms: int) -> None:
        self.played.picks_ms.append(now_ms)
        self._waiting -= 1
        if course.offered_ms is None:
            course.offered_ms = now_ms
            course.picks = len(self.played.picks_ms) - course.first_pick
            course.returns = self._returns - course.returns

    def _post(self, number: int, arrival: Arrival) -> bytes:
        at = from_ms(arrival.at_ms)
        post = ScoredPost(
            workspace=self._policy.workspace,
            post_id=f"{PLATFORM}:{number}",
            platform=PLATFORM,
            # Somebody else each time, so that no arrival joins the case of another one.
            author=Author(author_id=f"{PLATFORM}:{number}", handle=f"{number}"),
            text="-",
            created_at=at,
            received_at=at,
            influence=Influence(score=0.0, confidence=0.0, lower_bound=0.0),
            triage=Triage(
                action="respond",
                queue=self._queue,
                priority=arrival.priority,
                policy_version=self._policy.version,
            ),
            source=SourcePosition(topic=RAW.name, partition=0, offset=number),
            appended_ms=arrival.at_ms,
        )
        return encode(post)
