"""Decides when a worker that ended is started again. It knows exit codes, readiness and time, and no process."""

from dataclasses import dataclass

from pipeline.errors import EXIT_SERVICE_MISSING, EXIT_USAGE


@dataclass(frozen=True)
class RestartRule:
    """Times in seconds."""

    first_delay_s: float = 0.2
    longest_delay_s: float = 10.0
    healthy_after_s: float = 300.0
    """A worker that was ready for so long without a break begins with a clean record. Its age alone says nothing.
    A start without a broker takes 31 s to fail, a batch that hangs ends its life after 75 s, and commits that
    stand still end it after 180 s (`app.stages.enrich.STALL_S`). This time is longer than any of them."""
    missing_tries: int = 30
    """Starts in a row that may end with exit 3 before the worker is given up. That takes four minutes where each
    fails at once, and twenty where each waits 31 s for a broker."""

    def delay_s(self, code: int, failures: int) -> float | None:
        """Returns the seconds until the next start after `failures` >= 1 ends in a row, the last with `code`. None
        means that there is no next start."""
        if code == EXIT_USAGE or (code == EXIT_SERVICE_MISSING and failures >= self.missing_tries):
            return None
        # The exponent is limited before the power, which would overflow after a thousand failures.
        return min(self.first_delay_s * 2.0 ** min(failures - 1, 30), self.longest_delay_s)


@dataclass
class Record:
    """Remembers how the lives of one worker went.

    Args:
        rule: what counts as healthy.
    """

    rule: RestartRule
    failures: int = 0
    """Ends in a row without a healthy time between them."""
    _ready_since_s: float | None = None

    def seen(self, now_s: float, *, ready: bool) -> None:
        """Notes that the worker was asked for its readiness at `now_s`."""
        if not ready:
            self._ready_since_s = None
        elif self._ready_since_s is None:
            self._ready_since_s = now_s
        elif now_s - self._ready_since_s >= self.rule.healthy_after_s:
            self.failures = 0

    def ended(self, code: int) -> float | None:
        """Counts an end with `code`, and returns the seconds until the next start. None means that there is no
        next start."""
        self._ready_since_s = None
        self.failures += 1
        return self.rule.delay_s(code, self.failures)
