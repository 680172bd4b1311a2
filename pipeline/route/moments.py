"""Spells times as the contract does."""

from functools import lru_cache

from pipeline.clock import from_ms


def rfc3339(ms: int) -> str:
    """Returns the contract's text of a time in milliseconds since the epoch."""
    # Not remembered as a whole. Half of the times are new ones, and a cache that misses costs more than it saves.
    return f"{_minute(ms // 60_000)}{_SECONDS[ms // 1000 % 60]}{_MILLISECONDS[ms % 1000]}"


_SECONDS = [f"{second:02}." for second in range(60)]
_MILLISECONDS = [f"{ms:03}Z" for ms in range(1000)]


@lru_cache(maxsize=65_536)
def _minute(minute: int) -> str:
    # A case is written with its times again and again, and those of all open cases lie in a few thousand minutes.
    return from_ms(60_000 * minute).strftime("%Y-%m-%dT%H:%M:")
