"""Whether a queue takes new cases and offers those that it has, by its opening hours and its room.

A queue that holds its cases outside of its hours has an `Opening` among the entities. A timer changes it at each
edge of the hours, and the classes follow it, so that a decision never asks a calendar and nothing walks over the
cases.
"""

from pipeline.route.policies import PolicyBook
from pipeline.route.state.entities import Opening
from pipeline.route.state.state import State
from schemas.policy.queues import Queue


def follow_policy(state: State, book: PolicyBook, workspace: str, now_ms: int) -> None:
    """Opens and closes the queues of a workspace as the policy in force says."""
    view = book.view(workspace)
    held = {} if view is None else {queue.name: queue for queue in view.policy.queues if _holds(queue)}
    for name in sorted({*held, *state.workspaces[workspace].openings}):
        state.put(
            "hours", workspace, name, _opening(book, held[name], workspace, now_ms) if name in held else None
        )


def turn_over(state: State, book: PolicyBook, workspace: str, name: str, now_ms: int) -> None:
    """Opens or closes a queue whose hours have begun or ended."""
    queue = book.queue(workspace, name)
    holds = queue is not None and queue.name == name and _holds(queue)
    state.put("hours", workspace, name, _opening(book, queue, workspace, now_ms) if queue and holds else None)


def queue_for_new(state: State, book: PolicyBook, workspace: str, queue: Queue, now_ms: int) -> Queue:
    """Returns the queue that takes a new case: this one, or where its overflow leads to."""
    while (name := queue.limits.overflow_queue) is not None and not _admits(state, book, workspace, queue, now_ms):
        beyond = book.queue(workspace, name)
        assert beyond is not None, "the queue is of a policy"
        queue = beyond
    return queue


def _admits(state: State, book: PolicyBook, workspace: str, queue: Queue, now_ms: int) -> bool:
    most = queue.limits.max_waiting
    if most is not None and state.workspaces[workspace].waiting[queue.name] >= most:
        return False
    if queue.closed != "overflow" or queue.calendar is None:
        return True
    is_open, _ = book.hours(workspace, queue.calendar).at(now_ms)
    return is_open


def _holds(queue: Queue) -> bool:
    return queue.calendar is not None and queue.closed == "hold"


def _opening(book: PolicyBook, queue: Queue, workspace: str, now_ms: int) -> Opening:
    assert queue.calendar is not None, "only a queue with hours opens"
    return Opening(*book.hours(workspace, queue.calendar).at(now_ms))
