"""Makes routers that remember the inputs of a short day at the cost of a short day."""

from collections import defaultdict
from unittest.mock import patch

from pipeline.route.router import Router
from pipeline.route.state.dedupe import handled
from pipeline.route.state.dedupe.hashes import HashIndex

REMEMBER_MS = 15 * 86_400_000


class FewBuckets(HashIndex):
    """Makes a bucket when it is first used. All 2^19 of them would take 4 MB, and more time than the day."""

    def __init__(self) -> None:
        self._buckets = defaultdict(bytes)  # type: ignore[assignment]


def new_router(_: int = 0) -> Router:
    """Returns an empty router."""
    with patch.object(handled, "HashIndex", FewBuckets):
        return Router(REMEMBER_MS, "processing")
