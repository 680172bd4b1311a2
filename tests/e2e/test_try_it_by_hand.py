"""The README's "Try it by hand", pasted into a shell as it stands."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = re.search(r"## Try it by hand\n\n```sh\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("EARSHOT_")}
    process = subprocess.Popen(
        ["bash"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT,
        env=environment | {"EARSHOT_STATE_DIR": str(tmp_path / "state")}, start_new_session=True,
    )  # fmt: skip
    yield process
    left = [child for child in psutil.process_iter() if str(tmp_path) in environment_of(child)]
    for child in left:
        child.send_signal(signal.SIGKILL)
    assert left == []


def environment_of(process: psutil.Process) -> str:
    try:
        return process.environ().get("EARSHOT_STATE_DIR", "")
    except psutil.Error:
        return ""


@pytest.mark.integration
def test_the_readme_s_commands_work_when_they_are_pasted(shell: subprocess.Popen[str]) -> None:
    assert SCRIPT is not None
    output, _ = shell.communicate(SCRIPT[1], timeout=240)
    assert "\naudit: clean" in output, output
    assert "\nall is well" in output, output
    assert "Traceback" not in output
    report = output.split("Sentiment by hour: acme")[1]
    posts = re.findall(r"^\d{4}-\d\d-\d\d \d\d:00 +(\d+)", report, flags=re.MULTILINE)
    assert sum(map(int, posts)) > 400, output
