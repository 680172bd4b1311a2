"""The router's state: entities by key, with an undo log, so that a refused record or transaction leaves no trace.

Comes in: entities. Goes out: entities, look-ups, the changes for the changelog. Never here: a rule of routing.
"""

from pipeline.route.state.changelog import decode, encode
from pipeline.route.state.entities import Brief, Case, Entity, Member, Picks, Rep, Seen, key
from pipeline.route.state.indexes import Indexes


class State:
    """Entities and their indexes.

    Args:
        remember_ms: how long handled inputs are remembered.
    """

    def __init__(self, remember_ms: int) -> None:
        self.indexes = Indexes(remember_ms)
        self._live: dict[str, Entity] = {}
        self._undo: list[tuple[str, Entity | None]] = []

    def get(self, entity_key: str) -> Entity | None:
        """Whatever lives under that key."""
        return self._live.get(entity_key)

    def case(self, workspace: str, case_id: str) -> Case | None:
        """An open case."""
        found = self._live.get(key("case", workspace, case_id))
        assert found is None or isinstance(found, Case)
        return found

    def brief(self, case: Case) -> Brief:
        """What there is to read about an open case."""
        found = self._live[key("brief", case.workspace, case.case_id)]
        assert isinstance(found, Brief)
        return found

    def member(self, workspace: str, post_id: str) -> Member | None:
        """Which open case a post is in."""
        found = self._live.get(key("post", workspace, post_id))
        assert found is None or isinstance(found, Member)
        return found

    def rep(self, workspace: str, rep_id: str) -> Rep | None:
        """A rep that was signed in at some time."""
        found = self._live.get(key("rep", workspace, rep_id))
        assert found is None or isinstance(found, Rep)
        return found

    def picks(self, workspace: str, queue: str) -> int:
        """How many cases were picked from a queue."""
        found = self._live.get(key("picks", workspace, queue))
        assert found is None or isinstance(found, Picks)
        return 0 if found is None else found.total

    def put(self, entity_key: str, new: Entity | None) -> None:
        """Sets or, with None, ends an entity."""
        old = self._live.get(entity_key)
        if old == new:
            return
        self._undo.append((entity_key, old))
        self._set(entity_key, old, new)

    def put_case(self, case: Case) -> None:
        """Sets a case."""
        self.put(key("case", case.workspace, case.case_id), case)

    def put_rep(self, rep: Rep) -> None:
        """Sets a rep."""
        self.put(key("rep", rep.workspace, rep.rep_id), rep)

    def see(self, entity_key: str, at_ms: int) -> None:
        """Notes that an input was handled."""
        self.put(entity_key, Seen(at_ms))

    def mark(self) -> int:
        """A point to which `rollback` can return."""
        return len(self._undo)

    def rollback(self, mark: int = 0) -> None:
        """Restores the state of that point; 0 is the last `commit`."""
        while len(self._undo) > mark:
            entity_key, old = self._undo.pop()
            self._set(entity_key, self._live.get(entity_key), old)

    def commit(self) -> None:
        """Makes everything so far the state that `rollback()` returns to."""
        self._undo.clear()

    def changed(self) -> list[tuple[str, Entity | None]]:
        """Each key changed since the last `commit`, in order of its first change, with what lives there now.

        What came and went in between is left out.
        """
        before: dict[str, Entity | None] = {}
        for entity_key, old in self._undo:
            before.setdefault(entity_key, old)
        now = ((entity_key, self._live.get(entity_key)) for entity_key in before)
        return [(entity_key, new) for entity_key, new in now if not (new is None and before[entity_key] is None)]

    def changes(self) -> dict[bytes, bytes | None]:
        """`changed` as changelog records."""
        return {
            entity_key.encode(): None if new is None else encode(entity_key, new)
            for entity_key, new in self.changed()
        }

    def restore(self, entity_key: bytes, value: bytes | None) -> None:
        """Takes one changelog record; None ends the entity.

        Raises:
            Misconfigured: a newer release wrote the value, or it is not whole.
        """
        name = entity_key.decode()
        self._set(name, self._live.get(name), None if value is None else decode(name, value))

    def _set(self, entity_key: str, old: Entity | None, new: Entity | None) -> None:
        if new is None:
            self._live.pop(entity_key, None)
        else:
            self._live[entity_key] = new
        if old is not None or new is not None:
            self.indexes.update(entity_key, old, new)
