"""The threshold of one key, which follows how far the key strays when nothing is wrong.

Keys differ. One key has bursts of robots each day, and another one never strays by more than chance allows. A
single threshold is wrong for both, so each key keeps the highest surprise of each three hours. The tail of these
maxima, taken as a Gumbel law through two of their quantiles, tells which value they pass as often as the budget
of false alarms allows (Coles, An Introduction to Statistical Modeling of Extreme Values, 2001, chapter 3).
"""

import math
from collections import deque

BLOCK_S = 3 * 3600
BLOCKS_A_DAY = 86_400 / BLOCK_S
REMEMBERED = 112
"""Fourteen days. With 21 days the first, unlearned days spoil the threshold for longer (measured)."""
SKIPPED_S = 3 * 86_400
"""In its first days a key does not know its hours yet, and strays by more than it ever will again."""
LOW, HIGH = 0.5, 0.85
"""Few blocks hold true events, so that these quantiles tell the key's ordinary life."""
FALSE_ALARMS_A_DAY = 0.1
LEAST = 3.25
"""No key is alarmed below this, which is about one block in a thousand of a key that strays by chance alone."""
MOST = 8.0
"""What is less likely than this alarms whatever the key's past, so that a key that is always noisy stays heard."""
ORDINARY = 4.0
STRETCH = 3.0
"""A tail that passes `ORDINARY` is heavier than the negative binomial law, and grows faster than the Gumbel law
that is fitted to its middle. Each unit above counts for so many."""
PRIOR, PRIOR_BLOCKS = 5.0, 10
"""A new key is taken for one with a tail of this height, as if it had been seen in so many blocks."""


def _gumbel(quantile: float) -> float:
    return -math.log(-math.log(quantile))


_FACTOR = (_gumbel(1 - FALSE_ALARMS_A_DAY / BLOCKS_A_DAY) - _gumbel(LOW)) / (_gumbel(HIGH) - _gumbel(LOW))


class Threshold:
    """The surprise above which a key is alarmed, in standard deviations."""

    def __init__(self, bin_s: int) -> None:
        self._maxima: deque[float] = deque(maxlen=REMEMBERED)
        self._bins_a_block = max(1, round(BLOCK_S / bin_s))
        self._bin_s = bin_s
        self._highest = -math.inf
        self._bins = 0
        self.value = _of_tail(PRIOR)

    def see(self, surprise: float) -> None:
        """Takes the surprise of the next bin."""
        self._highest = max(self._highest, surprise)
        self._bins += 1
        if self._bins % self._bins_a_block:
            return
        if self._bins * self._bin_s > SKIPPED_S:
            self._maxima.append(self._highest)
        self._highest = -math.inf
        if len(self._maxima) * 2 >= PRIOR_BLOCKS:
            self.value = self._tuned()

    def _tuned(self) -> float:
        ordered = sorted(self._maxima)
        blocks = len(ordered)
        low, high = ordered[int(LOW * blocks)], ordered[int(HIGH * blocks)]
        tail = low + _FACTOR * (high - low)
        known = blocks / (blocks + PRIOR_BLOCKS)
        return _of_tail(known * tail + (1 - known) * PRIOR)


def _of_tail(tail: float) -> float:
    return min(MOST, max(LEAST, LEAST + STRETCH * (tail - ORDINARY)))
