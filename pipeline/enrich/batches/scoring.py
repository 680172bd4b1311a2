"""Scores one batch after the other, and begins the next one while the engine works.

A batch is begun ahead only when it is full. Then the engine finds its texts ready: it stood idle for 40 ms between
two batches of 256, now for 7 (on a busy machine). A batch that is not full waits and grows instead.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import NamedTuple

from pipeline.enrich.batches.attempts import Attempts
from pipeline.enrich.batches.events import Opened
from pipeline.enrich.batches.queue import Batch, BatchQueue
from pipeline.enrich.received import ReceivedPost
from pipeline.enrich.score import Scorer
from pipeline.errors import MustRestart, Permanent
from pipeline.ports.dead_letters import DeadLetter
from pipeline.ports.events import Event, Message, input_record
from schemas.policy.policy import Policy
from schemas.posts.scored import ScoredPost


@dataclass(frozen=True)
class Scored:
    """A batch after scoring."""

    events: Sequence[Event]
    posts: Sequence[tuple[Message, ScoredPost]]
    refused: Sequence[DeadLetter]
    score_s: float
    """Seconds that scoring took, without those that it waited for the batch before it."""


class _InFlight(NamedTuple):
    """A batch that is being scored."""

    batch: Batch
    given_up: bool
    scoring: "asyncio.Task[Scored]"


class BatchScoring:
    """Scores the batches of a queue, in their order.

    Args:
        queue: of what was read.
        attempts: notes each batch before it is scored.
        scorer: its models let one caller in at a time.
        policies: workspace to policy, as of now.
        executor: two threads: while the engine works for one, the other prepares its texts or makes records.
        timeout_s: longest time that a batch may take; then the worker must restart.
    """

    def __init__(
        self,
        queue: BatchQueue,
        attempts: Attempts,
        scorer: Scorer,
        policies: Callable[[], Mapping[str, Policy]],
        executor: Executor,
        timeout_s: float,
    ) -> None:
        self._queue = queue
        self._attempts = attempts
        self._scorer = scorer
        self._policies = policies
        self._executor = executor
        self._timeout_s = timeout_s
        self._scored_at_s = 0.0
        self._current: _InFlight | None = None
        self._ahead: _InFlight | None = None

    async def next(self) -> Scored | None:
        """Returns the next batch when it is scored; None when nothing more will come.

        Raises:
            MustRestart: it took too long, or its note could not be written.
        """
        self._current, self._ahead = self._ahead or await self._begin(), None
        if self._current is None:
            return None
        # The time of a batch counts from here, also where it was begun ahead and waited for the one before it.
        due_s = asyncio.get_running_loop().time() + self._timeout_s
        self._ahead = await self._begin_ahead(self._current, due_s)
        return await self._result(self._current, due_s)

    def cancel(self) -> None:
        """Gives up what is being scored."""
        for in_flight in (self._current, self._ahead):
            if in_flight is not None:
                in_flight.scoring.cancel()

    async def _begin(self) -> _InFlight | None:
        batch = await self._queue.next()
        if batch is None:
            return None
        records, given_up = await self._attempts.begin(batch)
        return _InFlight(batch, given_up, asyncio.create_task(self._score(records)))

    async def _begin_ahead(self, current: _InFlight, due_s: float) -> _InFlight | None:
        """Begins the next batch if one is full before the current one is scored."""
        # Beside a careful batch nothing is scored. If the worker ended, nobody could say which of the two it was.
        if current.batch.careful:
            return None
        full = asyncio.create_task(self._queue.full())
        left_s = due_s - asyncio.get_running_loop().time()
        try:
            await asyncio.wait({current.scoring, full}, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            full.cancel()
        return await self._begin() if full.done() and not current.scoring.done() else None

    async def _result(self, in_flight: _InFlight, due_s: float) -> Scored:
        try:
            scored = await asyncio.wait_for(in_flight.scoring, due_s - asyncio.get_running_loop().time())
        except TimeoutError:
            # The thread still hangs in the engine; nothing else could be scored in this process.
            raise MustRestart(f"no scores within {self._timeout_s:.0f} s") from None
        await self._attempts.done(in_flight.batch, given_up=in_flight.given_up)
        return scored

    async def _score(self, records: Sequence[Opened]) -> Scored:
        started_s = time.perf_counter()
        posts = [(event.message, content) for event, content in records if isinstance(content, ReceivedPost)]
        results: Sequence[ScoredPost | Permanent] = []
        if posts:
            received = [post for _, post in posts]
            results = await asyncio.get_running_loop().run_in_executor(
                self._executor, self._scorer.score, received, self._policies()
            )
        scored: list[tuple[Message, ScoredPost]] = []
        refused = [
            DeadLetter(input_record(event.message), content)
            for event, content in records
            if isinstance(content, Permanent)
        ]
        for (message, _), result in zip(posts, results, strict=True):
            if isinstance(result, Permanent):
                refused.append(DeadLetter(input_record(message), result))
            else:
                scored.append((message, result))
        # What it waited for the batch before it is that one's time.
        ended_s, before_s = time.perf_counter(), self._scored_at_s
        self._scored_at_s = ended_s
        return Scored([event for event, _ in records], scored, refused, ended_s - max(started_s, before_s))
