"""What the linear heads share: how their numbers are stored, which text they look at, and how they multiply."""

import io
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
EITHER_END = 1000
"""So many characters are looked at from the start and from the end of a longer text."""


def stored_numbers(path: Path | None, shipped: str) -> tuple[Path, dict[str, NDArray[Any]]]:
    """Reads the arrays of a head, and returns where they were read.

    Args:
        path: of the file; None stands for the head that comes with the package.
        shipped: the folder of that one.

    Raises:
        FileNotFoundError: it is not there.
        ValueError: the file holds something else.
    """
    path = path or Path(str(files("pipeline"))) / "weights" / shipped / "head.npz"
    with np.load(io.BytesIO(path.read_bytes())) as stored:
        return path, dict(stored)


def ends_of(text: str) -> str:
    """Returns what the features of a text are looked for in, in small letters, as their patterns are written."""
    if len(text) > 2 * EITHER_END:
        text = f"{text[:EITHER_END]} {text[-EITHER_END:]}"
    return text.lower()


def times(left: Floats, right: Floats) -> Floats:
    """Returns the matrix product, without BLAS, whose threads spin while they wait and so take the engine's cores.

    That spin was 50 of 120 us a post (measured on two cores).
    """
    return np.asarray(np.einsum("ij,jk->ik", left, right, optimize=False), dtype=np.float32)
