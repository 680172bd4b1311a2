"""A memory in front of an engine: a text that was scored lately is not scored again.

In: normalised texts. Out: the engine's own answers. Never here: an engine, normalisation, metrics.

Real streams repeat themselves (from 4 % to 73 % of posts, once normalised), so this is free speed. It is bounded
by entries and by bytes, and forgets what was asked for longest ago.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from sys import getsizeof

from pipeline.ports.models import TextModel, TextScores

MAX_TEXT_BYTES = 32 * 2**20
"""Of all remembered texts together: 65,536 posts of 280 characters need 21 MB, and huge ones cannot take more.
Their embeddings need 58 MB besides: 384 numbers of half precision and 112 bytes of array each."""

OnLookup = Callable[[int, int], None]
"""Told after each call: how many texts were answered from memory (repeats within the call too), how many not."""


class CachedModel:
    """`TextModel` that remembers another's answers. One caller thread at a time, as with any `TextModel`.

    Args:
        model: what answers new texts.
        entries: texts remembered at most, >= 1.
        max_bytes: of their texts together.
        on_lookup: counts hits and misses.
    """

    def __init__(
        self,
        model: TextModel,
        *,
        entries: int,
        max_bytes: int = MAX_TEXT_BYTES,
        on_lookup: OnLookup = lambda _hits, _misses: None,
    ) -> None:
        self._model = model
        self._entries = entries
        self._max_bytes = max_bytes
        self._on_lookup = on_lookup
        self._known: OrderedDict[str, TextScores] = OrderedDict()
        self._bytes = 0

    @property
    def name(self) -> str:
        """The name of the model that answers."""
        return self._model.name

    def score(self, texts: Sequence[str]) -> list[TextScores]:
        """Scores normalised texts, each different new one once; same length and order.

        Raises:
            Transient: the engine failed; nothing new is remembered.
        """
        answers = {text: known for text in texts if (known := self._recall(text)) is not None}
        new = [text for text in dict.fromkeys(texts) if text not in answers]
        if new:
            answers |= zip(new, self._model.score(new), strict=True)
            for text in new:
                self._remember(text, answers[text])
        self._on_lookup(len(texts) - len(new), len(new))
        return [answers[text] for text in texts]

    def _recall(self, text: str) -> TextScores | None:
        scores = self._known.get(text)
        if scores is not None:
            self._known.move_to_end(text)
        return scores

    def _remember(self, text: str, scores: TextScores) -> None:
        if getsizeof(text) > self._max_bytes:
            return  # it would push everything else out
        self._known[text] = scores
        self._bytes += getsizeof(text)
        while len(self._known) > self._entries or self._bytes > self._max_bytes:
            forgotten, _ = self._known.popitem(last=False)
            self._bytes -= getsizeof(forgotten)
