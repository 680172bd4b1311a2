"""Runs one torch classifier on one device, from rows of token ids to logits and embeddings.

Neither the tokenizer nor the choice of a precision is its concern. It imports torch only when it infers, because
the import takes seconds and torch may be missing.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.adapters.models.batches import Deadline
from pipeline.adapters.models.runner import Inputs, Take


class TorchNet:
    """A network that is ready to infer.

    Args:
        net: a sequence classifier of transformers, on its device.
        device: name of the device that holds it.
        pad_token: token id that fills masked places.
    """

    def __init__(self, net: Any, device: str, pad_token: int) -> None:
        self._net = net
        self._device = device
        self._pad_token = pad_token

    def infer(self, ids: Any, mask: Any) -> tuple[NDArray[np.float64], NDArray[np.float16] | None]:
        """Returns the logits and the embeddings for tensors of shape (rows, tokens).

        The embedding is the mean of the middle block over the unmasked tokens.
        """
        import torch

        mask = mask.to(self._device)
        with torch.inference_mode():
            answer = self._net(input_ids=ids.to(self._device), attention_mask=mask, output_hidden_states=True)
            embeddings = _middle_mean(answer, mask)
        return np.asarray(answer.logits.double().cpu().numpy()), embeddings

    def run(self, batches: Iterable[tuple[list[int], Inputs]], take: Take, deadline: Deadline) -> None:
        """Infers all batches in turn and hands each one's logits to `take` with the batch's places.

        Raises:
            TimeoutError: not all ended before the deadline, which is checked between batches.
        """
        import torch

        for places, inputs in batches:
            deadline.check()
            mask = torch.from_numpy(inputs["attention_mask"])
            # Some models (RoBERTa and its kind) count positions by the ids that are not padding and never look at
            # the mask. Any other id in the masked places would be given a position.
            ids = torch.from_numpy(inputs["input_ids"]).masked_fill(mask == 0, self._pad_token)
            take(places, [self.infer(ids, mask)[0].astype(np.float32)])


def _middle_mean(answer: Any, mask: Any) -> NDArray[np.float16] | None:
    """Returns the mean of the middle block over the unmasked tokens, as the other engine computes it.

    It is None where the model shows no layers.
    """
    layers = getattr(answer, "hidden_states", None)
    if not layers:
        return None
    weights = mask.unsqueeze(-1).float()
    middle = layers[len(layers) // 2].float()  # layers[0] is the input of the first block
    mean = (middle * weights).sum(dim=1) / weights.sum(dim=1)
    return np.asarray(mean.cpu().numpy(), dtype=np.float16)
