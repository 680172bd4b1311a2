"""What can be looked up about the entities, kept up to date from each (old, new) pair alone.

Comes in: every change of an entity, undone ones too. Goes out: lanes, free reps, open cases, due times. Never
here: anything that is not a function of the live entities; so a restore and an undo need no code of their own.
"""

from collections import Counter
from typing import cast

from pipeline.route.matching.lanes import Lane, LaneKey, lane_key
from pipeline.route.matching.ordering import Ordered
from pipeline.route.state.entities import Case, Entity, Member, Rep, Seen

Team = tuple[str, str]
"""Workspace and team."""
Due = tuple[int, str, str]
"""Due time in milliseconds, kind of timer, what it is about."""
OFFER, FORGET = "offer", "forget"
BUCKET_MS = 60_000
"""Handled inputs are forgotten a minute's worth at a time: one timer, and no burst larger than that input."""


class Indexes:
    """All look-ups of the router.

    Args:
        remember_ms: how long handled inputs are remembered.
    """

    def __init__(self, remember_ms: int) -> None:
        self._remember_ms = remember_ms
        self.open_case: dict[tuple[str, str], str] = {}
        """(workspace, author) to the author's open case."""
        self.members: dict[str, set[str]] = {}
        """Case to the keys of its posts."""
        self.lanes: dict[Team, dict[LaneKey, Lane]] = {}
        self.reps: dict[Team, dict[str, Rep]] = {}
        """Signed-in reps of a team."""
        self.free: dict[Team, dict[str, Rep]] = {}
        """Those who could take one more case now."""
        self.held: dict[tuple[str, str], set[str]] = {}
        """(workspace, rep) to the cases that the rep has or is offered."""
        self.timers: Ordered[tuple[str, str], Due] = Ordered()
        self.handled: dict[int, set[str]] = {}
        """Minute to the keys of inputs handled in it."""
        self.states: Counter[str] = Counter()
        self.present = 0
        self.touched: set[Team] = set()
        """Teams in which a match may have become possible since this was last emptied."""
        self._known: dict[tuple[str, str], Rep] = {}

    def load(self, workspace: str, rep_id: str) -> int:
        """Cases that the rep has or is offered."""
        return len(self.held.get((workspace, rep_id), ()))

    def update(self, entity_key: str, old: Entity | None, new: Entity | None) -> None:
        """Takes one change."""
        either = old if old is not None else new
        match either:
            case Case():
                self._case(entity_key, cast("Case | None", old), cast("Case | None", new))
            case Rep():
                self._rep(cast("Rep | None", old), cast("Rep | None", new))
            case Member():
                self._member(entity_key, cast("Member | None", old), cast("Member | None", new))
            case Seen():
                self._seen(entity_key, cast("Seen | None", old), cast("Seen | None", new))

    def _case(self, entity_key: str, old: Case | None, new: Case | None) -> None:
        if old is not None:
            self._forget_case(entity_key, old, new)
        if new is not None:
            self._note_case(entity_key, new)
        for case in (old, new):
            if case is not None:
                self.touched.add((case.workspace, case.team))
                if case.offer is not None:
                    self._count_free(case.workspace, case.offer.rep_id)

    def _forget_case(self, entity_key: str, old: Case, new: Case | None) -> None:
        self.states[old.state] -= 1
        author = (old.workspace, old.author_id)
        if new is None and self.open_case.get(author) == old.case_id:
            del self.open_case[author]
        if old.state == "waiting" and not (new and new.state == "waiting" and lane_key(new) == lane_key(old)):
            lanes = self.lanes[old.workspace, old.team]
            lane = lanes[lane_key(old)]
            lane.discard(old.case_id)
            if not lane:
                del lanes[lane.key]
        if old.offer is not None:
            holder = (old.workspace, old.offer.rep_id)
            self.held[holder].discard(old.case_id)
            if not self.held[holder]:
                del self.held[holder]
        if old.state == "offered":
            self.timers.discard((OFFER, entity_key))

    def _note_case(self, entity_key: str, new: Case) -> None:
        self.states[new.state] += 1
        self.open_case[new.workspace, new.author_id] = new.case_id
        if new.state == "waiting":
            lanes = self.lanes.setdefault((new.workspace, new.team), {})
            wanted = lane_key(new)
            lane = lanes.get(wanted)
            if lane is None:
                lane = lanes[wanted] = Lane(wanted)
            lane.add(new)
        if new.offer is not None:
            self.held.setdefault((new.workspace, new.offer.rep_id), set()).add(new.case_id)
            if new.state == "offered":
                self.timers.set((OFFER, entity_key), (new.offer.expires_at_ms, OFFER, entity_key))

    def _rep(self, old: Rep | None, new: Rep | None) -> None:
        if old is not None:
            del self._known[old.workspace, old.rep_id]
            self.present -= old.present
            for team in old.teams:
                self.reps.get((old.workspace, team), {}).pop(old.rep_id, None)
                self.free.get((old.workspace, team), {}).pop(old.rep_id, None)
                self.touched.add((old.workspace, team))
        if new is not None:
            self._known[new.workspace, new.rep_id] = new
            self.present += new.present
            if new.signed_in:
                for team in new.teams:
                    self.reps.setdefault((new.workspace, team), {})[new.rep_id] = new
            self._count_free(new.workspace, new.rep_id)

    def _count_free(self, workspace: str, rep_id: str) -> None:
        rep = self._known.get((workspace, rep_id))
        if rep is None:  # a restore may bring the case before its rep
            return
        is_free = rep.present and self.load(workspace, rep_id) < rep.capacity
        for team in rep.teams:
            self.touched.add((workspace, team))
            members = self.free.setdefault((workspace, team), {})
            if is_free:
                members[rep_id] = rep
            else:
                members.pop(rep_id, None)

    def _member(self, entity_key: str, old: Member | None, new: Member | None) -> None:
        if old is not None:
            members = self.members[old.case_id]
            members.discard(entity_key)
            if not members:
                del self.members[old.case_id]
        if new is not None:
            self.members.setdefault(new.case_id, set()).add(entity_key)

    def _seen(self, entity_key: str, old: Seen | None, new: Seen | None) -> None:
        if old is not None:
            minute = old.at_ms // BUCKET_MS
            self.handled[minute].discard(entity_key)
            if not self.handled[minute]:
                del self.handled[minute]
                self.timers.discard((FORGET, str(minute)))
        if new is not None:
            minute = new.at_ms // BUCKET_MS
            self.handled.setdefault(minute, set()).add(entity_key)
            due_ms = (minute + 1) * BUCKET_MS + self._remember_ms
            self.timers.set((FORGET, str(minute)), (due_ms, FORGET, str(minute)))
