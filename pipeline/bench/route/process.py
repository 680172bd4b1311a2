"""Starts a runner in a process of its own, with the code of one checkout."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import xxhash

import pipeline
from pipeline.bench.route.templates import POLICY
from pipeline.errors import MustRestart

OURS = Path(pipeline.__file__).parents[1]
"""This checkout."""
TEMPLATES_FILE = "templates.jsonl"
_BOOT = (
    "import sys, pipeline.bench; pipeline.bench.__path__.insert(0, sys.argv[1]); "
    "from pipeline.bench.route.runner import main; main(sys.argv[2])"
)
"""Runs the runner of this checkout inside the package of the other one."""


class RouterProcess:
    """A runner in a process of its own."""

    def __init__(self, checkout: Path, folder: Path) -> None:
        self._checkout = checkout
        setting = {
            "checkout": str(checkout),
            "templates": str(folder / TEMPLATES_FILE),
            "workspace": POLICY.workspace,
            "policy": POLICY.model_dump_json(exclude_none=True),
            "changelog": str(folder / xxhash.xxh3_64_hexdigest(str(checkout).encode())),
        }
        # With -P neither the working directory nor a script's folder comes before the checkout.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", _BOOT, str(OURS / "pipeline" / "bench"), json.dumps(setting)],
            env=os.environ | {"PYTHONPATH": str(checkout)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def __call__(self, order: str, **arguments: object) -> Mapping[str, Any]:
        """Carries out an order and returns the answer.

        Raises:
            MustRestart: the process ended.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"order": order} | arguments).encode() + b"\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise MustRestart(f"the router of {self._checkout} ended at {order}: exit code {self._process.wait()}")
        result: Mapping[str, Any] = json.loads(answer)
        return result

    def close(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.communicate()


@contextmanager
def running(checkout: Path, folder: Path) -> Iterator[RouterProcess]:
    """Runs the router of a checkout until the block ends.

    Args:
        checkout: folder of the checkout.
        folder: where the templates lie and the changelog is.
    """
    process = RouterProcess(checkout, folder)
    try:
        yield process
    finally:
        process.close()
