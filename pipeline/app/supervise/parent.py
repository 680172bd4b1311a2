"""A worker must not outlive its supervisor, not even one that was killed with SIGKILL.

In: the read end of a pipe whose only write end the supervisor holds. Out: this process ends after the system
closed that end. A pipe and not PR_SET_PDEATHSIG: that is Linux only and fires when the *thread* that started
the child ends. Never here: anything about stages.
"""

import os
import signal
import stat
import threading
from collections.abc import Callable

from pipeline.environment import PARENT_FD
from pipeline.errors import EXIT_RESTART, Misconfigured

GRACE_S = 10.0
"""Time for a clean end; after it, the group has given this worker's partitions away (session.timeout.ms)."""


def follow_parent(
    descriptor: int,
    *,
    grace_s: float = GRACE_S,
    terminate: Callable[[], None] = lambda: os.kill(os.getpid(), signal.SIGTERM),
    leave: Callable[[int], None] = os._exit,
) -> threading.Thread:
    """Watches the pipe from a daemon thread: at its end SIGTERM to this process, then exit 70 after `grace_s`.

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
    # A child of this worker would keep its own copy open and read nothing useful from it.
    os.set_inheritable(descriptor, False)

    def watch() -> None:
        while os.read(descriptor, 1):
            pass
        terminate()
        threading.Event().wait(grace_s)
        leave(EXIT_RESTART)

    thread = threading.Thread(target=watch, name="parent", daemon=True)
    thread.start()
    return thread
