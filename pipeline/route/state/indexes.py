"""What can be looked up about the entities: classes with their lanes and free reps, open cases, due times.

Each index is kept up to date from pairs of an old and a new entity alone, also those of an undone change, and is a
function of the entities that live now. A restore and an undo therefore need no code of their own here.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any, get_args

from pipeline.route.state.classes import Classes, DemandClass, RepClass
from pipeline.route.state.deadlines import Deadlines
from pipeline.route.state.entities import (
    HOURS_TIMER,
    LENDING_TIMER,
    REP_TIMER,
    Case,
    Closed,
    Kind,
    Lending,
    Member,
    Move,
    Opening,
    Picks,
    PolicyInForce,
    Rep,
)
from pipeline.route.state.links import OneOrMore, add_all, add_one, remove_all, remove_one
from pipeline.route.state.staff import Staff
from pipeline.route.state.watched.noticed import Noticed
from pipeline.route.state.watched.tallies import new_tallies, tally

Update = Callable[["Workspace", str, Any, Any], None]
"""Takes the workspace, the name of an entity, what it was, and what it is now."""


class Touched:
    """Where a match may have become possible since the last one. Nothing else needs to be looked at."""

    def __init__(self) -> None:
        self.cases: dict[str, tuple[Workspace, DemandClass]] = {}
        """Workspace and class, by id, of the cases that have begun to wait, or were refused by other reps than
        before."""
        self.freed: set[RepClass] = set()
        """The classes with a rep who has become free."""
        self.thinned: set[RepClass] = set()
        """The classes that have lost a rep who was present. All who are left may have refused a case."""
        self.queues: set[tuple[str, str]] = set()
        """Workspace and name of the queues, of those that may borrow reps, in which something else waits now."""
        self.loosened: set[tuple[str, str]] = set()
        """Workspace and id of the waiting cases that others may have now, because the rep whom they wait for
        stands elsewhere."""

    def clear(self) -> None:
        """Forgets what was touched, because it was matched."""
        self.cases.clear()
        self.freed.clear()
        self.thinned.clear()
        self.queues.clear()
        self.loosened.clear()


class Workspace:
    """The entities of one workspace, and its look-ups."""

    def __init__(self, name: str, touched: Touched) -> None:
        self.name = name
        self.tables: dict[Kind, dict[str, Any]] = {kind: {} for kind in get_args(Kind)}
        """The entities by kind and name."""
        self.cases: dict[str, Case] = self.tables["case"]
        self.closed: dict[str, Closed] = self.tables["closed"]
        self.briefs: dict[str, bytes] = self.tables["brief"]
        """Each a `Brief`, or packed where it is committed and nobody has the case."""
        self.members: dict[str, Member] = self.tables["post"]
        self.reps: dict[str, Rep] = self.tables["rep"]
        self.picks: dict[str, Picks] = self.tables["picks"]
        self.openings: dict[str, Opening] = self.tables["hours"]
        self.lendings: dict[str, Lending] = self.tables["lending"]
        """What other teams do for the queues that may borrow their reps."""
        self.classes = Classes(self.cases)
        self.awaited: OneOrMore = {}
        """The waiting cases that are kept for each rep."""
        self.staff = Staff(self.classes, self.awaited, touched.freed, touched.thinned, touched.loosened)
        self.contacts: OneOrMore = {}
        """The open cases of each contact."""
        self.former: OneOrMore = {}
        """The closed cases of each contact that can be reopened."""
        self.clusters: OneOrMore = {}
        """The open cases that a post of each cluster has opened in public."""
        self.merged: OneOrMore = {}
        """The closed cases in whose place each case goes on."""
        self.posts: OneOrMore = {}
        """The posts of each case that is open or can be reopened."""
        self.waiting: Counter[str] = Counter()
        """The number of waiting cases of each queue."""
        self.tallies = new_tallies()
        self.borrowers: frozenset[str] = frozenset()
        """The queues that may borrow reps by the policy in force."""


class Workspaces(dict[str, Workspace]):
    """Workspaces by name, each made where it is first asked for."""

    def __init__(self, touched: Touched) -> None:
        super().__init__()
        self._touched = touched

    def __missing__(self, name: str) -> Workspace:
        workspace = self[name] = Workspace(name, self._touched)
        return workspace


class Indexes:
    """All look-ups of the router."""

    def __init__(self) -> None:
        self.policies: dict[str, PolicyInForce] = {}
        """The policy in force of each workspace."""
        self.views: dict[str, Any] = {}
        """What was made of the policy in force of each workspace, for whoever reads it, until it changes."""
        self.timers = Deadlines()
        """When an open case, by its id, or a move of cases, by its workspace, needs attention next, a lease of a
        rep ends or one who has left is forgotten, by `REP_TIMER` and the names of both, or a queue opens or
        closes, by `HOURS_TIMER` and the names of both, or its oldest case will have waited for too long, by
        `LENDING_TIMER` and the names of both."""
        self.closed = Deadlines()
        """When each closed case that is remembered is forgotten."""
        self.states: Counter[str] = Counter()
        self.present = 0
        self.touched = Touched()
        self.noticed = Noticed()
        self.workspaces = Workspaces(self.touched)
        self.update: dict[Kind, Update] = {
            "case": self.set_case,
            "rep": self._rep,
            "post": self._member,
            "policy": self._policy,
            "closed": self._closed,
            "move": self._move,
            "lending": self._lending,
            "hours": self._hours,
        }
        """Takes one change of an entity, by kind. The other kinds are not looked up."""

    def next_due_ms(self) -> int | None:
        """Returns when the next open case needs attention, the next cases are moved, or the next closed case is
        forgotten, in milliseconds."""
        due_ms, closed_ms = self.timers.first_ms, self.closed.first_ms
        return due_ms if closed_ms is None or (due_ms is not None and due_ms <= closed_ms) else closed_ms

    def forget_marks(self) -> None:
        """Forgets what was touched and noticed, because it is undone, or was acted on before a restart."""
        self.touched.clear()
        self.noticed.clear()

    def touch_all(self) -> None:
        """Marks every class with a free rep, as if all of them had just become free."""
        for workspace in self.workspaces.values():
            self.touch(workspace)

    def touch(self, workspace: Workspace) -> None:
        """Does the same for the classes of one workspace."""
        self.touched.freed.update(reps for reps in workspace.classes.reps() if reps.is_free)

    def load(self, workspace: str, rep_id: str) -> int:
        """Returns the sum of the weights of the cases that the rep has or is offered."""
        place = self.workspaces[workspace].staff.place(rep_id)
        return 0 if place is None else place.load

    def held(self, workspace: str, rep_id: str) -> list[str]:
        """Returns the ids of the cases that the rep has or is offered, sorted."""
        place = self.workspaces[workspace].staff.place(rep_id)
        return [] if place is None else sorted(place.held)

    def _policy(self, workspace: Workspace, _: str, __: PolicyInForce | None, new: PolicyInForce | None) -> None:
        self.views.pop(workspace.name, None)
        if new is None:
            self.policies.pop(workspace.name, None)
        else:
            self.policies[workspace.name] = new
        queues = () if new is None else new.policy.queues
        workspace.borrowers = frozenset(queue.name for queue in queues if queue.borrows)
        self._touch(workspace.classes.follow(queues))
        if new is not None and workspace.borrowers:
            # The same teams may lend a larger share now.
            self.touched.freed |= workspace.classes.lent(new.policy.teams)

    def _lending(self, workspace: Workspace, name: str, _: Lending | None, new: Lending | None) -> None:
        due_ms = None if new is None else new.due_ms
        self.timers.set(workspace.name, f"{LENDING_TIMER}{workspace.name}/{name}", due_ms)
        self._touch(workspace.classes.lend(name, () if new is None else new.teams))

    def _move(self, workspace: Workspace, _: str, __: Move | None, new: Move | None) -> None:
        self.timers.set(workspace.name, "", None if new is None else new.due_ms)

    def _hours(self, workspace: Workspace, queue: str, _: Opening | None, new: Opening | None) -> None:
        due_ms = None if new is None else new.due_ms
        self.timers.set(workspace.name, f"{HOURS_TIMER}{workspace.name}/{queue}", due_ms)
        self._touch(workspace.classes.shut(queue, is_shut=new is not None and not new.is_open))

    def _touch(self, changed: list[RepClass]) -> None:
        self.touched.freed.update(reps for reps in changed if reps.is_free)
        self.touched.thinned.update(changed)

    def _closed(self, workspace: Workspace, case_id: str, old: Closed | None, new: Closed | None) -> None:
        if old is not None:
            if old.case is not None:
                remove_all(workspace.former, old.case.contacts, case_id)
            if old.into is not None:
                remove_one(workspace.merged, old.into, case_id)
        if new is not None:
            if new.case is not None:
                add_all(workspace.former, new.case.contacts, case_id)
            if new.into is not None:
                add_one(workspace.merged, new.into, case_id)
        self.closed.set(workspace.name, case_id, None if new is None else new.until_ms)

    def set_case(self, workspace: Workspace, case_id: str, old: Case | None, new: Case | None) -> None:
        """Takes one change of a case."""
        was = now = had = has = due_ms = was_due_ms = was_lent = lent = None
        if old is not None:
            was, was_due_ms = old.state, old.due_ms
            if old.offer is not None:
                had = old.offer.rep_id
                if old.offer.also_team is not None:
                    was_lent = old.queue, old.offer.also_team, old.extras.weight
        if new is not None:
            now, due_ms = new.state, new.due_ms
            if new.offer is not None:
                has = new.offer.rep_id
                if new.offer.also_team is not None:
                    lent = new.queue, new.offer.also_team, new.extras.weight
        # Hardly any step changes who the contacts are, and none changes the post that opened the case.
        if old is None or new is None or old.extras.others != new.extras.others:
            _set_contacts(workspace, case_id, old, new)
        if was != now:
            if was is not None:
                self.states[was] -= 1
            if now is not None:
                self.states[now] += 1
            if now == "assigned" and (was == "offered" or was == "waiting") and new is not None:
                self.noticed.taken.append((workspace.name, new.queue))
        tally(workspace.tallies, old, new)
        if was == "waiting" or now == "waiting":
            self._set_waiting(workspace, _offered_next(old), _offered_next(new))
        # Where a transaction takes the case from one rep and gives it to the next, the state is the same again.
        if had != has or (has is not None and _weighs_otherwise(old, new)):
            if old is not None and had is not None:
                workspace.staff.give_back(had, old)
            if new is not None and has is not None:
                workspace.staff.hold(has, new)
        if was_lent != lent:
            self._count_lent(workspace, was_lent, lent)
        if new is None or due_ms is None:
            if was_due_ms is not None:
                self.timers.set(workspace.name, case_id, None)
        elif due_ms != was_due_ms or old is None or old.priority != new.priority:
            # Of cases that come back to wait in the same millisecond, the most urgent is the first to be offered.
            self.timers.set(workspace.name, case_id, due_ms, (-new.priority, new.queued_at_ms))

    def _count_lent(
        self, workspace: Workspace, old: tuple[str, str, int] | None, new: tuple[str, str, int] | None
    ) -> None:
        """Takes one change of a case that a rep of another team has: the queue, that team and the weight."""
        if old is not None:
            queue, team, weight = old
            workspace.classes.loan(queue, team).load -= weight
            self.touched.freed |= workspace.classes.lent((team,))
        if new is not None:
            queue, team, weight = new
            workspace.classes.loan(queue, team).load += weight

    def _set_waiting(self, workspace: Workspace, old: Case | None, new: Case | None) -> None:
        if old is not None and new is not None and _same_place(old, new):
            return
        if workspace.borrowers:
            names = {case.queue for case in (old, new) if case is not None}
            self.touched.queues.update((workspace.name, name) for name in names & workspace.borrowers)
        if old is not None:
            workspace.classes.demand_of(old).lane(old).remove(old)
            workspace.waiting[old.queue] -= 1
            if old.extras.sticky_rep is not None:
                remove_one(workspace.awaited, old.extras.sticky_rep, old.case_id)
        if new is not None:
            demand = workspace.classes.demand_of(new)
            demand.lane(new).add(new)
            workspace.waiting[new.queue] += 1
            if new.extras.sticky_rep is not None:
                add_one(workspace.awaited, new.extras.sticky_rep, new.case_id)
            breach_ms = new.extras.breach_ms
            # With no more than another place in line it stays a case that nobody free may take.
            if old is None or not _same_place(old._replace(priority=new.priority, breach_ms=breach_ms), new):
                self.touched.cases[new.case_id] = workspace, demand

    def _rep(self, workspace: Workspace, rep_id: str, old: Rep | None, new: Rep | None) -> None:
        self.present += (new is not None and new.present) - (old is not None and old.present)
        workspace.staff.set_rep(rep_id, new)
        self.noticed.rep_changed(workspace.name, rep_id, old, new)
        if workspace.borrowers and new is not None and _gives_more(old, new):
            # What a team lends is a share of what it has.
            self.touched.freed |= workspace.classes.lent(new.teams)
        if old is not None and new is not None and _is_due_alike(old, new):
            return  # as with each offer
        if old is not None:
            workspace.classes.know(old, -1)
        if new is not None:
            workspace.classes.know(new, 1)
        due_ms = None if new is None else new.due_ms
        if due_ms != (None if old is None else old.due_ms):
            self.timers.set(workspace.name, f"{REP_TIMER}{workspace.name}/{rep_id}", due_ms)

    def _member(self, workspace: Workspace, post_id: str, old: Member | None, new: Member | None) -> None:
        if old is not None and new is not None and old.case_id == new.case_id:
            return
        if old is not None:
            remove_one(workspace.posts, old.case_id, post_id)
        if new is not None:
            add_one(workspace.posts, new.case_id, post_id)


def _gives_more(old: Rep | None, new: Rep) -> bool:
    if old is None or not old.present or old.teams != new.teams:
        return new.present
    return new.present and new.capacity > old.capacity


def _offered_next(case: Case | None) -> Case | None:
    """Returns the case where it waits for an offer."""
    return None if case is None or case.state != "waiting" or case.timer_parked else case


def _same_place(old: Case, new: Case) -> bool:
    return (
        old.priority == new.priority
        # Another one where a restore passes over the end of a case that was opened again.
        and old.queued_at_ms == new.queued_at_ms
        and old.refused == new.refused
        and old.queue == new.queue
        and old.team == new.team
        and old.skills == new.skills
        and (old.extras is new.extras or _placed_alike(old, new))
    )


def _placed_alike(old: Case, new: Case) -> bool:
    return (
        old.extras.ring == new.extras.ring
        and old.extras.sticky_rep == new.extras.sticky_rep
        and not _weighs_otherwise(old, new)
        and old.goes_first == new.goes_first
        and old.extras.breach_ms == new.extras.breach_ms
    )


def _weighs_otherwise(old: Case | None, new: Case | None) -> bool:
    """Whether it takes another part of a rep's capacity than before, as where a restore passes over steps."""
    if old is None or new is None:
        return False
    return old.extras.weight != new.extras.weight or old.extras.interruptible != new.extras.interruptible


def _is_due_alike(old: Rep, new: Rep) -> bool:
    return old.senders is new.senders and old.left_ms == new.left_ms and old.bound_ms == new.bound_ms


def _set_contacts(workspace: Workspace, case_id: str, old: Case | None, new: Case | None) -> None:
    if old is not None:
        remove_all(workspace.contacts, old.contacts, case_id)
        if old.extras.cluster is not None:
            remove_one(workspace.clusters, old.extras.cluster, case_id)
    if new is not None:
        add_all(workspace.contacts, new.contacts, case_id)
        if new.extras.cluster is not None:
            add_one(workspace.clusters, new.extras.cluster, case_id)
