"""`earshot train` without its extra says how to get it."""

import sys
from pathlib import Path

import pytest

from pipeline.cli.train import train
from pipeline.errors import ServiceMissing


def test_training_without_torch_names_the_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    for name in [name for name in sys.modules if name.startswith("pipeline.train.")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(ServiceMissing, match=r"make setup-torch.*\(missing: torch\)"):
        train(config=tmp_path / "run.toml", output=tmp_path / "out")
    assert not (tmp_path / "out").exists()
