"""What infers, as the check and the engines see it: batches in, each with its places, answers out.

Never here: a library.
"""

from collections.abc import Callable, Iterable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.adapters.models.batches import Deadline

Inputs = dict[str, NDArray[np.int64]]
"""`input_ids` and `attention_mask`, each (rows, tokens)."""
Take = Callable[[list[int], list[NDArray[np.float32]]], None]
"""Gets a batch's places and its outputs, the logits first, which are only valid within the call."""


class Runner(Protocol):
    """A model that is ready to infer. One caller thread."""

    def run(self, batches: Iterable[tuple[list[int], Inputs]], take: Take, deadline: Deadline) -> None:
        """Infers all batches.

        Raises:
            TimeoutError: not all ended before the deadline.
            Exception: whatever the library raises.
        """
        ...
