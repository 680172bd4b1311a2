"""Sets up structured logs, which are events with key-value pairs. They are JSON in production and readable on a
terminal.

No event may hold the text of a post, or a secret.
"""

import logging
import sys
from typing import Any

import structlog

Log = structlog.stdlib.BoundLogger

ROOT_LOGGER = "earshot."
"""The names of our own loggers begin with this."""
BROKER_LOGGER = "brokers"
"""Logger that tells of a silence of the brokers. Nothing holds its lines back."""


def setup_logs(level: str, fmt: str) -> None:
    """Configures this process once, at its start. Logs go to stderr, and `fmt` is auto, json or console."""
    as_json = fmt == "json" or (fmt == "auto" and not sys.stderr.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderer = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processor=renderer))
    root = logging.getLogger()
    root.handlers = [handler]
    # Libraries below Earshot speak only when something is wrong. On a lower level Faust's root logger would build
    # debug records for each send.
    root.setLevel(logging.WARNING)
    logging.getLogger("earshot").setLevel(level.upper())


def get_log(stage: str) -> Log:
    """Returns the logger of a stage."""
    log: Log = structlog.get_logger(f"{ROOT_LOGGER}{stage}").bind(stage=stage)
    return log
