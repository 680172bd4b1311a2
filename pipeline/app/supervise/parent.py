"""Ends a worker whose supervisor is gone, even one that was killed with SIGKILL.

The worker holds the read end of a pipe, and the supervisor holds the only write end, which the system closes with
the supervisor. PR_SET_PDEATHSIG would not do, because it is Linux only and fires when the *thread* that started
the child ends.
"""

import os
import signal
import stat
import threading
from collections.abc import Callable

from pipeline.environment import PARENT_FD
from pipeline.errors import EXIT_RESTART, Misconfigured

GRACE_S = 10.0
"""Seconds for a clean end. After them the group has given this worker's partitions away (session.timeout.ms)."""


def follow_parent(
    descriptor: int,
    *,
    grace_s: float = GRACE_S,
    terminate: Callable[[], None] = lambda: os.kill(os.getpid(), signal.SIGTERM),
    leave: Callable[[int], None] = os._exit,
) -> threading.Thread:
    """Watches the pipe from a daemon thread. At its end the process gets SIGTERM, and exits with 70 after
    `grace_s`.

    Args:
        descriptor: read end of the pipe; nothing is ever written to it.
        grace_s: seconds between asking and leaving.
        terminate: asks this process to end.
        leave: ends it at once, whatever it does.

    Raises:
        Misconfigured: the descriptor is no open pipe.
    """
    try:
        is_pipe = stat.S_ISFIFO(os.fstat(descriptor).st_mode)
    except OSError:
        is_pipe = False
    if not is_pipe:
        raise Misconfigured(f"{PARENT_FD}={descriptor} is no open pipe: only `earshot run all` sets it")
    # The descriptor is kept from children, since a child of this worker would keep its own copy open and read
    # nothing useful from it.
    os.set_inheritable(descriptor, False)

    def watch() -> None:
        while os.read(descriptor, 1):
            pass
        terminate()
        # The stage gets this time to finish. After it the worker must not write any more.
        threading.Event().wait(grace_s)
        leave(EXIT_RESTART)

    thread = threading.Thread(target=watch, name="parent", daemon=True)
    thread.start()
    return thread
