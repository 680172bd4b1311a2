"""`earshot train` without its extra says how to get it."""

import sys
from pathlib import Path

import pytest

from pipeline.cli.train import train
from pipeline.errors import ServiceMissing


def test_training_without_torch_names_the_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    for name in ("finetune", "export", "averaging", "dropout"):
        monkeypatch.delitem(sys.modules, f"pipeline.train.{name}", raising=False)
    with pytest.raises(ServiceMissing, match=r"pip install 'earshot\[torch\]' \(missing: torch\)"):
        train(train_file=tmp_path, validation=tmp_path, output=tmp_path / "out")
    assert not (tmp_path / "out").exists()
