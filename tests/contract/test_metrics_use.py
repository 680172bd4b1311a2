"""Rules and dashboard use only metrics and labels that exist, and each alert can be acted on."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.metrics import METRICS
from pipeline.stages import running_stages

DEPLOY = Path(__file__).parents[2] / "deploy"
ADDED_BY_PROMETHEUS = {"job", "instance", "le"}
BUILT_IN = {"up"}


def series() -> dict[str, set[str]]:
    """Name as Prometheus stores it to its labels."""
    found: dict[str, set[str]] = {}
    for metric in METRICS:
        endings = ("_bucket", "_sum", "_count") if metric.kind == "histogram" else ("",)
        found |= {f"earshot_{metric.name}{ending}": set(metric.labels) for ending in endings}
    return found


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((DEPLOY / "prometheus/rules.yaml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def alerts() -> list[Any]:
    return [pytest.param(rule, id=rule["alert"]) for rule in rules() if "alert" in rule]


def dashboard() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((DEPLOY / "grafana/earshot.json").read_text())
    return loaded


def expressions() -> Iterator[str]:
    yield from (rule["expr"] for rule in rules())
    yield from (target["expr"] for panel in dashboard()["panels"] for target in panel["targets"])


@pytest.mark.parametrize("expression", sorted(set(expressions())))
def test_an_expression_names_existing_metrics_and_labels_and_is_balanced(expression: str) -> None:
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    known = series() | {name: {"stage", "topic"} for name in recorded}
    used = set(re.findall(r"\bearshot[_:][a-z_:]+", re.sub(r'"[^"]*"', "", expression)))
    assert used <= known.keys()
    assert used or BUILT_IN & set(re.findall(r"\w+", expression))
    labels = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"", expression))
    for group in re.findall(r"\b(?:by|on)\s*\(([^)]*)\)", expression):
        labels |= {label.strip() for label in group.split(",")}
    assert labels <= set().union(ADDED_BY_PROMETHEUS, *(known[name] for name in used))
    assert expression.count("(") == expression.count(")")


@pytest.mark.parametrize("rule", alerts())
def test_an_alert_waits_has_a_severity_and_leads_to_its_runbook_section(rule: dict[str, Any]) -> None:
    assert re.fullmatch(r"\d+[ms]", rule["for"])
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert rule["annotations"]["summary"]
    assert rule["annotations"]["runbook"] == f"deploy/runbook.md#{rule['alert'].lower()}"
    section = sections()[rule["alert"]]
    assert all(f"**{part}.**" in section for part in ("Meaning", "Check", "Action"))


def test_every_alert_has_a_case_in_which_it_fires_and_one_in_which_it_keeps_quiet() -> None:
    cases = yaml.safe_load((Path(__file__).parent / "rules_test.yaml").read_text())["tests"]
    asked = [(ask["alertname"], bool(ask.get("exp_alerts"))) for case in cases for ask in case["alert_rule_test"]]
    names = {rule["alert"] for rule in rules() if "alert" in rule}
    for fires in (True, False):
        assert {name for name, expected in asked if expected is fires} == names


def sections() -> dict[str, str]:
    parts = re.split(r"^## (.+)$", (DEPLOY / "runbook.md").read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_the_runbook_has_no_section_of_an_alert_that_is_gone() -> None:
    text = (DEPLOY / "runbook.md").read_text()
    chapter = text.split("\n# Alerts\n")[1].split("\n# Procedures\n")[0]
    assert set(re.findall(r"^## (.+)$", chapter, flags=re.MULTILINE)) == {
        rule["alert"] for rule in rules() if "alert" in rule
    }


def test_every_lasting_stage_is_scraped_and_missed_when_absent() -> None:
    config = yaml.safe_load((DEPLOY / "prometheus/prometheus.yaml").read_text())
    jobs = {job["job_name"]: job["dns_sd_configs"][0]["names"] for job in config["scrape_configs"]}
    assert jobs == {f"earshot-{stage}": [stage] for stage in running_stages()}
    down = next(rule["expr"] for rule in rules() if rule.get("alert") == "StageDown")
    assert all(f'job="{job}"' in down for job in jobs)
    assert all((DEPLOY / "prometheus" / file).is_file() for file in config["rule_files"])


def test_each_panel_of_the_dashboard_is_whole_and_reads_the_provisioned_source() -> None:
    source = yaml.safe_load((DEPLOY / "grafana/datasource.yaml").read_text())["datasources"][0]
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        assert panel["title"]
        assert panel["datasource"]["uid"] == source["uid"]
        assert all(target["datasource"]["uid"] == source["uid"] for target in panel["targets"])


def test_metric_names_and_actions_follow_the_conventions() -> None:
    for metric in METRICS:
        assert re.fullmatch(r"[a-z][a-z_]*", metric.name)
        assert (metric.kind == "counter") == metric.name.endswith("_total")
        assert metric.about
        assert metric.action
