"""Says where Prometheus' own checker is, if it is installed, by `go install .../cmd/promtool@latest` or as a
package.
"""

import os
import shutil
from pathlib import Path


def find_promtool() -> str | None:
    """Returns the path of promtool, on PATH or where `go install` puts it."""
    go = Path(os.environ.get("GOBIN") or Path.home() / "go/bin")
    return shutil.which("promtool") or shutil.which("promtool", path=str(go))
