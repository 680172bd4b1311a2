"""Puts a memory in front of an engine, so that a text which was scored lately is not scored again.

It takes normalised texts and returns the engine's own answers. It neither normalises nor touches metrics.

Real streams repeat themselves: once normalised, 4 % to 73 % of the posts are repeats, and each costs no inference.
The memory is bounded by entries and by bytes, and forgets what was asked for longest ago.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from sys import getsizeof

from pipeline.ports.models import TextModel, TextScores

MAX_TEXT_BYTES = 32 * 2**20
"""Most bytes of all remembered texts together. 65,536 posts of 280 characters need 21 MB, and huge posts cannot
take more than this. Their embeddings need 58 MB besides, since each has 384 numbers of half precision and 112
bytes of array."""

OnLookup = Callable[[int, int], None]
"""Called after each call with the number of texts that were answered from memory, repeats within the call
included, and the number that were not."""


class CachedModel:
    """`TextModel` that remembers another's answers. Like any `TextModel` it serves one caller thread at a time.

    Args:
        model: answers the texts that are not remembered.
        entries: most texts that are remembered, >= 1.
        max_bytes: most bytes of their texts together.
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
        self._cached: OrderedDict[str, TextScores] = OrderedDict()
        self._bytes = 0

    @property
    def name(self) -> str:
        """Name of the model that answers."""
        return self._model.name

    def score(self, texts: Sequence[str]) -> list[TextScores]:
        """Scores normalised texts, in their order.

        A new text goes to the engine once, however often the call has it.

        Raises:
            Transient: the engine failed; nothing new is remembered.
        """
        answers = {text: scores for text in texts if (scores := self._recall(text)) is not None}
        new = [text for text in dict.fromkeys(texts) if text not in answers]
        if new:
            answers |= zip(new, self._model.score(new), strict=True)
            for text in new:
                self._remember(text, answers[text])
        self._on_lookup(len(texts) - len(new), len(new))
        # The memory is not asked again, because it may have forgotten a text of this very call.
        return [answers[text] for text in texts]

    def _recall(self, text: str) -> TextScores | None:
        scores = self._cached.get(text)
        if scores is not None:
            # The oldest entry is forgotten first, so a text that is asked for again has to become the newest.
            self._cached.move_to_end(text)
        return scores

    def _remember(self, text: str, scores: TextScores) -> None:
        if getsizeof(text) > self._max_bytes:
            return  # the loop below would push everything else out and then this text too
        self._cached[text] = scores
        self._bytes += getsizeof(text)
        while len(self._cached) > self._entries or self._bytes > self._max_bytes:
            forgotten, _ = self._cached.popitem(last=False)
            self._bytes -= getsizeof(forgotten)
