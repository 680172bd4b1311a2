"""What can be looked up about the entities: classes with their lanes and free reps, open cases, due times.

Each index is kept up to date from pairs of an old and a new entity alone, also those of an undone change, and is a
function of the entities that live now. A restore and an undo therefore need no code of their own here.
"""

from collections import Counter
from typing import cast

from sortedcontainers import SortedList

from pipeline.route.state.classes import Classes, RepClass
from pipeline.route.state.entities import (
    CLOSED_TTL_MS,
    Case,
    Closed,
    Entity,
    Key,
    Member,
    Move,
    PolicyInForce,
    Rep,
)
from pipeline.route.state.staff import Staff
from schemas.cases.case import CaseState

Due = tuple[int, str, str]
"""Due time in milliseconds since the epoch, workspace, and the id of the case that the timer is about. The id is
empty where cases are to be moved to other queues."""
OneOrMore = dict[str, str | set[str]]
"""A name leads to one other name or to a set of several, because nearly all lead to one and a set is large."""


class Touched:
    """Where a match may have become possible since the last one. Nothing else needs to be looked at."""

    def __init__(self) -> None:
        self.cases: set[tuple[str, str]] = set()
        """(workspace, case_id) of the cases that have begun to wait, or were refused by other reps than before."""
        self.freed: set[RepClass] = set()
        """The classes with a rep who has become free."""
        self.thinned: set[RepClass] = set()
        """The classes that have lost a rep who was present. All who are left may have refused a case."""

    def __bool__(self) -> bool:
        return bool(self.cases or self.freed or self.thinned)

    def clear(self) -> None:
        """Forgets what was touched, because it was matched."""
        self.cases.clear()
        self.freed.clear()
        self.thinned.clear()


class Workspace:
    """The look-ups of one workspace."""

    def __init__(self, touched: Touched) -> None:
        self.classes = Classes()
        self.staff = Staff(self.classes, touched.freed, touched.thinned)
        self.contacts: OneOrMore = {}
        """The open cases of each author."""
        self.closed_posts: OneOrMore = {}
        """The closed cases that each post has opened."""
        self.waiting: Counter[str] = Counter()
        """The number of waiting cases of each queue."""


class Indexes:
    """All look-ups of the router."""

    def __init__(self) -> None:
        self.policies: dict[str, PolicyInForce] = {}
        """The policy in force of each workspace."""
        self._workspaces: dict[str, Workspace] = {}
        self._posts: OneOrMore = {}
        self.timers: SortedList[Due] = SortedList()
        self.closed: SortedList[Due] = SortedList()
        """The closed cases that are remembered, each by the time of its end, workspace and id."""
        self.states: Counter[str] = Counter()
        self.present = 0
        self.touched = Touched()

    def workspace(self, name: str) -> Workspace:
        """Returns the look-ups of that workspace."""
        workspace = self._workspaces.get(name)
        if workspace is None:
            workspace = self._workspaces[name] = Workspace(self.touched)
        return workspace

    def next_due_ms(self) -> int | None:
        """Returns when the earliest timer of an open case, or of a move of cases, is due, in milliseconds."""
        return self.timers[0][0] if self.timers else None

    def next_forgotten_ms(self) -> int | None:
        """Returns when the next closed case is forgotten, in milliseconds."""
        return self.closed[0][0] + CLOSED_TTL_MS if self.closed else None

    def touch_all(self) -> None:
        """Marks every class with a free rep, as if all of them had just become free."""
        for workspace in self._workspaces.values():
            self.touched.freed.update(reps for reps in workspace.classes.reps() if reps.free)

    def open_cases(self, workspace: str, author_id: str) -> list[str]:
        """Returns the ids of the author's open cases, sorted."""
        return _sorted(self.workspace(workspace).contacts, author_id)

    def posts(self, case_id: str) -> list[str]:
        """Returns the ids of the posts of an open case, sorted."""
        return _sorted(self._posts, case_id)

    def load(self, workspace: str, rep_id: str) -> int:
        """Returns the sum of the weights of the cases that the rep has or is offered."""
        place = self.workspace(workspace).staff.place(rep_id)
        return 0 if place is None else place.load

    def held(self, workspace: str, rep_id: str) -> list[str]:
        """Returns the ids of the cases that the rep has or is offered, sorted."""
        place = self.workspace(workspace).staff.place(rep_id)
        return [] if place is None else sorted(place.held)

    def update(self, entity_key: Key, old: Entity | None, new: Entity | None) -> None:
        """Takes one change."""
        kind = entity_key[0]
        if kind == "case":
            self._case(cast("Case | None", old), cast("Case | None", new))
        elif kind == "rep":
            self._rep(cast("Rep | None", old), cast("Rep | None", new))
        elif kind == "post":
            self._member(entity_key[2], cast("Member | None", old), cast("Member | None", new))
        elif kind == "policy":
            self._policy(entity_key[1], cast("PolicyInForce | None", new))
        elif kind == "closed":
            self._closed(entity_key, cast("Closed | None", old), cast("Closed | None", new))
        elif kind == "move":
            self._move(entity_key[1], cast("Move | None", old), cast("Move | None", new))

    def _policy(self, workspace: str, new: PolicyInForce | None) -> None:
        if new is None:
            self.policies.pop(workspace, None)
        else:
            self.policies[workspace] = new

    def _move(self, workspace: str, old: Move | None, new: Move | None) -> None:
        dues = (None if move is None else (move.due_ms, workspace, "") for move in (old, new))
        self._set_due(*dues)

    def _closed(self, entity_key: Key, old: Closed | None, new: Closed | None) -> None:
        _, workspace, case_id = entity_key
        if old is not None:
            self.closed.remove((old.closed_ms, workspace, case_id))
            _remove_one(self.workspace(workspace).closed_posts, old.root_post_id, case_id)
        if new is not None:
            self.closed.add((new.closed_ms, workspace, case_id))
            _add_one(self.workspace(workspace).closed_posts, new.root_post_id, case_id)

    def _case(self, old: Case | None, new: Case | None) -> None:
        either = new if new is not None else old
        assert either is not None
        workspace = self.workspace(either.workspace)
        if old is None:
            _add_one(workspace.contacts, either.author_id, either.case_id)
        elif new is None:
            _remove_one(workspace.contacts, either.author_id, either.case_id)
        was, now = None if old is None else old.state, None if new is None else new.state
        if was != now:
            self._count(was, now)
        if was == "waiting" or now == "waiting":
            self._set_waiting(workspace, _offered_next(old), _offered_next(new))
        # Where a transaction takes the case from one rep and gives it to the next, the state is the same again.
        self._set_holder(workspace.staff, either.case_id, _holder(old), _holder(new))
        self._set_due(_due(old), _due(new))

    def _count(self, was: CaseState | None, now: CaseState | None) -> None:
        if was is not None:
            self.states[was] -= 1
        if now is not None:
            self.states[now] += 1

    def _set_waiting(self, workspace: Workspace, old: Case | None, new: Case | None) -> None:
        if old is not None and new is not None and _same_place(old, new):
            return
        if old is not None:
            workspace.classes.demand_of(old).lane(old).remove(old)
            workspace.waiting[old.queue] -= 1
        if new is not None:
            workspace.classes.demand_of(new).lane(new).add(new)
            workspace.waiting[new.queue] += 1
            # With no more than another priority it stays a case that nobody free may take.
            if old is None or not _same_place(old._replace(priority=new.priority), new):
                self.touched.cases.add((new.workspace, new.case_id))

    def _set_holder(self, staff: Staff, case_id: str, old: str | None, new: str | None) -> None:
        if old == new:
            return
        if old is not None:
            staff.give_back(old, case_id)
        if new is not None:
            staff.hold(new, case_id)

    def _set_due(self, old: Due | None, new: Due | None) -> None:
        if old == new:
            return
        if old is not None:
            self.timers.remove(old)
        if new is not None:
            self.timers.add(new)

    def _rep(self, old: Rep | None, new: Rep | None) -> None:
        either = new if new is not None else old
        assert either is not None
        self.present += (new is not None and new.present) - (old is not None and old.present)
        self.workspace(either.workspace).staff.set_rep(either.rep_id, new)

    def _member(self, post_id: str, old: Member | None, new: Member | None) -> None:
        if old is not None and new is not None and old.case_id == new.case_id:
            return
        if old is not None:
            _remove_one(self._posts, old.case_id, post_id)
        if new is not None:
            _add_one(self._posts, new.case_id, post_id)


def _offered_next(case: Case | None) -> Case | None:
    """Returns the case where it waits for an offer."""
    return None if case is None or case.state != "waiting" or case.timer_parked else case


def _holder(case: Case | None) -> str | None:
    return None if case is None or case.offer is None else case.offer.rep_id


def _due(case: Case | None) -> Due | None:
    due_ms = None if case is None else case.due_ms
    return None if case is None or due_ms is None else (due_ms, case.workspace, case.case_id)


def _same_place(old: Case, new: Case) -> bool:
    return (
        old.priority == new.priority
        and old.refused == new.refused
        and old.queue == new.queue
        and old.team == new.team
        and old.skills == new.skills
    )


def _add_one(index: OneOrMore, name: str, value: str) -> None:
    found = index.get(name)
    if found is None:
        index[name] = value
    elif isinstance(found, str):
        index[name] = {found, value}
    else:
        found.add(value)


def _remove_one(index: OneOrMore, name: str, value: str) -> None:
    found = index[name]
    if isinstance(found, str):
        del index[name]
        return
    found.remove(value)
    if len(found) == 1:
        index[name] = found.pop()


def _sorted(index: OneOrMore, name: str) -> list[str]:
    found = index.get(name, ())
    return [found] if isinstance(found, str) else sorted(found)
