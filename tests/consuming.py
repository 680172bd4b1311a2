"""Starts the example consumers as processes, and reads what a rep and the router said on the real topics."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline.adapters.kafka.reader import read_topic
from pipeline.local.endpoints import Endpoints
from pipeline.local.jars import ensure_jars
from pipeline.settings import KafkaSettings
from tests.pipeline_lab import ROOT

EXAMPLES = ROOT / "deploy" / "examples"


def python(_: Path) -> list[str]:
    return [sys.executable, str(EXAMPLES / "consume_assignments.py")]


def node(folder: Path) -> list[str]:
    """Runs in a copy of the example, beside what npm installs for it."""
    for name in ("package.json", "consume-assignments.mjs"):
        shutil.copy(EXAMPLES / name, folder / name)
    npm = ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--silent"]
    subprocess.run(npm, cwd=folder, check=True, timeout=240)
    return ["node", str(folder / "consume-assignments.mjs")]


def java(_: Path) -> list[str]:
    """Uses the jars of the embedded broker, among which are kafka-clients and jackson."""
    jars = ":".join(str(path) for path in ensure_jars(lambda done, of: None))
    return ["java", "-cp", jars, str(EXAMPLES / "ConsumeAssignments.java")]


CONSUMERS: dict[str, Callable[[Path], list[str]]] = {"python": python, "node": node, "java": java}
"""Maps a language to a function that prepares its example and returns the command."""
NEEDS = {"python": (), "node": ("node", "npm"), "java": ("java", "javac")}


def installed() -> list[str]:
    """Lists the languages whose example can run on this machine."""
    return [language for language, tools in NEEDS.items() if all(map(shutil.which, tools))]


def values(stack: Endpoints, topic: str, workspace: str) -> list[dict[str, Any]]:
    """Returns what a topic holds of a workspace."""
    kafka = KafkaSettings(bootstrap_servers=stack.kafka_bootstrap)
    found = [json.loads(message.value()) for message in read_topic(kafka, topic)]
    return [value for value in found if value["workspace"] == workspace]
