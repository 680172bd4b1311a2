"""Whoever clones the repository gets the models with it, so they stay small."""

from pathlib import Path

WEIGHTS = Path(__file__).parents[2] / "pipeline/weights"
MOST_BYTES = 70_000_000


def test_the_weights_are_at_most_70_megabytes_together() -> None:
    sizes = {file.relative_to(WEIGHTS): file.stat().st_size for file in WEIGHTS.rglob("*") if file.is_file()}
    assert Path("pressing/head.npz") in sizes
    assert sum(sizes.values()) <= MOST_BYTES
