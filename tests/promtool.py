"""Where Prometheus' own checker is, if it is installed: `go install .../cmd/promtool@latest`, or a package."""

import os
import shutil
from pathlib import Path


def find_promtool() -> str | None:
    """Path of promtool, on PATH or where `go install` puts it."""
    go = Path(os.environ.get("GOBIN") or Path.home() / "go/bin")
    return shutil.which("promtool") or shutil.which("promtool", path=str(go))
