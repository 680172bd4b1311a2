"""Sets Python's cyclic garbage collector for a worker that remembers a lot. It never switches the collector
off."""

import gc

YOUNG, MIDDLE, OLD = 50_000, 20, 100
"""Allocations between two looks at the youngest objects, and the numbers of looks before the older ones are looked
at. Python's own are 700 (3.11), 10 and 10. A batch of 512 posts makes some 100,000 objects, and nearly all of them
die by their reference count. The hundreds of thousands that the copies keep live on, and each look at the oldest
objects went through all of them, which cost 70 of 550 us a post (measured)."""


def freeze_collector() -> None:
    """Freezes what is loaded now, so that the collector never looks at it again. Call it when everything lasting
    is loaded."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
