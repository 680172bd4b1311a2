"""Offers the baselines of `earshot bench engine`: the float parent on torch, one post at a time and in batches.

Normalised texts and the folder of the float parent become candidates. The extra `torch` is needed. The libraries
work with their defaults, such as the number of threads and the attention that transformers chooses.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from pipeline.bench.rounds import Candidate, portion
from pipeline.errors import Misconfigured, ServiceMissing

ONE_AT_A_TIME = "transformers.pipeline, one post at a time"
BATCH = 64
PIPELINE_SHARE, TORCH_SHARE = 16, 4
"""A round of these candidates is every 16th post and every 4th batch, other ones in each round."""
MAX_TOKENS = 128
"""The shipped engine cuts at the same length."""
Kind = Literal["fp32", "bf16 weights", "bf16 autocast"]
KINDS: tuple[Kind, ...] = ("fp32", "bf16 weights", "bf16 autocast")


def require_torch(parent: Path) -> None:
    """Fails early and in words when the baselines cannot run.

    Raises:
        ServiceMissing: torch or transformers is not installed.
        Misconfigured: the model has no float parent beside it.
    """
    if find_spec("torch") is None or find_spec("transformers") is None:
        raise ServiceMissing("the baselines need the torch extra: `make setup-torch`, or --no-baseline")
    if not (parent / "config.json").is_file():
        raise Misconfigured(f"{parent}: the float parent is missing, which the baselines run; or --no-baseline")


def torch_candidates(texts: Sequence[str], parent: Path) -> list[Candidate]:
    """Returns the candidate with one post at a time first, then the batches of each kind.

    The batches are cut beforehand from all texts sorted by length. This is the best that sorting can do, and it
    costs these candidates nothing. Tokenising and padding count.
    """
    from transformers import AutoTokenizer

    quiet()
    tokenizer = AutoTokenizer.from_pretrained(parent, local_files_only=True)
    tokens = [len(row) for row in tokenizer(list(texts), truncation=True, max_length=MAX_TOKENS)["input_ids"]]
    # Batches of like length need little padding.
    order = sorted(range(len(texts)), key=lambda index: tokens[index])
    ordered = [texts[index] for index in order]
    batches = [ordered[first : first + BATCH] for first in range(0, len(ordered), BATCH)]
    return [_one_at_a_time(texts, parent), *(_batched(batches, parent, tokenizer, kind) for kind in KINDS)]


def quiet() -> None:
    """Turns off the progress bars of transformers, which would end up between our own lines."""
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()


def _one_at_a_time(texts: Sequence[str], parent: Path) -> Candidate:
    from transformers import pipeline

    classify = pipeline("sentiment-analysis", model=str(parent))

    def run(number: int) -> int:
        chosen = portion(texts, number, PIPELINE_SHARE)
        for text in chosen:
            classify(text, truncation=True, max_length=MAX_TOKENS)
        return len(chosen)

    return Candidate(ONE_AT_A_TIME, len(texts), run)


def _batched(batches: Sequence[list[str]], parent: Path, tokenizer: Any, kind: Kind) -> Candidate:
    import torch
    from transformers import AutoModelForSequenceClassification

    dtype = torch.bfloat16 if kind == "bf16 weights" else torch.float32
    net = AutoModelForSequenceClassification.from_pretrained(parent, local_files_only=True, dtype=dtype).eval()

    def run(number: int) -> int:
        chosen = portion(batches, number, min(TORCH_SHARE, len(batches)))
        autocast = torch.autocast("cpu", torch.bfloat16) if kind == "bf16 autocast" else nullcontext()
        with torch.inference_mode(), autocast:
            for batch in chosen:
                inputs = tokenizer(
                    batch, padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt"
                )
                net(**inputs).logits.float().softmax(-1).tolist()
        return sum(map(len, chosen))

    return Candidate(f"torch {kind}, batches of {BATCH}, sorted", sum(map(len, batches)), run)
