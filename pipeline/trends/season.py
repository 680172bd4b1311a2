"""What a key usually gets at each hour of the day."""

import math

HOURS = 24


class DayProfile:
    """Expects posts by the hour of the day (UTC), and learns from each hour that has passed.

    Each of the 24 hours has a mean that follows its last visits with a half-life of `half_life` days. Between
    the middles of two hours the expectation goes straight. An hour that was never seen is expected to be like the
    mean of the others.
    """

    def __init__(self, half_life: float) -> None:
        self._mean = [0.0] * HOURS
        self._visits = [0] * HOURS
        self._least_step: float = 1 - 0.5 ** (1 / half_life)
        self._all, self._hours = 0.0, 0.0

    def expected(self, middle_s: float) -> float | None:
        """Returns the posts an hour that are expected at a moment, in seconds since 1970.

        It is None before anything is known.
        """
        hour = middle_s / 3600 % HOURS - 0.5
        low = math.floor(hour)
        part = hour - low
        before, after = self._of(low % HOURS), self._of((low + 1) % HOURS)
        return None if before is None or after is None else before * (1 - part) + after * part

    def usual(self, hour: int) -> float | None:
        """Returns the mean of an hour of the day; None before its first visit."""
        return self._mean[hour] if self._visits[hour] else None

    def learn(self, hour: int, posts: float) -> None:
        """Takes the posts of an hour of the day that has passed."""
        self._visits[hour] += 1
        step = max(1 / self._visits[hour], self._least_step)
        self._mean[hour] += step * (posts - self._mean[hour])

    def begin(self, posts: float, hours: float) -> None:
        """Takes the posts of a part of the first hour, by which the rest of it is judged."""
        self._all += posts
        self._hours += hours

    def _of(self, hour: int) -> float | None:
        if self._visits[hour]:
            return self._mean[hour]
        seen = [mean for mean, visits in zip(self._mean, self._visits, strict=True) if visits]
        if seen:
            return sum(seen) / len(seen)
        return self._all / self._hours if self._hours else None
