"""Adversarial noise on a model's weights during one pass (extra `torch`).

In: a model whose gradients were just computed. Out: the same model, a step worse, for a moment.
Never here: a loss, an optimiser.

The gradient at the worst point near the weights prefers flat minima (adversarial weight perturbation, Wu et al.
2020). They step with that gradient alone; the trainer takes the mean of it and the one at the weights themselves.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch


class WeightNoise:
    """Moves the weights of `model` up their gradients.

    Args:
        model: a torch module.
        share: length of the step in each weight matrix, 0..1 of the norm of its rows that have a gradient: of an
            embedding only the rows in use move, and count.
    """

    def __init__(self, model: Any, share: float) -> None:
        self._weights = [one for one in model.parameters() if one.requires_grad and one.ndim > 1]
        self._share = share

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Moves the weights, and puts them back at the end."""
        with torch.no_grad():
            moved = [weight for weight in self._weights if weight.grad is not None]
            gradients = [weight.grad for weight in moved]
            before = [weight.detach().clone() for weight in moved]
            used = [(gradient != 0).any(dim=-1, keepdim=True) for gradient in gradients]
            steps = torch._foreach_norm(torch._foreach_mul(before, used))
            torch._foreach_mul_(steps, self._share)
            torch._foreach_div_(steps, [norm + 1e-12 for norm in torch._foreach_norm(gradients)])
            torch._foreach_add_(moved, torch._foreach_mul(gradients, steps))
        try:
            yield
        finally:
            with torch.no_grad():
                torch._foreach_copy_(moved, before)
