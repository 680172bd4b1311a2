"""The alerts fire when they should and keep quiet when they should, as Prometheus itself evaluates them."""

import subprocess
from pathlib import Path

from tests.promtool import find_promtool

HERE = Path(__file__).parent
PROMETHEUS = HERE.parents[1] / "deploy/prometheus"


def promtool(*arguments: str | Path) -> str:
    tool = find_promtool()
    assert tool is not None, "promtool is not installed: go install github.com/prometheus/prometheus/cmd/promtool"
    done = subprocess.run([tool, *map(str, arguments)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_every_alert_fires_and_keeps_quiet_as_its_cases_say() -> None:
    assert "SUCCESS" in promtool("test", "rules", HERE / "rules_test.yaml")


def test_prometheus_accepts_rules_and_configuration() -> None:
    assert "SUCCESS" in promtool("check", "rules", PROMETHEUS / "rules.yaml")
    assert "SUCCESS" in promtool("check", "config", PROMETHEUS / "prometheus.yaml")
