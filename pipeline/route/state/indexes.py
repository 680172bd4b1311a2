"""What can be looked up about the entities: lanes, free reps, open cases, due times.

Each index is kept up to date from pairs of an old and a new entity alone, also those of an undone change, and is a
function of the entities that live now. A restore and an undo therefore need no code of their own here.
"""

from collections import Counter
from typing import cast

from pipeline.route.state.entities import Case, Entity, Member, PolicyInForce, Rep
from pipeline.route.state.lanes import Lane, LaneKey, lane_key
from pipeline.route.state.ordering import Ordered

Team = tuple[str, str]
"""A team is named by its workspace and its name."""
Due = tuple[int, str, str]
"""Due time in milliseconds since the epoch, kind of timer, and what the timer is about."""
OFFER = "offer"


class Indexes:
    """All look-ups of the router."""

    def __init__(self) -> None:
        self.policies: dict[str, PolicyInForce] = {}
        """The policy in force of each workspace."""
        self.open_case: dict[tuple[str, str], str] = {}
        """The open case of each (workspace, author)."""
        self.members: dict[str, set[str]] = {}
        """The keys of the posts of each case."""
        self.lanes: dict[Team, dict[LaneKey, Lane]] = {}
        self.signed_in: dict[Team, dict[str, Rep]] = {}
        """The signed-in reps of each team by id."""
        self.free: dict[Team, dict[str, Rep]] = {}
        """Those of them who could take one more case now."""
        self.held: dict[tuple[str, str], set[str]] = {}
        """The cases that each (workspace, rep) has or is offered."""
        self.timers: Ordered[tuple[str, str], Due] = Ordered()
        self.states: Counter[str] = Counter()
        self.present = 0
        self.touched: set[Team] = set()
        """Teams in which a match may have become possible since this set was last emptied."""
        self._reps: dict[tuple[str, str], Rep] = {}

    def load(self, workspace: str, rep_id: str) -> int:
        """Counts the cases that the rep has or is offered."""
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
            case PolicyInForce():
                self._policy(entity_key, cast("PolicyInForce | None", new))

    def _policy(self, entity_key: str, new: PolicyInForce | None) -> None:
        workspace = entity_key.split("/")[1]
        if new is None:
            self.policies.pop(workspace, None)
        else:
            self.policies[workspace] = new

    def _case(self, entity_key: str, old: Case | None, new: Case | None) -> None:
        if old is not None:
            self._remove_case(entity_key, old, new)
        if new is not None:
            self._add_case(entity_key, new)
        for case in (old, new):
            if case is not None:
                self.touched.add((case.workspace, case.team))
                # The rep's load has changed, and with it whether the rep is free.
                if case.offer is not None:
                    self._update_free(case.workspace, case.offer.rep_id)

    def _remove_case(self, entity_key: str, old: Case, new: Case | None) -> None:
        self.states[old.state] -= 1
        author = (old.workspace, old.author_id)
        # In a restore the author's next case may have come before the tombstone of this one.
        if new is None and self.open_case.get(author) == old.case_id:
            del self.open_case[author]
        if old.state == "waiting" and not (new and new.state == "waiting" and lane_key(new) == lane_key(old)):
            lanes = self.lanes[old.workspace, old.team]
            lane = lanes[lane_key(old)]
            lane.discard(old.case_id)
            # Without this, lanes whose cases are gone would pile up and every match would walk over them.
            if not lane:
                del lanes[lane.key]
        if old.offer is not None:
            holder = (old.workspace, old.offer.rep_id)
            self.held[holder].discard(old.case_id)
            if not self.held[holder]:
                del self.held[holder]
        if old.state == "offered":
            self.timers.discard((OFFER, entity_key))

    def _add_case(self, entity_key: str, new: Case) -> None:
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
            del self._reps[old.workspace, old.rep_id]
            self.present -= old.present
            for team in old.teams:
                self.signed_in.get((old.workspace, team), {}).pop(old.rep_id, None)
                self.free.get((old.workspace, team), {}).pop(old.rep_id, None)
                self.touched.add((old.workspace, team))
        if new is not None:
            self._reps[new.workspace, new.rep_id] = new
            self.present += new.present
            if new.signed_in:
                for team in new.teams:
                    self.signed_in.setdefault((new.workspace, team), {})[new.rep_id] = new
            self._update_free(new.workspace, new.rep_id)

    def _update_free(self, workspace: str, rep_id: str) -> None:
        rep = self._reps.get((workspace, rep_id))
        # A restore may bring the case before its rep; the rep's own entry then ends up here once more.
        if rep is None:
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
