"""Notices that Faust's client has given up its place in the consumer group, which Faust itself never does.

aiokafka stops joining and waits until somebody asks it for the error (`_push_error_to_user` in
`consumer/group_coordinator.py` of 0.14.0). Its own consumer asks at each read. Faust reads behind its back and
never asks, so the worker would stay alive, own nothing and wait for ever. It happens when another member has its
name, when the group's members share no protocol, or when the worker may no longer read the group.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import faust


def membership_error(app: "faust.App") -> BaseException | None:
    """Returns the error for which the client no longer tries to be a member; None while it does.

    It only looks, so that the thread of the client may go on meanwhile. Any thread may call it.
    """
    # Not `app.consumer`, which would make the consumer when it is asked before the start.
    thread = getattr(app._consumer, "_thread", None)
    coordinator = getattr(getattr(thread, "_consumer", None), "_coordinator", None)
    pending: BaseException | None = getattr(coordinator, "_pending_exception", None)
    if pending is not None:
        return pending
    task = getattr(coordinator, "_coordination_task", None)
    if task is None or not task.done() or task.cancelled():
        return None
    failure: BaseException | None = task.exception()
    return failure
