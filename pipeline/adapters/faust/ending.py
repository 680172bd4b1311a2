"""Ends a worker's process at once, which with Faust is the only end that commits nothing."""

import os
import sys
from typing import NoReturn

from pipeline.errors import EXIT_RESTART


def end_at_once(why: str | None = None) -> NoReturn:
    """Ends the process for a restart. Anything gentler (an exception, app.crash) would acknowledge on its way out.

    Args:
        why: what to say on standard error; None where the caller has logged it.
    """
    if why is not None and sys.__stderr__ is not None:
        sys.__stderr__.write(f"enrich: {why}, ending at once\n")
    os._exit(EXIT_RESTART)
