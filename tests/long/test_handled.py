"""The router remembers fifteen days of 100 inputs a second in 1.5 GB and 5 us an input, also after a restore."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.long import fifteen_days

ROOT = Path(__file__).parents[2]
NAMES = 130_000_000
MOST_BYTES = 1.5e9
MOST_US = 5.0
MOST_RESTORE_S = 90.0


@pytest.mark.timeout(3600)
def test_fifteen_days_of_inputs_are_remembered_within_their_bounds(tmp_path: Path) -> None:
    changelog = tmp_path / "changelog"
    try:
        grown, restored = (_run(what, changelog) for what in ("grow", "restore"))
        print(  # noqa: T201 - figures for whoever runs it with `pytest -s`
            f"{NAMES} inputs, {changelog.stat().st_size} bytes of changelog", grown, restored, sep="\n"
        )
    finally:
        changelog.unlink(missing_ok=True)
    for cost in (grown, restored):
        assert max(cost["bytes"], cost["peak_bytes"]) <= MOST_BYTES
        assert max(cost["repeat_us"], cost["new_us"]) <= MOST_US
    assert grown["input_us"] <= MOST_US
    assert restored["restore_cpu_s"] <= MOST_RESTORE_S


def _run(what: str, changelog: Path) -> dict[str, float]:
    command = [sys.executable, "-m", fifteen_days.__name__, what, str(NAMES), str(changelog)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True, timeout=3000)
    return json.loads(done.stdout)  # type: ignore[no-any-return]
