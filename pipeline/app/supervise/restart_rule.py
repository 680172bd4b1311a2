"""When a worker that ended is started again: the rule of the supervisor, without its processes.

In: exit codes, answers to /readyz, seconds of a clock. Out: how long to wait, or never. Never here: a process.
"""

from dataclasses import dataclass

from pipeline.errors import EXIT_SERVICE_MISSING, EXIT_USAGE


@dataclass(frozen=True)
class RestartRule:
    """Times in seconds."""

    first_delay_s: float = 0.2
    longest_delay_s: float = 10.0
    healthy_after_s: float = 300.0
    """Ready for so long without a break clears the count of failures. Age alone says nothing: a start without a
    broker takes 31 s to fail, a batch that hangs ends its life after 75 s, one whose commits stand still after
    180 s (`app.stages.enrich.STALL_S`). This is longer than any of them."""
    missing_tries: int = 30
    """Starts that end with exit 3 in a row before giving up: four minutes where each fails at once, twenty where
    each waits 31 s for a broker."""

    def delay_s(self, code: int, failures: int) -> float | None:
        """Seconds until the next start after `failures` >= 1 ends in a row, the last with `code`; None: never."""
        if code == EXIT_USAGE or (code == EXIT_SERVICE_MISSING and failures >= self.missing_tries):
            return None
        # Limited before the power, which would overflow after a thousand failures.
        return min(self.first_delay_s * 2.0 ** min(failures - 1, 30), self.longest_delay_s)


@dataclass
class Record:
    """How the lives of one worker went.

    Args:
        rule: what counts as healthy.
    """

    rule: RestartRule
    failures: int = 0
    """Ends in a row, without a healthy time between them."""
    _ready_since_s: float | None = None

    def seen(self, now_s: float, *, ready: bool) -> None:
        """The worker was asked for its readiness at `now_s`."""
        if not ready:
            self._ready_since_s = None
        elif self._ready_since_s is None:
            self._ready_since_s = now_s
        elif now_s - self._ready_since_s >= self.rule.healthy_after_s:
            self.failures = 0

    def ended(self, code: int) -> float | None:
        """Counts an end with `code`; returns the seconds until the next start, None: never."""
        self._ready_since_s = None
        self.failures += 1
        return self.rule.delay_s(code, self.failures)
