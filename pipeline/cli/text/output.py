"""Sends a command's words where they belong. Data goes to stdout, and everything for people to stderr."""

import sys
from typing import TYPE_CHECKING

from pydantic import BaseModel

if TYPE_CHECKING:
    from rich.console import Console

PIPE_WIDTH = 150
"""Columns of stdout where it is a pipe or a file. These have no width of their own, and nothing may be cut off
there."""


def say(text: str) -> None:
    """Writes a line for a person to stderr."""
    sys.stderr.write(text + "\n")
    # A person or a log should see the line now, also when stderr is a pipe.
    sys.stderr.flush()


def emit(text: str) -> None:
    """Writes a line of data to stdout."""
    sys.stdout.write(text + "\n")


def emit_json(message: BaseModel | dict[str, object]) -> None:
    """Writes one JSON line of data to stdout."""
    import orjson

    if isinstance(message, BaseModel):
        emit(message.model_dump_json(exclude_none=True))
    else:
        emit(orjson.dumps(message, default=str).decode())


def table_console() -> "Console":
    """Returns a rich console on stdout for tables and drawings."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else PIPE_WIDTH)
