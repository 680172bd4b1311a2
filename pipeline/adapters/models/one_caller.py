"""A model for several threads: one is let in at a time, as every `TextModel` must be called.

In: calls of any thread. Out: the model's own answers. Never here: an engine, a cache.
"""

from collections.abc import Sequence
from threading import Lock

from pipeline.ports.models import TextModel, TextScores


class OneCaller:
    """`TextModel` that makes its callers wait for each other.

    Args:
        model: what answers.
    """

    def __init__(self, model: TextModel) -> None:
        self._model = model
        self._lock = Lock()

    @property
    def name(self) -> str:
        """The name of the model that answers."""
        return self._model.name

    def score(self, texts: Sequence[str]) -> list[TextScores]:
        """The model's scores, once no other thread is asking it.

        Raises:
            Transient: the engine failed.
        """
        with self._lock:
            return self._model.score(texts)
