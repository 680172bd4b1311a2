"""Cases follow a policy: their queue when it goes to another team or is withdrawn, and deadlines when they change.

The cases of a queue that is gone go to the default queue. They keep their age. There may be a million of them, so
they are moved some at a time, while records go on to be handled in between. A case that begins to wait meanwhile
is moved at once. The timer that moves them also offers what the policy has made possible, which may be all there
is to do.
"""

from collections.abc import Mapping
from itertools import chain, islice, repeat
from zlib import crc32

from pipeline.route import promises
from pipeline.route.limits import silence
from pipeline.route.state.classes import DemandClass
from pipeline.route.state.entities import Case, Move
from pipeline.route.state.indexes import Workspace
from pipeline.route.turn import Turn

SLICE = 200
"""Cases that are moved together, which takes about 20 ms."""
MOST_PARTS = 256
"""Parts into which the open cases are divided, whose deadlines are counted anew after each other. To find those of
a part, all ids are looked at."""
PAUSE_MS = 100
"""Time until the next of them, so that 10^5 cases are moved in a minute and records wait for none of it."""


def follow_policy(turn: Turn, cases: Mapping[str, tuple[Workspace, DemandClass]]) -> None:
    """Moves those of the cases, each by id with its workspace and class, that wait in a queue which is not as the
    policy in force has it."""
    astray = [
        (workspace.name, case_id)
        for case_id, (workspace, demand) in cases.items()
        if _is_astray(turn, workspace.name, demand)
    ]
    # Sorted, so that the order of the events does not depend on that of the changes before.
    for workspace_name, case_id in sorted(astray):
        case = turn.state.case(workspace_name, case_id)
        if case is not None and case.state == "waiting":
            _follow(turn, case)


def _follow(turn: Turn, case: Case) -> None:
    queue = turn.book.queue(case.workspace, case.queue)
    assert queue is not None, "a case is astray only where there is a policy"
    reason = "queue_moved" if queue.name == case.queue else "queue_gone"
    turn.step(case._replace(queue=queue.name, team=queue.team), "requeued", reason)


def begin_move(turn: Turn, workspace: str, *, promised: bool) -> None:
    """Sees to it that all waiting cases are moved whose queue is not as the policy in force has it, or offered.

    Args:
        turn: that of the policy.
        workspace: whose policy it is.
        promised: whether it promises something else than the policy before, so that the deadlines of all open
            cases are counted anew.
    """
    of = turn.state.workspaces[workspace]
    cases = len(of.cases)
    if promised and cases:
        parts = min(1 + cases // SLICE, MOST_PARTS)
        turn.state.put("move", workspace, "", Move(turn.now_ms, parts, parts))
    elif turn.state.move(workspace) is None and any(map(len, of.classes.demands())):
        turn.state.put("move", workspace, "", Move(turn.now_ms))


def move_some(turn: Turn, workspace: str) -> None:
    """Moves the next of them, or counts the deadlines of some cases anew, and sees to the rest."""
    move = turn.state.move(workspace)
    assert move is not None, "it is due"
    # A record that was given up since has undone what the policy marked.
    turn.state.indexes.touch(turn.state.workspaces[workspace])
    parts_left = move.parts_left
    if _astray(turn, workspace):
        _move(turn, workspace)
    elif parts_left:
        parts_left -= 1
        _recount(turn, workspace, parts_left, move.parts)
    rest = Move(turn.now_ms + PAUSE_MS, parts_left, move.parts)
    turn.state.put("move", workspace, "", rest if parts_left or _astray(turn, workspace) else None)


def _recount(turn: Turn, workspace: str, part: int, parts: int) -> None:
    # A part is told by the ids alone, and one more case in it changes nothing. So it makes no difference which
    # cases were opened since, or in which order a restore has brought them.
    cases = turn.state.workspaces[workspace].cases
    for case_id in sorted(case_id for case_id in cases if crc32(case_id.encode()) % parts == part):
        before = turn.book.weighed(cases[case_id])
        after = silence.limited(turn.book, turn.book.placed(promises.recounted(turn.book, before)))
        if after != before:
            turn.step(after, "rescheduled", "policy_changed")
        elif before is not cases[case_id]:
            turn.state.put_case(before)


def _move(turn: Turn, workspace: str) -> None:
    # Each that is moved leaves its class, so that the next one is the oldest.
    each = chain.from_iterable(repeat(demand, len(demand)) for demand in _astray(turn, workspace))
    for demand in islice(each, SLICE):
        oldest = demand.fresh.oldest or demand.parked.oldest
        case = None if oldest is None else turn.state.case(workspace, oldest[1])
        assert case is not None, "lanes hold open cases"
        _follow(turn, case)


def _astray(turn: Turn, workspace: str) -> list[DemandClass]:
    """Returns the classes of waiting cases whose queue is not as the policy in force has it, in a fixed order."""
    demands = turn.state.workspaces[workspace].classes.demands()
    found = [demand for demand in demands if len(demand) and _is_astray(turn, workspace, demand)]
    return sorted(found, key=lambda demand: demand.key)


def _is_astray(turn: Turn, workspace: str, demand: DemandClass) -> bool:
    queue = turn.book.queue(workspace, demand.key.queue)
    return queue is not None and (queue.name != demand.key.queue or queue.team != demand.key.team)
