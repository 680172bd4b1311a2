"""The router's state: entities by key, with an undo log, so that a refused record or transaction leaves no trace.

It gives the entities, their look-ups (`indexes`) and the changes for the changelog. Rules of routing are
elsewhere.
"""

from heapq import nsmallest

from pipeline.route.state.brief import Brief
from pipeline.route.state.changelog import decode
from pipeline.route.state.dedupe.chunks import is_of_handled
from pipeline.route.state.dedupe.handled import Handled
from pipeline.route.state.entities import FORGOTTEN, Away, Case, Closed, Entity, Kind, Member, Move, Rep, key_of
from pipeline.route.state.indexes import Indexes, Workspace
from pipeline.route.state.links import names_of
from pipeline.route.state.packing import Packer

Mark = tuple[int, int, int]
"""Lengths of the undo log of the entities and of those of the handled inputs."""


MOST_EARLIER = 5
"""Earlier cases of a contact of which a desk hears. More are history, which a desk looks up elsewhere."""


class State:
    """Entities and their indexes, and which inputs were handled.

    Args:
        remember_ms: how long handled inputs are remembered.
    """

    def __init__(self, remember_ms: int) -> None:
        self.indexes = Indexes()
        self.workspaces = self.indexes.workspaces
        """The entities and look-ups of each workspace."""
        self.handled = Handled(remember_ms)
        self._undo: list[tuple[Workspace, Kind, str, Entity | None]] = []
        """What each change has replaced, from the first change since the last `commit` to the newest."""
        self._free: dict[str, Workspace] = {}
        """The cases, by id, that were changed since the last `commit` and that nobody had after the change. The
        brief of a case changes with the case only."""
        self._packer = Packer()
        self._names: dict[str, str] = {}
        """The ids that were restored since the last `commit`, so that each is held once."""

    def case(self, workspace: str, case_id: str) -> Case | None:
        """Returns an open case."""
        return self.workspaces[workspace].cases.get(case_id)

    def closed(self, workspace: str, case_id: str) -> Closed | None:
        """Returns a case that was closed lately."""
        return self.workspaces[workspace].closed.get(case_id)

    def earlier(self, case: Case) -> list[tuple[str, Closed]]:
        """Returns the closed cases of the contacts of a case that are kept whole, with their ids: at most
        `MOST_EARLIER`, the one that was closed last first."""
        workspace = self.workspaces[case.workspace]
        if not workspace.former:
            return []
        names = [name for contact in case.contacts for name in names_of(workspace.former, contact)]
        if not names:
            return []
        found = [(case_id, workspace.closed[case_id]) for case_id in names]
        return nsmallest(MOST_EARLIER, found, key=_ended_last) if len(found) > 1 else found

    def brief(self, case: Case) -> Brief:
        """Returns what there is to read about an open case."""
        briefs = self.workspaces[case.workspace].briefs
        brief = briefs[case.case_id]
        if not isinstance(brief, Brief):
            # It stays unpacked as long as somebody has the case, and is read with each of its steps. That is no
            # change, as both say the same.
            brief = briefs[case.case_id] = Brief(self._packer.unpack(brief))
        return brief

    def member(self, workspace: str, post_id: str) -> Member | None:
        """Returns the post as a member of the open case that it is in."""
        return self.workspaces[workspace].members.get(post_id)

    def rep(self, workspace: str, rep_id: str) -> Rep | None:
        """Returns a rep who has signed in at some time."""
        return self.workspaces[workspace].reps.get(rep_id)

    def picks(self, workspace: str, class_name: str) -> int:
        """Returns how many cases the reps of a class count as having been offered."""
        held = self.workspaces[workspace].picks
        picks = held.get(class_name) or held.get(FORGOTTEN)
        return 0 if picks is None else picks.total

    def move(self, workspace: str) -> Move | None:
        """Returns how far the cases of a workspace have followed its policy; None where they all have."""
        move: Move | None = self.workspaces[workspace].tables["move"].get("")
        return move

    @property
    def away(self) -> Away | None:
        """Since when the router is behind its live edge; None while it is there, or where nobody has said so."""
        away: Away | None = self.workspaces[""].tables["away"].get("")
        return away

    def put_away(self, away: Away | None) -> None:
        """Notes that the router is behind its live edge, or no longer is."""
        self.put("away", "", "", away)

    def put(self, kind: Kind, workspace: str, name: str, new: Entity | None) -> None:
        """Sets an entity, or ends it with None."""
        at = self.workspaces[workspace]
        old = at.tables[kind].get(name)
        # Nothing is written for nothing: the changelog would grow, and a team would be matched again.
        if old is not new and old != new:
            self._undo.append((at, kind, name, old))
            _set(self.indexes, at, kind, name, old, new)

    def put_case(self, case: Case) -> None:
        """Sets a case, which has changed."""
        at, case_id = self.workspaces[case.workspace], case.case_id
        old = at.cases.get(case_id)
        self._undo.append((at, "case", case_id, old))
        at.cases[case_id] = case
        if case.offer is None:
            self._free[case_id] = at
        self.indexes.set_case(at, case_id, old, case)

    def put_brief(self, case: Case, brief: Brief) -> None:
        """Sets what there is to read about a case, which has changed."""
        at = self.workspaces[case.workspace]
        self._undo.append((at, "brief", case.case_id, at.briefs.get(case.case_id)))
        at.briefs[case.case_id] = brief

    def end_case(self, case: Case, closed: Closed) -> None:
        """Ends a case. What stays is the closed case, with its posts and its brief if it can be reopened."""
        at, case_id = self.workspaces[case.workspace], case.case_id
        old = at.cases.pop(case_id)
        self._undo.append((at, "case", case_id, old))
        self.indexes.set_case(at, case_id, old, None)
        if closed.case is None:
            self.forget_posts(case.workspace, case_id)
        self.put("closed", case.workspace, case_id, closed)

    def forget_posts(self, workspace: str, case_id: str) -> None:
        """Forgets the posts of a case that is over, and what there is to read about it."""
        at, undo = self.workspaces[workspace], self._undo
        for post_id in names_of(at.posts, case_id):
            undo.append((at, "post", post_id, at.members.pop(post_id)))
        at.posts.pop(case_id, None)
        if case_id in at.briefs:
            undo.append((at, "brief", case_id, at.briefs.pop(case_id)))

    def put_rep(self, rep: Rep) -> None:
        """Sets a rep."""
        self.put("rep", rep.workspace, rep.rep_id, rep)

    def mark(self) -> Mark:
        """Returns a point to which `rollback` can go back."""
        return len(self._undo), *self.handled.mark()

    def rollback(self, mark: Mark = (0, 0, 0)) -> None:
        """Restores the state of that point; zeros are the last `commit`."""
        undone, *handled = mark
        self.handled.rollback((handled[0], handled[1]))
        offered = []
        # From the newest change to the oldest: a key that was changed twice ends with what it had first.
        while len(self._undo) > undone:
            workspace, kind, name, old = self._undo.pop()
            _set(self.indexes, workspace, kind, name, workspace.tables[kind].get(name), old)
            if kind == "case" and not undone:
                offered.append((workspace, name))
        for workspace, name in offered:
            self._pack(workspace, name)

    def commit(self) -> None:
        """Makes everything so far the state to which `rollback()` goes back."""
        for case_id, workspace in self._free.items():
            self._pack(workspace, case_id)
        self._free.clear()
        self._undo.clear()
        self.handled.commit()
        self._names.clear()

    def changed(self) -> list[tuple[Kind, str, str, Entity | None]]:
        """Returns kind, workspace and name of each entity that was changed since the last `commit`, and what it is
        now, in order of its first change.

        What came and went in between is left out.
        """
        before: dict[tuple[Workspace, Kind, str], Entity | None] = {}
        first = before.setdefault
        for workspace, kind, name, old in self._undo:
            first((workspace, kind, name), old)
        return [
            (kind, workspace.name, name, new)
            for (workspace, kind, name), old in before.items()
            if (new := workspace.tables[kind].get(name)) is not None or old is not None
        ]

    def restore(self, entity_key: bytes, value: bytes | None) -> None:
        """Takes one changelog record; None ends the entity.

        Raises:
            Misconfigured: a newer release wrote the value, or it is not whole.
        """
        text = entity_key.decode()
        entity = None if value is None else decode(text, value, self._names)
        if is_of_handled(text):
            self.handled.restore(text, entity)
        elif (key := key_of(text)) is not None:
            kind, workspace, name = key
            name = self._names.setdefault(name, name)
            # Past the undo log: what was restored is committed already.
            at = self.workspaces[workspace]
            _set(self.indexes, at, kind, name, at.tables[kind].get(name), entity)
            if kind == "brief":
                self._pack(at, name)

    def _pack(self, workspace: Workspace, case_id: str) -> None:
        """Packs the brief of a case that nobody has."""
        brief = workspace.briefs.get(case_id)
        if isinstance(brief, Brief):
            case = workspace.cases.get(case_id)
            if case is None or case.offer is None:
                workspace.briefs[case_id] = self._packer.pack(brief)


def _ended_last(named: tuple[str, Closed]) -> tuple[int, str]:
    return -named[1].closed_ms, named[0]


def _set(indexes: Indexes, at: Workspace, kind: Kind, name: str, old: Entity | None, new: Entity | None) -> None:
    if new is not None:
        at.tables[kind][name] = new
    elif old is not None:
        del at.tables[kind][name]
    update = indexes.update.get(kind)
    if update is not None and (old is not None or new is not None):
        update(at, name, old, new)
