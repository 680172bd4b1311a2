"""The validators of other languages see the contract: ajv in strict mode, and AsyncAPI's own parser."""

import json
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from schemas.tools.export import modelled_topics
from tests.pipeline_lab import ROOT

SCRIPTS = Path(__file__).parent / "validators"
ACCEPTED_BY = {"schema": False, "model": True, "bytes": None}
"""Maps what `expected.json` says can refuse an invalid example to what a JSON Schema says of it."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copies the scripts to a folder, beside what npm installs for them."""
    made = tmp_path_factory.mktemp("validators")
    for path in SCRIPTS.iterdir():
        shutil.copy(path, made / path.name)
    npm = ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--silent"]
    subprocess.run(npm, cwd=made, check=True, timeout=280)
    return made


def said_by(folder: Path, script: str, path: Path) -> list[dict[str, Any]]:
    done = subprocess.run(["node", script, str(path)], cwd=folder, check=True, capture_output=True, timeout=200)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_ajv_in_strict_mode_compiles_every_schema_and_agrees_about_every_example(folder: Path) -> None:
    told = said_by(folder, "examples.mjs", ROOT / "schemas")
    assert {line["topic"] for line in told} == {topic.name for topic in modelled_topics()}
    wrong: list[dict[str, Any]] = []
    for line in told:
        expected: bool | None = True
        if line["kind"] == "invalid":
            listed = ROOT / "schemas/published/examples" / line["topic"] / "v1/expected.json"
            expected = ACCEPTED_BY[
                json.loads(listed.read_text())[line["name"].removesuffix(".json")]["refused_by"]
            ]
        if line["accepts"] is not expected:
            wrong.append(line)
    assert wrong == []
    print(Counter((line["kind"], line["accepts"]) for line in told))  # noqa: T201


def test_the_official_parser_finds_nothing_to_say_about_the_asyncapi_document(folder: Path) -> None:
    assert said_by(folder, "asyncapi.mjs", ROOT / "schemas/published/asyncapi.yaml") == [
        {"version": "3.1.0", "diagnostics": []}
    ]
