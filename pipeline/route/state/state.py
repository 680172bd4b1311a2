"""The router's state: entities by key, with an undo log, so that a refused record or transaction leaves no trace.

It gives the entities, their look-ups (`indexes`) and the changes for the changelog. Rules of routing are
elsewhere.
"""

from collections.abc import Mapping
from types import MappingProxyType

from pipeline.route.state.changelog import decode
from pipeline.route.state.chunks import is_of_handled
from pipeline.route.state.entities import (  # fmt: skip
    KINDS,
    Brief,
    Case,
    Closed,
    Entity,
    Key,
    Member,
    PackedBrief,
    Picks,
    Rep,
    key,
    key_of,
)
from pipeline.route.state.handled import Handled
from pipeline.route.state.indexes import Indexes
from pipeline.route.state.packing import Packer

Mark = tuple[int, int, int]
"""Lengths of the undo log of the entities and of those of the handled inputs."""


class State:
    """Entities and their indexes, and which inputs were handled.

    Args:
        remember_ms: how long handled inputs are remembered.
    """

    def __init__(self, remember_ms: int) -> None:
        self.indexes = Indexes()
        self.handled = Handled(remember_ms)
        self._live: dict[str, dict[str, dict[str, Entity]]] = {kind: {} for kind in KINDS}
        """Entities by kind, workspace and name. One text for all three would take more room than most entities."""
        self._undo: list[tuple[Key, Entity | None]] = []
        self._packer = Packer()
        self._read: dict[str, Brief] = {}
        """The briefs, by case, that were unpacked since the last `commit`."""
        self._names: dict[str, str] = {}
        """The ids that were restored since the last `commit`, so that each is held once."""

    def get(self, entity_key: Key) -> Entity | None:
        """Returns whatever lives under that key."""
        kind, workspace, name = entity_key
        return self._live[kind].get(workspace, _NOTHING).get(name)

    def case(self, workspace: str, case_id: str) -> Case | None:
        """Returns an open case."""
        # Not by `get`, because this is asked more often than all the rest.
        case = self._live["case"].get(workspace, _NOTHING).get(case_id)
        assert case is None or isinstance(case, Case)
        return case

    def closed(self, workspace: str, case_id: str) -> Closed | None:
        """Returns a case that was closed lately."""
        closed = self.get(("closed", workspace, case_id))
        assert closed is None or isinstance(closed, Closed)
        return closed

    def brief(self, case: Case) -> Brief:
        """Returns what there is to read about an open case."""
        brief = self._live["brief"][case.workspace][case.case_id]
        if isinstance(brief, PackedBrief):
            if case.case_id not in self._read:
                self._read[case.case_id] = Brief(self._packer.unpack(brief))
            return self._read[case.case_id]
        assert isinstance(brief, Brief)
        return brief

    def member(self, workspace: str, post_id: str) -> Member | None:
        """Returns the post as a member of the open case that it is in."""
        member = self._live["post"].get(workspace, _NOTHING).get(post_id)
        assert member is None or isinstance(member, Member)
        return member

    def rep(self, workspace: str, rep_id: str) -> Rep | None:
        """Returns a rep who has signed in at some time."""
        rep = self.get(("rep", workspace, rep_id))
        assert rep is None or isinstance(rep, Rep)
        return rep

    def picks(self, workspace: str, class_name: str) -> int:
        """Returns how many cases the reps of a class have been offered."""
        picks = self.get(("picks", workspace, class_name))
        assert picks is None or isinstance(picks, Picks)
        return 0 if picks is None else picks.total

    def put(self, entity_key: Key, new: Entity | None) -> None:
        """Sets an entity, or ends it with None."""
        old = self.get(entity_key)
        # Nothing is written for nothing: the changelog would grow, and a team would be matched again.
        if old is new or old == new:
            return
        self._undo.append((entity_key, old))
        self._set(entity_key, old, new)

    def put_case(self, case: Case) -> None:
        """Sets a case."""
        self.put(key("case", case.workspace, case.case_id), case)

    def put_rep(self, rep: Rep) -> None:
        """Sets a rep."""
        self.put(key("rep", rep.workspace, rep.rep_id), rep)

    def mark(self) -> Mark:
        """Returns a point to which `rollback` can go back."""
        return len(self._undo), *self.handled.mark()

    def rollback(self, mark: Mark = (0, 0, 0)) -> None:
        """Restores the state of that point; zeros are the last `commit`."""
        undone, *handled = mark
        self.handled.rollback((handled[0], handled[1]))
        # From the newest change to the oldest: a key that was changed twice ends with what it had first.
        while len(self._undo) > undone:
            entity_key, old = self._undo.pop()
            self._set(entity_key, self.get(entity_key), old)

    def commit(self) -> None:
        """Makes everything so far the state to which `rollback()` goes back."""
        for entity_key, _ in self._undo:
            if entity_key[0] == "brief":
                self._pack(entity_key[1], entity_key[2])
        self._undo.clear()
        self.handled.commit()
        self._read.clear()
        self._names.clear()

    def changed(self) -> list[tuple[Key, Entity | None]]:
        """Returns the key of each entity changed since the last `commit`, in order of its first change, with what
        lives there now.

        What came and went in between is left out.
        """
        before: dict[Key, Entity | None] = {}
        for entity_key, old in self._undo:
            before.setdefault(entity_key, old)
        now = ((entity_key, self.get(entity_key)) for entity_key in before)
        return [(entity_key, new) for entity_key, new in now if not (new is None and before[entity_key] is None)]

    def restore(self, entity_key: bytes, value: bytes | None) -> None:
        """Takes one changelog record; None ends the entity.

        Raises:
            Misconfigured: a newer release wrote the value, or it is not whole.
        """
        text = entity_key.decode()
        entity = None if value is None else decode(text, value, self._names)
        if is_of_handled(text):
            self.handled.restore(text, entity)
        elif (name := key_of(text)) is not None:
            kind, workspace, own = name
            own = self._names.setdefault(own, own)
            # Past the undo log: what was restored is committed already.
            self._set((kind, workspace, own), self.get(name), entity)
            if kind == "brief":
                self._pack(workspace, own)

    def _pack(self, workspace: str, case_id: str) -> None:
        briefs = self._live["brief"].get(workspace, {})
        brief = briefs.get(case_id)
        if isinstance(brief, Brief):
            briefs[case_id] = PackedBrief(self._packer.pack(brief))

    def _set(self, entity_key: Key, old: Entity | None, new: Entity | None) -> None:
        kind, workspace, name = entity_key
        if new is not None:
            table = self._live[kind].get(workspace)
            if table is None:
                table = self._live[kind][workspace] = {}
            table[name] = new
        elif old is not None:
            del self._live[kind][workspace][name]
        if kind != "brief" and (old is not None or new is not None):
            self.indexes.update(entity_key, old, new)


_NOTHING: Mapping[str, Entity] = MappingProxyType({})
