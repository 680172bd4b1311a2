"""One caller at a time."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from pipeline.adapters.in_memory.model import KeywordSentiment
from pipeline.adapters.models.locked_model import LockedModel
from pipeline.ports.models import TextScores


class Watched(KeywordSentiment):
    """Notes how many are in it at once."""

    def __init__(self) -> None:
        self.inside = self.most = 0

    def score(self, texts: Sequence[str]) -> list[TextScores]:
        self.inside += 1
        self.most = max(self.most, self.inside)
        time.sleep(0.01)  # lets the other threads come
        self.inside -= 1
        return super().score(texts)


def test_threads_wait_for_each_other_and_each_gets_its_own_answers() -> None:
    watched = Watched()
    model = LockedModel(watched)
    texts = ["love it", "awful", "there"] * 4
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda text: model.score([text])[0], texts))
    assert watched.most == 1
    assert found == KeywordSentiment().score(texts)
    assert model.name == watched.name
