"""Provides the lab that the commands of operators are tried in, which are empty topics and an empty database."""

from collections.abc import Iterator

import pytest

from pipeline.local.endpoints import Endpoints
from tests.integration.audit_lab import AuditLab


@pytest.fixture(scope="module")
def lab(stack: Endpoints, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AuditLab]:
    """Returns the lab of a module. A module with another kind of lab has a fixture of its own under this name."""
    made = AuditLab(stack, tmp_path_factory.mktemp("state"))
    yield made
    made.close()


@pytest.fixture
def commands_find_the_lab(lab: AuditLab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets `earshot` run in this process on the lab."""
    for name, value in lab.environment.items():
        monkeypatch.setenv(name, value)
