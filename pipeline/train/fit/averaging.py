"""Keeps a running average of a model's weights over the training steps. The extra `torch` is needed.

The model that is being trained gets the averaged weights for a moment and its own back. Averaged weights
generalise better than the last ones (Izmailov et al. 2018; here the exponential form).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch


class RunningAverage:
    """Follows the trainable weights of `model` with an exponential average.

    Args:
        model: a torch module.
        decay: the share of the old average that stays at an update, 0 to 1.
    """

    def __init__(self, model: Any, decay: float) -> None:
        self._live = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self._mean = [parameter.detach().clone() for parameter in self._live]
        self._decay = decay
        self._updates = 0

    def update(self) -> None:
        """Takes the current weights in."""
        self._updates += 1
        # The first weights are hardly trained, so they lose their part in the average faster.
        decay = min(self._decay, self._updates / (self._updates + 9))
        with torch.no_grad():
            torch._foreach_lerp_(self._mean, [parameter.detach() for parameter in self._live], 1 - decay)

    def state(self) -> dict[str, Any]:
        """Returns what `load` needs to go on."""
        return {"mean": self._mean, "updates": self._updates}

    def load(self, state: dict[str, Any]) -> None:
        """Goes on from an earlier `state`."""
        self._updates = state["updates"]
        with torch.no_grad():
            torch._foreach_copy_(self._mean, state["mean"])

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Puts the average into the model, and puts the live weights back at the end."""
        # The live weights are copied first, because the average is written into the very tensors that the
        # optimiser holds.
        live = [parameter.detach().clone() for parameter in self._live]
        with torch.no_grad():
            torch._foreach_copy_(self._live, self._mean)
            try:
                yield
            finally:
                torch._foreach_copy_(self._live, live)
