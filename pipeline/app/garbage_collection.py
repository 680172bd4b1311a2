"""Sets Python's cyclic garbage collector for workers that remember a lot. It is never switched off."""

import gc
from collections.abc import Mapping

YOUNG, MIDDLE, OLD = 50_000, 20, 100
"""Allocations between two looks at the youngest objects, and the numbers of looks before the older ones are looked
at. Python's own are 700 (3.11), 10 and 10. A batch of 512 posts makes some 100,000 objects, and nearly all of them
die by their reference count. The hundreds of thousands that the copies keep live on, and each look at the oldest
objects went through all of them, which cost 70 of 550 us a post (measured)."""
SHORT = (20_000, 0, 0)
"""The same for a process that `ShortPauses` watches. At most some 80,000 new objects are looked at in one go. The
first number is more than a transaction of the router makes, so that what ends with it is hardly looked at. With
5,000 the collector took 8 of 130 us a record (measured)."""
FEW = 256
"""With fewer new objects it is not worth to look at them between turns."""
LOOKS = 16
"""After so many looks at what is new, what has survived them is looked at as well, and frozen."""
_OLDEST = 2
"""Number of the oldest generation, whose collection looks at everything that is not frozen."""


def freeze_collector() -> None:
    """Freezes what is loaded now, so that the collector never looks at it again. Call it when everything lasting
    is loaded."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)


class ShortPauses:
    """Keeps each collection short in a process whose state has millions of objects.

    The new objects are looked at after each turn, when hardly any are left and those are still in the processor's
    cache. A router's transaction of 500 records leaves 700, which takes .3 ms. The 30,000 of 60 transactions took
    40 ms together (measured). Most are tuples of texts and numbers, which are looked at once and never again.

    What survives a full collection is frozen, so that the next one looks only at what has come since. Frozen
    objects still end by their reference count. Only those that point at each other in a circle would stay. A state
    has no such circles inside, but what holds it may have, so whoever lets a whole state go says so.
    """

    def __init__(self) -> None:
        self._let_go = False
        gc.set_threshold(*SHORT)
        gc.callbacks.append(_freeze_survivors)
        _collect()

    def let_go(self) -> None:
        """Notes that a whole state will not be needed any more once the caller has returned."""
        self._let_go = True

    def between(self) -> None:
        """Looks at what is new. Call it between turns.

        What was let go is freed, which takes as long as a full collection of everything.
        """
        if self._let_go:
            self._let_go = False
            gc.unfreeze()
            _collect()
        elif gc.get_count()[0] > FEW:
            gc.collect(0)
            if gc.get_count()[1] >= LOOKS:
                gc.collect()

    def close(self) -> None:
        """Freezes nothing any more."""
        gc.callbacks.remove(_freeze_survivors)


def _collect() -> None:
    """Collects and freezes everything, and lets Python forget how much that was.

    Python waits with the next full collection until a quarter as many objects are new as the last one has left.
    The second collection here finds next to nothing, so that a large state does not put the next one off.
    """
    gc.collect()
    gc.collect()


def _freeze_survivors(phase: str, info: Mapping[str, int]) -> None:
    if phase == "stop" and info["generation"] == _OLDEST:
        gc.freeze()
