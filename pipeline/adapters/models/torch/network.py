"""One torch classifier on one device: rows of token ids in, logits and embeddings out.

Never here: a tokenizer, which precision serves; torch until it infers.
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
        device: where it lies.
        pad_token: what fills masked places.
    """

    def __init__(self, net: Any, device: str, pad_token: int) -> None:
        self._net = net
        self._device = device
        self._pad_token = pad_token

    def infer(self, ids: Any, mask: Any) -> tuple[NDArray[np.float64], NDArray[np.float16] | None]:
        """Logits, and the mean over the said tokens of the middle block, of tensors (rows, tokens)."""
        import torch

        mask = mask.to(self._device)
        with torch.inference_mode():
            answer = self._net(input_ids=ids.to(self._device), attention_mask=mask, output_hidden_states=True)
            embeddings = _middle_mean(answer, mask)
        return np.asarray(answer.logits.double().cpu().numpy()), embeddings

    def run(self, batches: Iterable[tuple[list[int], Inputs]], take: Take, deadline: Deadline) -> None:
        """Infers all batches in turn; each answer's logits go to `take` with the batch's places.

        Raises:
            TimeoutError: not all ended before the deadline, which is looked at between batches.
        """
        import torch

        for places, inputs in batches:
            deadline.check()
            mask = torch.from_numpy(inputs["attention_mask"])
            # Some models count positions by what is not padding: the mask alone would not tell them.
            ids = torch.from_numpy(inputs["input_ids"]).masked_fill(mask == 0, self._pad_token)
            take(places, [self.infer(ids, mask)[0].astype(np.float32)])


def _middle_mean(answer: Any, mask: Any) -> NDArray[np.float16] | None:
    """The mean over the said tokens of the middle block, as in the other engine; None where no layer is shown."""
    layers = getattr(answer, "hidden_states", None)
    if not layers:
        return None
    said = mask.unsqueeze(-1).float()
    middle = layers[len(layers) // 2].float()  # the first is what comes before any block
    mean = (middle * said).sum(dim=1) / said.sum(dim=1)
    return np.asarray(mean.cpu().numpy(), dtype=np.float16)
