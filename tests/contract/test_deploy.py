"""Image, compose file and runbook parse and name only verbs, settings, topics and files that exist."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.cli import verbs
from pipeline.cli.text.env_example import variables
from pipeline.settings import HOST
from pipeline.stages import running_stages

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
SETTINGS = {variable for variable, _, _ in variables()}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return loaded


def ours(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: service for name, service in compose["services"].items() if "build" in service}


def instructions() -> list[tuple[str, str]]:
    """Yields (instruction, argument) of the Dockerfile, with continued lines joined."""
    text = re.sub(r"\\\n", " ", (DEPLOY / "Dockerfile").read_text())
    lines = (line.strip() for line in text.splitlines())
    split = (line.partition(" ") for line in lines if line and not line.startswith("#"))
    return [(head, tail.strip()) for head, _, tail in split]


def commands(text: str) -> Iterator[list[str]]:
    """Yields the `earshot ...` commands in prose or shell."""
    for found in re.findall(r"(?:^|[`&;] ?|- )earshot ([a-z][a-z -]*)", text, flags=re.MULTILINE):
        yield found.split()


def test_every_lasting_stage_is_a_service_with_its_command(compose: dict[str, Any]) -> None:
    lasting = {name: service for name, service in ours(compose).items() if service["restart"] != "no"}
    stages = {name: service["command"] for name, service in lasting.items()}
    assert stages == {stage: ["run", stage] for stage in running_stages()}


def test_setup_prepares_topics_tables_and_policy_before_any_stage(compose: dict[str, Any]) -> None:
    done = [command[:2] for command in commands(compose["services"]["setup"]["command"][0])]
    assert [command[0] for command in done] == ["topics", "migrate", "policy"]
    for stage in running_stages():
        condition = compose["services"][stage]["depends_on"]["setup"]["condition"]
        assert condition == "service_completed_successfully"
    assert {need["condition"] for need in compose["services"]["setup"]["depends_on"].values()} == {
        "service_healthy"
    }


def test_every_lasting_service_has_limits_and_bounded_logs(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        if service["restart"] != "no":
            assert service["mem_limit"], name
            assert service["cpus"] > 0, name
            assert set(service["logging"]["options"]) == {"max-size", "max-file"}, name


def test_ingest_keeps_its_manifests_in_a_volume_and_starts_only_when_called(compose: dict[str, Any]) -> None:
    ingest = compose["services"]["ingest"]
    assert ingest["profiles"]
    [volume] = ingest["volumes"]
    home = dict(instructions())["ENV"].split("EARSHOT_STATE_DIR=")[1].split()[0]
    assert home.startswith(volume.split(":")[1] + "/")


def test_clients_outside_reach_a_listener_that_is_advertised_with_the_published_port(
    compose: dict[str, Any],
) -> None:
    kafka = compose["services"]["kafka"]
    listeners = dict(part.split("://") for part in kafka["environment"]["KAFKA_LISTENERS"].split(","))
    [port] = kafka["ports"]
    assert port.split(":")[-1] == listeners["OUTSIDE"].lstrip(":")
    assert (
        f"OUTSIDE://${{KAFKA_OUTSIDE:-{port.rpartition(':')[0]}}}"
        in kafka["environment"]["KAFKA_ADVERTISED_LISTENERS"]
    )


def test_alerts_have_somewhere_to_go(compose: dict[str, Any]) -> None:
    config = yaml.safe_load((DEPLOY / "prometheus/prometheus.yaml").read_text())
    [target] = config["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"]
    name, port = target.split(":")
    assert any(published.endswith(f":{port}") for published in compose["services"][name]["ports"])
    routing = yaml.safe_load((DEPLOY / "prometheus/alertmanager.yaml").read_text())
    receivers = {receiver["name"] for receiver in routing["receivers"]}
    assert {
        routing["route"]["receiver"],
        *(route["receiver"] for route in routing["route"]["routes"]),
    } <= receivers
    alerts = {
        rule["alert"]
        for group in yaml.safe_load((DEPLOY / "prometheus/rules.yaml").read_text())["groups"]
        for rule in group["rules"]
        if "alert" in rule
    }
    for rule in routing["inhibit_rules"]:
        named = set(re.findall(r"\b[A-Z]\w+", " ".join(rule["source_matchers"] + rule["target_matchers"])))
        assert named <= alerts


def test_services_that_are_waited_for_have_a_health_check(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for name, need in service.get("depends_on", {}).items():
            if need["condition"] == "service_healthy":
                assert compose["services"][name]["healthcheck"]["test"]


def test_environment_names_are_settings(compose: dict[str, Any]) -> None:
    for name, service in ours(compose).items():
        assert set(service["environment"]) <= SETTINGS, name


def test_every_lasting_stage_keeps_its_name_in_its_group_over_a_restart(compose: dict[str, Any]) -> None:
    for name, service in ours(compose).items():
        # A fixed name would be that of every replica too, and of two members of one name one ends the other.
        assert service["environment"]["EARSHOT_KAFKA__INSTANCE_ID"] == HOST, name


def test_images_are_pinned_and_name_no_registry(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        image, _, tag = service["image"].partition(":")
        assert re.match(r"v?\d+\.\d+", tag), service["image"]
        assert "." not in image.split("/")[0]


def test_no_password_has_a_default(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for variable, value in service.get("environment", {}).items():
            if "PASSWORD" in variable:
                assert re.fullmatch(r"\$\{[A-Z_]+:\?[^}]+\}", value), variable


def test_published_ports_are_local_only(compose: dict[str, Any]) -> None:
    ports = [port for service in compose["services"].values() for port in service.get("ports", ())]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_mounted_files_and_named_volumes_exist(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for volume in service.get("volumes", ()):
            source = re.sub(r"\$\{[^}]*\}", "", volume).split(":")[0]
            if source.startswith("."):
                assert (DEPLOY / source).exists(), volume
            elif source:
                assert source in compose["volumes"], volume


def test_the_image_copies_what_exists_and_what_the_build_lets_through() -> None:
    let_through = {
        line.removeprefix("!")
        for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    copied = [source for head, tail in instructions() if head == "COPY" for source in tail.split()[:-1]]
    assert set(copied) == let_through
    for source in copied:
        assert (ROOT / source).exists(), source


def test_the_image_runs_unprivileged_has_a_health_check_and_names_no_registry() -> None:
    heads = [head for head, _ in instructions()]
    said = dict(instructions())
    assert heads[0] == "FROM"
    assert "." not in said["FROM"].split(":")[0]
    assert said["USER"] not in {"root", "0"}
    assert heads.index("USER") < heads.index("ENTRYPOINT")
    assert "/healthz" in said["HEALTHCHECK"]
    assert ast.literal_eval(said["ENTRYPOINT"]) == ["earshot"]
    text = (DEPLOY / "Dockerfile").read_text()
    assert re.findall(r"https?://[^/:' ]+", text) == ["http://127.0.0.1"]
    assert "index-url" not in text


def test_settings_of_the_image_exist() -> None:
    named = set(re.findall(r"\bEARSHOT_[A-Z_]+", (DEPLOY / "Dockerfile").read_text()))
    assert named <= SETTINGS


@pytest.mark.parametrize("file", ["runbook.md", "compose.yaml"])
def test_commands_in_the_text_are_verbs(file: str) -> None:
    found = list(commands((DEPLOY / file).read_text()))
    assert found
    for command in found:
        assert command[0] in verbs(), command
        if command[0] == "run" and len(command) > 1:
            assert command[1] in {*running_stages(), "all"}, command


def test_settings_in_the_runbook_exist() -> None:
    assert set(re.findall(r"\bEARSHOT_[A-Z_]+", (DEPLOY / "runbook.md").read_text())) <= SETTINGS


def test_license_is_the_whole_apache_2_text() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_the_changelog_has_the_sections_of_keep_a_changelog() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    assert text.startswith("# Changelog\n")
    assert "## [Unreleased]" in text
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert set(re.findall(r"^### (.+)$", text, flags=re.MULTILINE)) <= kinds
