"""The table of stages is the only list of them: all else derives from it, or agrees with it here."""

import ast
import re
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

import pipeline
from pipeline.adapters.kafka.storing.consumer import LoopSpec
from pipeline.metrics import METRICS
from pipeline.settings import Settings
from pipeline.sink.agent import TABLES
from pipeline.stages import STAGES, Stage, inputs_by_group, lasting_stages, running_stages, stage_of
from schemas.topics import FEEDBACK, JOURNAL, POLICY_LOG, TOPICS

ROOT = Path(__file__).parents[2]
ORDER = tuple(stage.name for stage in STAGES)
SHARED_SECTIONS = {"kafka", "clickhouse", "model", "operate"}
"""Sections of the settings that belong to a machine, or to every process."""

every_stage = pytest.mark.parametrize("stage", STAGES, ids=ORDER)
every_lasting_stage = pytest.mark.parametrize("stage", lasting_stages(), ids=running_stages())


def named(text: str) -> set[str]:
    """The topics of the contract that a text names."""
    known = {topic.name for topic in TOPICS}
    return {word for word in re.findall(r"[a-z]+(?:\.[a-z]+)*", text) if word in known}


def source(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


# --- the table itself


def test_state_is_neither_input_nor_output() -> None:
    route = stage_of("route")
    assert [topic.name for topic in route.state] == ["route.state"]
    assert not {*route.state} & {*route.reads, *route.writes}
    enrich = stage_of("enrich")
    assert [topic.name for topic in enrich.state] == ["influence.state"]
    # It derives engagements of its own beside those that connectors send.
    assert {topic.name for topic in {*enrich.reads} & {*enrich.writes}} == {"engagements"}


def test_dead_letters_follow_from_the_inputs() -> None:
    dead = {stage.name: {topic.name for topic in stage.dead_letters} for stage in STAGES}
    assert dead["enrich"] == {"posts.raw.dlq", "engagements.dlq"}
    assert dead["route"] == {"posts.actionable.dlq", "route.signals.dlq", "reps.events.dlq"}
    assert dead["ingest"] == set()


def test_lasting_processes_are_the_stages_that_read() -> None:
    assert running_stages() == ("enrich", "route", "sink")
    assert {stage.name for stage in STAGES if stage.reads} == set(running_stages())


def test_a_journal_is_written_and_no_output_of_a_decision() -> None:
    route = stage_of("route")
    assert {*route.writes} - {*route.outputs} == {JOURNAL, POLICY_LOG}


def test_policies_are_read_and_belong_to_no_group() -> None:
    assert inputs_by_group() == {
        "earshot-enrich": ["posts.raw", "engagements"],
        "earshot-route": ["posts.actionable", "route.signals", "reps.events"],
        "earshot-sink": ["posts.scored", "assignments", "cases.events", "route.gauges"],
    }


def test_every_topic_is_read_and_written_by_someone_in_the_flow_or_outside() -> None:
    # Corrections go from desktops to training, and no stage of the flow has to do with them.
    for topic in set(TOPICS) - {FEEDBACK}:
        assert {*topic.producers, *topic.consumers} & set(ORDER), topic.name


# --- code


@every_stage
def test_a_stage_is_a_folder(stage: Stage) -> None:
    assert (ROOT / f"pipeline/{stage.name}/__init__.py").is_file()


@every_lasting_stage
def test_a_lasting_stage_has_a_module_of_the_app_that_runs_it(stage: Stage) -> None:
    module = import_module(f"pipeline.app.stages.{stage.name}")
    assert stage.name == module.STAGE
    assert callable(module.run)


@every_stage
def test_liveness_is_told_where_a_process_lasts_and_is_what_its_module_does(stage: Stage) -> None:
    assert (stage.liveness is not None) == stage.lasts
    if stage.lasts:
        code = source(f"pipeline/app/stages/{stage.name}.py")
        assert "adiness.beat" in code
        assert ("LagWatchdog(" in code) == (stage.liveness == "beats and commits")


def test_no_module_of_the_app_runs_a_stage_that_is_not_in_the_table() -> None:
    modules = {path.stem for path in (ROOT / "pipeline/app/stages").glob("*.py")} - {"__init__"}
    assert modules <= set(ORDER)


def test_sections_of_the_settings_belong_to_a_stage_or_to_all() -> None:
    sections = {name for name, field in Settings.model_fields.items() if hasattr(field.annotation, "model_fields")}
    assert sections == SHARED_SECTIONS | {stage.settings for stage in STAGES if stage.settings}


def test_the_sink_has_a_table_for_each_topic_that_it_reads() -> None:
    assert set(TABLES) == {topic.name for topic in stage_of("sink").inputs}


def test_a_batch_loop_joins_the_group_of_its_stage() -> None:
    spec = LoopSpec("sink", (), lambda start, end: pytest.fail("not asked for"))
    assert spec.group == stage_of("sink").group


def test_metrics_belong_to_stages_of_the_table() -> None:
    assert {name for metric in METRICS for name in metric.stages} <= set(ORDER)


# --- the import contracts


def contracts() -> dict[str, dict[str, Any]]:
    config = tomllib.loads(source("pyproject.toml"))
    return {contract["type"]: contract for contract in config["tool"]["importlinter"]["contracts"][1:3]}


def test_the_stages_are_one_layer_of_parts_that_do_not_know_each_other() -> None:
    layer = next(line for line in contracts()["layers"]["layers"] if "|" in line)
    assert {part.strip() for part in layer.split("|")} == {"adapters", *ORDER}


def test_the_rule_of_purity_covers_every_stage() -> None:
    ruled = {module.removeprefix("pipeline.") for module in contracts()["forbidden"]["source_modules"]}
    assert ruled == {*ORDER, "influence", "loop"}


# --- deployment


def scrape_jobs() -> dict[str, Any]:
    config = yaml.safe_load(source("deploy/prometheus/prometheus.yaml"))
    return {job["job_name"]: job for job in config["scrape_configs"]}


def alarm_of_missing_stages() -> str:
    groups = yaml.safe_load(source("deploy/prometheus/rules.yaml"))["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    return str(next(rule["expr"] for rule in rules if rule.get("alert") == "StageDown"))


@every_lasting_stage
def test_prometheus_finds_a_stage_by_its_service_and_port(stage: Stage) -> None:
    found = {"names": [stage.name], "type": "A", "port": stage.port}
    assert scrape_jobs()[stage.group]["dns_sd_configs"] == [found]


@every_lasting_stage
def test_a_stage_without_workers_raises_the_alarm(stage: Stage) -> None:
    assert f'absent(up{{job="{stage.group}"}})' in alarm_of_missing_stages()


def test_prometheus_asks_for_no_stage_that_is_not_in_the_table() -> None:
    groups = {stage.group for stage in lasting_stages()}
    assert set(scrape_jobs()) <= groups
    assert set(re.findall(r'job="([^"]+)"', alarm_of_missing_stages())) <= groups


@every_lasting_stage
def test_compose_runs_a_stage_as_a_service_at_the_port_of_the_image(stage: Stage) -> None:
    services = yaml.safe_load(source("deploy/compose.yaml"))["services"]
    assert services[stage.name]["command"] == ["run", stage.name]
    image = source("deploy/Dockerfile")
    assert f"EARSHOT_OPERATE__HTTP_PORT={stage.port} " in image
    assert f"EXPOSE {stage.port}\n" in image


# --- words


def drawing() -> dict[str, tuple[str, str]]:
    """Stage to what stands left and right of its arrow at the head of the package."""
    lines = re.findall(r"^(\w+) +(.*?)-> *(.*)$", pipeline.__doc__ or "", flags=re.MULTILINE)
    return {stage: (left, right) for stage, left, right in lines}


def test_the_drawing_shows_the_stages_in_order() -> None:
    assert tuple(drawing()) == ORDER


@every_stage
def test_what_is_drawn_is_read_and_written(stage: Stage) -> None:
    left, right = drawing()[stage.name]
    outputs, _, note = right.partition("(")
    assert named(left) | named(note) == {topic.name for topic in stage.inputs}
    # The main ones are drawn; the README lists all, see below.
    assert named(outputs) <= {topic.name for topic in stage.outputs}
    assert bool(named(outputs)) == bool(stage.outputs)


def readme_rows() -> dict[str, list[str]]:
    chapter = source("README.md").split("## What it does, stage by stage\n")[1].split("\n## ")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in chapter.splitlines() if line[:1] == "|"
    ]
    return {row[0]: row[1:] for row in rows[2:]}


def test_the_readme_has_a_row_for_each_stage_that_does_something() -> None:
    assert list(readme_rows()) == [stage.name for stage in STAGES if stage.reads or stage.writes]


@pytest.mark.parametrize("name", readme_rows())
def test_the_readme_says_what_a_stage_reads_and_writes(name: str) -> None:
    reads, writes, _ = readme_rows()[name]
    cells = [
        named(" ".join(name for name in re.findall(r"`([^`]+)`", cell) if "<" not in name))
        for cell in (reads, writes)
    ]
    written = {topic.name for topic in stage_of(name).writes}
    tables = (cells[1] & cells[0]) - written
    """The sink's table `assignments` bears the name of its topic."""
    assert cells[0] == {topic.name for topic in stage_of(name).reads}
    assert cells[1] - tables == written


# --- no second list


def displays(path: Path) -> Iterator[tuple[int, set[str]]]:
    """Line and texts of each list, tuple, set and dict of a module that is written out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    # A metric that only some stages have says so; that they are stages is asked above.
    own = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg == "stages"}
    for node in ast.walk(tree):
        items: list[Any] = []
        if isinstance(node, ast.Tuple | ast.List | ast.Set) and id(node) not in own:
            items = node.elts
        elif isinstance(node, ast.Dict):
            items = node.keys
        if items:
            texts = {
                item.value for item in items if isinstance(item, ast.Constant) and isinstance(item.value, str)
            }
            yield items[0].lineno if items[0] is not None else 0, texts


def second_lists(path: Path) -> list[int]:
    names = {*ORDER, *(stage.group for stage in STAGES)}
    return [line for line, texts in displays(path) if len(texts & names) > 1]


def test_no_second_list_of_stages_stands_beside_the_table() -> None:
    found = [
        (path.relative_to(ROOT), line) for path in (ROOT / "pipeline").rglob("*.py") for line in second_lists(path)
    ]
    assert found == []


def test_a_second_list_would_be_noticed(tmp_path: Path) -> None:
    planted = tmp_path / "planted.py"
    planted.write_text('A = 1\nGROUPS = {"earshot-enrich": 1, "earshot-sink": 2}\nSOME = ["route", "sink"]\n')
    assert second_lists(planted) == [2, 3]
