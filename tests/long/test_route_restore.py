"""A router restores a million open cases within the time that an operator waits for a restart."""

import json
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.broker_lab import broker_lab
from tests.pipeline_lab import ROOT

pytestmark = pytest.mark.integration
CASES = 1_000_000
RESTORE_S = 90.0


@pytest.mark.timeout(2400)
def test_a_million_open_cases_are_restored_in_ninety_seconds(tmp_path: Path) -> None:
    with broker_lab(tmp_path, "restore") as lab:
        bootstrap = lab.environment["EARSHOT_KAFKA__BOOTSTRAP_SERVERS"]
        writer = [sys.executable, "-m", "tests.long.open_cases", bootstrap, str(CASES)]
        subprocess.run(writer, check=True, cwd=ROOT, timeout=1800)
        router = lab.start("run", "route", EARSHOT_CLOCK="processing", EARSHOT_OPERATE__LOG_FORMAT="json")
        log = tmp_path / "run-route.log"

        def restored() -> list[dict[str, float]]:
            assert router.poll() is None, log.read_text()[-2000:]
            lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
            return [line for line in lines if line["event"] == "partition_restored" and line["partition"] == 0]

        lab.wait(lambda: bool(restored()), 600, "the state is restored")
        process, (line,) = psutil.Process(router.pid), restored()
        cpu_s = process.cpu_times().user + process.cpu_times().system
        sys.stdout.write(
            f"{CASES} open cases: {line['entries']} entries restored in {line['seconds']} s, "
            f"{cpu_s:.0f} s of CPU in all, {process.memory_info().rss / 2**20:.0f} MiB of memory\n"
        )
        assert line["entries"] >= CASES
        assert line["seconds"] <= RESTORE_S
