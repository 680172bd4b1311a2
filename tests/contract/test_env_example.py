"""deploy/env.example lists every setting with its default, and nothing else."""

import re
from pathlib import Path

import pytest

from pipeline.settings import Settings, load_settings

FILE = Path(__file__).parents[2] / "deploy/env.example"
LINE = re.compile(r"^(#?)(EARSHOT_[A-Z0-9_]+)=(.*)$")


def lines() -> list[tuple[bool, str, str]]:
    """(is set, variable, value) of each variable."""
    found = (LINE.match(line) for line in FILE.read_text().splitlines())
    return [(match[1] == "", match[2], match[3]) for match in found if match]


def names(model: type, prefix: str) -> set[str]:
    found: set[str] = set()
    for name, field in getattr(model, "model_fields", {}).items():
        section = field.annotation
        if isinstance(section, type) and hasattr(section, "model_fields"):
            found |= names(section, f"{prefix}{name}__")
        else:
            found.add(f"{prefix}{name}".upper())
    return found


def test_it_lists_exactly_the_settings() -> None:
    listed = [variable for _, variable, _ in lines()]
    assert len(listed) == len(set(listed))
    assert set(listed) == names(Settings, "EARSHOT_")


def test_using_it_unchanged_gives_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in names(Settings, "EARSHOT_"):
        monkeypatch.delenv(variable, raising=False)
    defaults = load_settings()
    for is_set, variable, value in lines():
        if is_set:
            monkeypatch.setenv(variable, value)
    assert load_settings() == defaults


def test_secrets_have_no_value_in_it() -> None:
    assert {value for _, variable, value in lines() if "PASSWORD" in variable} == {""}
    assert not any(is_set for is_set, variable, _ in lines() if "PASSWORD" in variable)
