"""Finds the one decision that a topic never takes, after transactions were undone because of it.

A transaction that holds an output which no broker ever accepts would be undone for ever, and with it the work of
all workspaces of its partition. So after some tries its size is halved down to one decision, which is then given
up.
"""

TRIES = 3
"""A fault of a broker is over after some tries. So many transactions are undone before the search begins."""
FIRST_PAUSE_MS = 100
LONGEST_PAUSE_MS = 5_000
"""After each undone transaction the pause doubles, so that a broker in trouble is not asked without end."""


class Setbacks:
    """Counts undone transactions of one partition number, and says how large the next may be.

    Args:
        full: most decisions of a transaction when all is well.
    """

    def __init__(self, full: int) -> None:
        self._full = full
        self.limit = full
        """Most decisions of the next transaction: records, timers and whatever is made up for together."""
        self.reason: str | None = None
        """Why the next decision must be given up; None while nothing must be."""
        self._row = self._refused = 0
        self._to_search = 0
        self._not_before_ms = 0

    @property
    def is_searching(self) -> bool:
        """Whether the decision is being looked for that no topic takes."""
        return self._to_search > 0 or self.reason is not None

    @property
    def suspicious(self) -> bool:
        """Whether the fate of each output is worth knowing, because a transaction was undone before."""
        return self._row > 0 or self._to_search > 0

    def must_pause(self, monotonic_ms: int) -> bool:
        """Whether it is too early to try again."""
        return self._row > 0 and monotonic_ms < self._not_before_ms

    def aborted(self, size: int, refusal: str | None, monotonic_ms: int, *, live: bool = False) -> None:
        """Notes that a transaction was undone.

        Args:
            size: how many decisions it held.
            refusal: what a broker will never take, and why; None when the fault may pass.
            monotonic_ms: now.
            live: whether its decisions handed out at once what they made possible. Then even a single one may be
                innocent, and is tried again without.
        """
        # Only a broker in trouble needs time. A search that paused ever longer would hold up the whole partition.
        doublings = 0 if self._to_search else self._row
        self._not_before_ms = monotonic_ms + min(FIRST_PAUSE_MS * 2**doublings, LONGEST_PAUSE_MS)
        self._row = min(self._row + 1, 10)
        if refusal is None:
            return
        if self.reason is not None:
            # To give the decision up did not help, so it was not to blame. A topic that takes nothing at all
            # refuses every transaction until it is back.
            self._begin_anew()
        self._refused += 1
        if not self._to_search and self._refused < TRIES:
            return
        if size <= 1 and not live:
            self.limit, self.reason = 1, refusal
        else:
            self._to_search, self.limit = size, max(1, size // 2)

    def committed(self, size: int) -> None:
        """Notes that a transaction of `size` decisions is the truth."""
        self._row = 0
        self._to_search = max(0, self._to_search - size)
        # The search goes on in the rest of the refused transaction, unless what it looked for was given up.
        if self.reason is not None or not self._to_search:
            self._begin_anew()

    def _begin_anew(self) -> None:
        self.reason, self.limit = None, self._full
        self._refused = self._to_search = 0
