"""Defines what infers, as the check and the engines see it, without naming a library.

A runner takes batches of inputs together with the index of each row's text, and hands the answers over.
"""

from collections.abc import Callable, Iterable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.adapters.models.batches import Deadline

Inputs = dict[str, NDArray[np.int64]]
"""Holds `input_ids` and `attention_mask`, both of shape (rows, tokens)."""
Take = Callable[[list[int], list[NDArray[np.float32]]], None]
"""Receives a batch's places and its outputs, of which the first is the logits. The outputs are valid only within
the call."""


class Runner(Protocol):
    """A model that is ready to infer. It serves one caller thread."""

    def run(self, batches: Iterable[tuple[list[int], Inputs]], take: Take, deadline: Deadline) -> None:
        """Infers all batches and hands the outputs of each to `take`.

        Raises:
            TimeoutError: not all ended before the deadline.
            Exception: whatever the library raises.
        """
        ...
