"""Keeps the addresses of the embedded stack in one small private file.

Reading it starts nothing, and asks nobody whether the stack still runs.
"""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pipeline.errors import Misconfigured
from pipeline.local.processes import write_private

FILE_NAME = "stack.json"


@dataclass(frozen=True)
class Endpoints:
    """Addresses and credentials of the stack, which are all on 127.0.0.1."""

    kafka_bootstrap: str
    clickhouse_url: str
    clickhouse_user: str
    clickhouse_password: str = field(repr=False)
    clickhouse_reader_user: str = ""
    clickhouse_reader_password: str = field(default="", repr=False)


def read_endpoints(state_dir: Path) -> Endpoints | None:
    """Returns the endpoints that the last `up` in `state_dir` wrote. None says that there was none, or that `down`
    came after it.

    Raises:
        Misconfigured: the file is damaged.
    """
    path = state_dir / FILE_NAME
    try:
        return Endpoints(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise Misconfigured(f"{path} is damaged; `earshot local up` writes it anew") from error


def write_endpoints(state_dir: Path, endpoints: Endpoints) -> None:
    """Stores the endpoints, readable by this user only."""
    write_private(state_dir / FILE_NAME, json.dumps(asdict(endpoints)))
