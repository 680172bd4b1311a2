"""Lets several threads share a model, which may be called by one thread at a time."""

from collections.abc import Sequence
from threading import Lock

from pipeline.ports.models import TextModel, TextScores


class LockedModel:
    """`TextModel` that makes its callers wait for each other.

    Args:
        model: answers the calls.
    """

    def __init__(self, model: TextModel) -> None:
        self._model = model
        self._lock = Lock()

    @property
    def name(self) -> str:
        """Name of the model that answers."""
        return self._model.name

    def score(self, texts: Sequence[str]) -> list[TextScores]:
        """Returns the model's scores as soon as no other thread is asking it.

        Raises:
            Transient: the engine failed.
        """
        with self._lock:
            return self._model.score(texts)
