"""Judges whether a late copy of what a producer has sent may still reach the broker.

librdkafka speaks the transaction protocol of before KIP-890. A request that was delayed on its way, and was
sent again meanwhile, can commit or abort the *next* transaction, or commit older offsets in it. The answer does
not tell. Only the time that it took and the client's counters do. A new producer with the same
`transactional.id` has a higher epoch, so that the broker refuses whatever the former one left on the way.
"""

from enum import Enum
from typing import NamedTuple

BACKOFF_JITTER = 0.2
"""librdkafka waits `retry.backoff.ms`, up to a fifth less, before it sends a request again (rdkafka_broker.c)."""


class Verdict(Enum):
    """The answer to whether the next transaction may begin."""

    CLEAR = "clear"
    UNKNOWN_YET = "open"
    """Not yet, because the next statistics decide."""
    RENEW = "renew"
    """It may, but only with a new producer."""


class ClientStatistics(NamedTuple):
    """What the client has counted up to a moment, over all its brokers."""

    taken_s: float
    """Monotonic seconds at or before the moment of counting."""
    retries: int
    disconnects: int


_NO_STATISTICS = ClientStatistics(0.0, 0, 0)


class DoubtRule:
    """Judges the transactions of one producer number.

    Args:
        unanswered_s: `socket.timeout.ms` of the producer. A request without an answer for so long is sent again.
        backoff_s: its `retry.backoff.ms`. What ended sooner than the shortest back-off holds no second sending.
        patience_s: how long statistics may be awaited. After a transaction without any, the producer is renewed.
    """

    def __init__(self, unanswered_s: float, backoff_s: float, patience_s: float) -> None:
        self._unanswered_s = unanswered_s
        self._shortest_s = backoff_s * (1 - BACKOFF_JITTER)
        self._patience_s = patience_s
        self.renewed(0.0)

    def renewed(self, now_s: float) -> None:
        """Starts anew, because a new producer has taken over and nothing that it sent is on its way.

        Its first transaction waits for its first statistics. To be granted its id it may have sent something
        again, which must not count as that transaction's.
        """
        self._made_s = now_s
        self._last: ClientStatistics | None = None
        self._before = _NO_STATISTICS
        self._open_since_s: float | None = None
        self.reason: str | None = None
        """Why the producer must be renewed; None while it need not be."""

    def transaction_begins(self) -> None:
        """Notes that a transaction begins, so that what was counted until now is not its own."""
        self._before = self._last or _NO_STATISTICS

    def call_returned(self, started_s: float, ended_s: float) -> None:
        """Notes that a call which waits for the broker's answer (offsets, commit, abort) has returned."""
        if ended_s - started_s >= self._unanswered_s:
            self.reason = "unanswered"
        elif ended_s - started_s >= self._shortest_s:
            self._open_since_s = ended_s

    def transaction_failed(self) -> None:
        """Notes that the transaction did not end as it should. That is rare, so the producer is renewed."""
        self.reason = "failed"

    def observe(self, statistics: ClientStatistics) -> None:
        """Takes the statistics that have arrived."""
        self._last = statistics
        if self._open_since_s is None:
            return
        if statistics.retries > self._before.retries:
            self.reason = "sent_again"
        elif statistics.disconnects > self._before.disconnects:
            self.reason = "disconnected"
        elif statistics.taken_s >= self._open_since_s:
            self._open_since_s = None

    def verdict(self, now_s: float) -> Verdict:
        """Says whether the next transaction may begin now."""
        if self.reason is None and self._last is None and now_s < self._made_s + self._patience_s:
            return Verdict.UNKNOWN_YET
        if self.reason is None and self._open_since_s is not None:
            if now_s < self._open_since_s + self._patience_s:
                return Verdict.UNKNOWN_YET
            self.reason = "no_reading"
        return Verdict.CLEAR if self.reason is None else Verdict.RENEW
