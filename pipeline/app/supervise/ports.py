"""Chooses where a worker answers for its health."""

import contextlib
import socket
from collections.abc import Set

from pipeline.errors import Misconfigured


def free_port(host: str, before: int, others: Set[int]) -> int:
    """Returns the port of the worker's life before while nobody else listens there, so that a scraper finds it
    again. Otherwise it is any free port that no other worker was told, because a worker listens only some seconds
    after it was told. A worker that finds its port taken nevertheless ends with 3 and gets another.

    Args:
        host: the address to listen on.
        before: the worker's last port; 0: none.
        others: what the other workers were told.

    Raises:
        Misconfigured: this machine cannot listen on `host`.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with contextlib.ExitStack() as held:
        # A port that was told to another worker stays bound until the search ends, so that the system offers the
        # next one. More than one port a worker is never needed.
        for port in (before, *[0] * (len(others) + 1)):
            probe = held.enter_context(socket.socket(family))
            if port:
                # The probe binds as the health server does, because connections of the life before may still be in
                # TIME_WAIT.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            found = int(probe.getsockname()[1])
            if found not in others:
                return found
    raise Misconfigured(f"EARSHOT_OPERATE__HTTP_HOST: this machine cannot listen on {host}")
