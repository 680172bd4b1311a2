"""Finds the moments at which a key is spoken of far more than usual. It is pure, and knows one key.

A key is whatever is counted, such as a brand or a topic of a brand. Bins come in order of time, and have any width
from a minute to an hour. A bin that is missing is unknown, and never counts as zero.

The expectation is a day profile times a level that follows the last day. The surprise is the largest one over
windows of 5 to 60 minutes, each with a dispersion of its own. Whatever was learned from a surge is bounded, so
that a crisis does not become the new normal at once.
"""

import math
from collections import deque
from typing import Literal, NamedTuple

from pipeline.trends.season import HOURS, DayProfile
from pipeline.trends.surprise import share_surprise, surprise
from pipeline.trends.threshold import Threshold

NARROWEST_S, WIDEST_S = 60, 3600
WINDOWS_S = (300, 600, 1200, 1800, 3600)
WARM_UP_S = 2 * 86_400
"""A key is silent while it has not seen each hour of the day twice."""
REFRACTORY_S = 3 * 3600
"""After an alarm a key is silent for so long. A surge that still lasts alarms anew then."""
LEVEL_HALF_LIFE_D = 1.0
DISPERSION_HALF_LIFE_D = 14.0
PROFILE_HALF_LIFE_D = 5.0
"""Half an event's weight is gone after so many days. Half and double of each give the same (measured)."""
BOUND, HOUR_BOUND = 4.0, 2.5
"""A window teaches the dispersion at most so many standard deviations, and an hour the day profile. With 3 instead
of 4 the dispersion of bursty keys is too small (measured)."""
LEAST_DISPERSION, MOST_DISPERSION, FIRST_DISPERSION = 0.03, 4.0, 0.15
LEAST_EXPECTED = 0.3
"""At least so many posts an hour are expected of a key that is hardly ever spoken of."""
SHARE_HALF_LIFE_D = 7.0
CRISIS_SHARE = 2.0
"""A surge whose share of negative posts is higher than usual by so many standard deviations is a crisis."""
FEW_AUTHORS = 0.4
"""A surge with fewer authors a post than this is the work of few, or of robots."""

Kind = Literal["surge", "crisis", "praise", "coordinated"]


class Bin(NamedTuple):
    """The posts about a key in a stretch of time."""

    start_s: float
    """Seconds since 1970."""
    posts: float
    negative: float | None = None
    """Posts of negative sentiment; None when nobody judged them."""
    authors: float | None = None
    """Different authors; None when unknown."""


class Reading(NamedTuple):
    """What a detector makes of a bin."""

    surprise: float
    """Standard deviations, the largest of all windows."""
    threshold: float
    posts: float
    """Posts of the window that surprises most."""
    expected: float
    """Posts that were expected in it."""
    kind: Kind
    alarm: bool


class _Window:
    """The dispersion of one width, as a ratio of two means that follow the last weeks."""

    def __init__(self, width_s: int, bins_a_day: float) -> None:
        self.width_s = width_s
        self._bins_a_day = bins_a_day
        self._step = 1 - 0.5 ** (1 / (DISPERSION_HALF_LIFE_D * bins_a_day))
        self._excess, self._squares = FIRST_DISPERSION, 1.0

    def dispersion(self, bins: int) -> float:
        """Returns A after so many bins of the key. It is trusted in the measure in which two days are full."""
        trust = min(1.0, bins / self._bins_a_day / 2)
        found = self._excess / max(self._squares, 1e-9)
        return min(MOST_DISPERSION, max(LEAST_DISPERSION, trust * found + (1 - trust) * FIRST_DISPERSION))

    def learn(self, bins: int, posts: float, expected: float, bound: float) -> None:
        """Takes a window's count, of which at most `bound` standard deviations count."""
        spread = math.sqrt(expected + self.dispersion(bins) * expected * expected)
        posts = min(posts, expected + bound * spread + 0.5)
        # The first bins weigh more, and yet the prior stays for about a third of a day.
        step = max(self._step, 1 / (bins + 0.3 * self._bins_a_day))
        self._excess += step * ((posts - expected) ** 2 - expected - self._excess)
        self._squares += step * (expected * expected - self._squares)


class Detector:
    """Judges the bins of one key.

    Args:
        bin_s: width of the bins in seconds, 60 to 3,600.
    """

    def __init__(self, bin_s: int) -> None:
        bins_a_day = 86_400 / bin_s
        self._bin_s = bin_s
        self._bins = 0
        self._level = 0.0
        self._level_step = 1 - 0.5 ** (1 / (LEVEL_HALF_LIFE_D * bins_a_day))
        self._profile = DayProfile(PROFILE_HALF_LIFE_D)
        self._windows = [_Window(width, bins_a_day) for width in WINDOWS_S if width >= bin_s] or [
            _Window(bin_s, bins_a_day)
        ]
        self._recent: deque[tuple[Bin, float]] = deque()
        self._threshold = Threshold(bin_s)
        self._hour: int | None = None
        self._in_hour: list[float] = []
        self._share, self._shares = 0.0, 0
        self._share_step = 1 - 0.5 ** (1 / (SHARE_HALF_LIFE_D * bins_a_day))
        self._first_s: float | None = None
        self._alarmed_s = -math.inf

    def see(self, bin_: Bin) -> Reading:
        """Judges the next bin, and then learns from it.

        Raises:
            ValueError: the bin is not later than the one before.
        """
        if self._recent and bin_.start_s <= self._recent[-1][0].start_s:
            raise ValueError("a bin must be later than the one before")
        self._first_s = bin_.start_s if self._first_s is None else self._first_s
        self._turn_hour(bin_.start_s)
        expected = self._profile.expected(bin_.start_s + self._bin_s / 2)
        usual = bin_.posts if expected is None else expected * self._bin_s / 3600
        self._take(bin_, usual)
        counts = self._counts()
        surprises = [
            surprise(posts, expected, window.dispersion(self._bins))
            for window, (posts, expected) in zip(self._windows, counts, strict=True)
        ]
        most = max(range(len(surprises)), key=surprises.__getitem__)
        threshold = self._threshold.value
        reading = Reading(
            surprises[most], threshold, *counts[most], self._kind(self._windows[most].width_s), alarm=False
        )
        self._learn(counts, surprises, threshold)
        return reading._replace(alarm=self._alarms(bin_.start_s, reading))

    def _turn_hour(self, start_s: float) -> None:
        hour = int(start_s // 3600)
        if self._hour not in (None, hour) and self._in_hour:
            of_day = int(self._hour or 0) % HOURS
            posts = sum(self._in_hour) * 3600 / self._bin_s / len(self._in_hour)
            usual = self._profile.usual(of_day)
            if usual is not None:
                mean = usual * math.exp(self._level)
                spread = math.sqrt(mean + self._windows[-1].dispersion(self._bins) * mean * mean)
                posts = min(posts, mean + HOUR_BOUND * spread + 1)
            self._profile.learn(of_day, posts)
            self._in_hour.clear()
        self._hour = hour

    def _take(self, bin_: Bin, usual: float) -> None:
        self._in_hour.append(bin_.posts)
        self._profile.begin(bin_.posts, self._bin_s / 3600)
        self._bins += 1
        self._recent.append((bin_, usual))
        while self._recent[0][0].start_s <= bin_.start_s - self._windows[-1].width_s:
            self._recent.popleft()

    def _counts(self) -> list[tuple[float, float]]:
        """Returns for each window its posts and what was expected in the bins of it that are there."""
        last_s = self._recent[-1][0].start_s
        level = math.exp(self._level)
        found = []
        for window in self._windows:
            inside = [one for one in self._recent if one[0].start_s > last_s - window.width_s]
            least = LEAST_EXPECTED * window.width_s / 3600
            found.append(
                (sum(bin_.posts for bin_, _ in inside), max(least, level * sum(usual for _, usual in inside)))
            )
        return found

    def _learn(self, counts: list[tuple[float, float]], surprises: list[float], threshold: float) -> None:
        for window, (posts, expected), value in zip(self._windows, counts, surprises, strict=True):
            # What alarms is an event, and tells hardly anything about the ordinary life of the key.
            window.learn(self._bins, posts, expected, BOUND if value <= threshold else 1.0)
        posts, expected = counts[-1]
        bound = 2 * math.sqrt(self._windows[-1].dispersion(self._bins) + 1 / (expected + 1))
        off = max(-bound, min(bound, math.log((posts + 1) / (expected + 1))))
        if self._bins * self._bin_s > WIDEST_S:
            self._level += max(self._level_step, 1 / (self._bins + 3)) * off
        self._threshold.see(max(surprises))
        last = self._recent[-1][0]
        if last.negative is not None and last.posts:
            self._shares += 1
            self._share += max(self._share_step, 1 / self._shares) * (last.negative / last.posts - self._share)

    def _kind(self, width_s: int) -> Kind:
        last_s = self._recent[-1][0].start_s
        bins = [bin_ for bin_, _ in self._recent if bin_.start_s > last_s - width_s]
        posts = sum(bin_.posts for bin_ in bins)
        authors = [bin_.authors for bin_ in bins if bin_.authors is not None]
        # One author may count in several bins, so this errs to the side of many authors.
        if posts and len(authors) == len(bins) and sum(authors) < FEW_AUTHORS * posts:
            return "coordinated"
        negative = [bin_.negative for bin_ in bins if bin_.negative is not None]
        if not posts or len(negative) < len(bins) or not self._shares:
            return "surge"
        share = share_surprise(sum(negative), posts, self._share)
        return "crisis" if share >= CRISIS_SHARE else "praise" if share <= -CRISIS_SHARE else "surge"

    def _alarms(self, start_s: float, reading: Reading) -> bool:
        warm = start_s - (self._first_s or 0.0) >= WARM_UP_S
        if not warm or reading.surprise <= reading.threshold or start_s - self._alarmed_s < REFRACTORY_S:
            return False
        self._alarmed_s = start_s
        return True
