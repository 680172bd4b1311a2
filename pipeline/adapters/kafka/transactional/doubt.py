"""Whether a late copy of what a producer has sent may still reach the broker. Pure; no Kafka.

librdkafka speaks the transaction protocol of before KIP-890: a request that was delayed on its way, and was sent
again meanwhile, can commit or abort the *next* transaction, or commit older offsets in it. Nothing in the answer
tells; only the time that it took and the client's counters do. A new producer with the same `transactional.id`
has a higher epoch, so that the broker refuses whatever the former one left on the way.
"""

from enum import Enum
from typing import NamedTuple

BACKOFF_JITTER = 0.2
"""librdkafka waits `retry.backoff.ms`, up to a fifth less, before it sends a request again (rdkafka_broker.c)."""


class Verdict(Enum):
    """May the next transaction begin?"""

    CLEAR = "clear"
    OPEN = "open"
    """Not yet: the next reading of the statistics decides."""
    RENEW = "renew"
    """Only with a new producer."""


class Reading(NamedTuple):
    """What the client's statistics counted up to a moment, over all its brokers."""

    taken_s: float
    """Monotonic seconds; at or before the moment at which they were taken."""
    retries: int
    disconnects: int


_NOTHING = Reading(0.0, 0, 0)


class DoubtRule:
    """Judges the transactions of one producer number.

    Args:
        unanswered_s: `socket.timeout.ms` of the producer: a request without an answer for so long is sent again.
        backoff_s: its `retry.backoff.ms`: what ended sooner than the shortest back-off holds no second sending.
        patience_s: how long a reading may be awaited; after a transaction without one, the producer is renewed.
    """

    def __init__(self, unanswered_s: float, backoff_s: float, patience_s: float) -> None:
        self._unanswered_s = unanswered_s
        self._shortest_s = backoff_s * (1 - BACKOFF_JITTER)
        self._patience_s = patience_s
        self.renewed(0.0)

    def renewed(self, now_s: float) -> None:
        """A new producer stands in: nothing that it sent is on its way.

        Its first transaction waits for its first reading. To be granted its id it may have sent something again,
        which must not count as that transaction's.
        """
        self._made_s = now_s
        self._last: Reading | None = None
        self._before = _NOTHING
        self._open_since_s: float | None = None
        self.reason: str | None = None
        """Why the producer must be renewed; None while nothing says so."""

    def begins(self) -> None:
        """A transaction begins: what was counted until now is not its own."""
        self._before = self._last or _NOTHING

    def waited(self, started_s: float, ended_s: float) -> None:
        """A call that waits for the broker's answer (offsets, commit, abort) has returned."""
        if ended_s - started_s >= self._unanswered_s:
            self.reason = "unanswered"
        elif ended_s - started_s >= self._shortest_s:
            self._open_since_s = ended_s

    def failed(self) -> None:
        """The transaction did not end as it should: rare enough to renew without asking why."""
        self.reason = "failed"

    def read(self, reading: Reading) -> None:
        """A reading of the statistics has arrived."""
        self._last = reading
        if self._open_since_s is None:
            return
        if reading.retries > self._before.retries:
            self.reason = "sent_again"
        elif reading.disconnects > self._before.disconnects:
            self.reason = "disconnected"
        elif reading.taken_s >= self._open_since_s:
            self._open_since_s = None

    def verdict(self, now_s: float) -> Verdict:
        """Whether the next transaction may begin now."""
        if self.reason is None and self._last is None and now_s < self._made_s + self._patience_s:
            return Verdict.OPEN
        if self.reason is None and self._open_since_s is not None:
            if now_s < self._open_since_s + self._patience_s:
                return Verdict.OPEN
            self.reason = "no_reading"
        return Verdict.CLEAR if self.reason is None else Verdict.RENEW
