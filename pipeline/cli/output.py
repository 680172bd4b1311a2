"""Where a command's words go: data to stdout, everything for people to stderr."""

import sys

from pydantic import BaseModel


def say(text: str) -> None:
    """A line for a person, to stderr."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def emit(text: str) -> None:
    """A line of data, to stdout."""
    sys.stdout.write(text + "\n")


def emit_json(message: BaseModel | dict[str, object]) -> None:
    """One JSON line of data, to stdout."""
    import orjson

    if isinstance(message, BaseModel):
        emit(message.model_dump_json(exclude_none=True))
    else:
        emit(orjson.dumps(message, default=str).decode())
