"""Staff: where each rep of a workspace stands in the rep classes, and what the rep holds.

A rep is free for a kind of case while present, with room for it, and below the bound of offers. Like all look-ups
this is a function of the entities that live now, namely the rep's own entity and the cases that name the rep.
"""

from xxhash import xxh3_64_intdigest

from pipeline.route.fairness.order import Place
from pipeline.route.state.classes import Classes, RepClass
from pipeline.route.state.entities import Case, Rep
from pipeline.route.state.links import OneOrMore, names_of

NOTHING = (0, 0)


class Staff:
    """The reps of one workspace.

    Args:
        classes: the classes of the workspace.
        awaited: the cases that wait for each rep.
        freed: classes are added here when one of their reps has become free.
        thinned: classes are added here when they have lost a rep who was present.
        loosened: workspace and id of the cases that wait for a rep are added here when the rep stands elsewhere.
    """

    def __init__(
        self,
        classes: Classes,
        awaited: OneOrMore,
        freed: set[RepClass],
        thinned: set[RepClass],
        loosened: set[tuple[str, str]],
    ) -> None:
        self._classes = classes
        self._awaited = awaited
        self._freed = freed
        self._thinned = thinned
        self._loosened = loosened
        self._places: dict[str, Place] = {}

    def place(self, rep_id: str) -> Place | None:
        """Returns where the rep stands; None for somebody who is unknown and holds nothing."""
        return self._places.get(rep_id)

    def set_rep(self, rep_id: str, new: Rep | None) -> None:
        """Puts the rep where the entity belongs; None forgets the rep."""
        place = self._place(rep_id)
        old, before = place.rep, place.reps
        if old is not None and before is not None and new is not None and _is_only_offered(old, new):
            place.rep = new
            place.spread = _spread(new)
            self._settle(place, new, before)
            return
        after = self._class_of(place, new)
        if before is not None and old is not None:
            before.count(old, -1)
            _count_capacity(place, before, NOTHING)
            if after is not before:
                self._take_out(place, before)
            if old.present and not (after is before and new is not None and new.present):
                self._thinned.add(before)
        place.rep, place.reps = new, after
        if new is not None and after is not None:
            after.count(new, 1)
            after.members.add(place)
            place.spread = _spread(new)
            self._settle(place, new, after)
        elif old is not None:
            self._loosen(old)
        self._drop_if_unknown(rep_id, place)

    def hold(self, rep_id: str, case: Case) -> None:
        """Notes that the rep has the case or is offered it."""
        place = self._place(rep_id)
        place.held.add(case.case_id)
        self._burden(place, case, case.extras.weight)

    def give_back(self, rep_id: str, case: Case) -> None:
        """Notes that the rep no longer has the case."""
        place = self._places[rep_id]
        place.held.remove(case.case_id)
        self._burden(place, case, -case.extras.weight)
        self._drop_if_unknown(rep_id, place)

    def could_take(self, rep_id: str, case: Case) -> bool:
        """Whether the rep is present with room for the case, whatever the bound of offers says."""
        place = self._places.get(rep_id)
        if place is None or place.rep is None or not place.rep.present:
            return False
        return place.has_room(place.rep, case.extras.weight, interruptible=case.extras.interruptible)

    def _burden(self, place: Place, case: Case, weight: int) -> None:
        place.load += weight
        if not case.extras.interruptible:
            place.firm += weight
        if place.rep is not None and place.reps is not None:
            self._settle(place, place.rep, place.reps)

    def _place(self, rep_id: str) -> Place:
        place = self._places.get(rep_id)
        if place is None:
            place = self._places[rep_id] = Place()
        return place

    def _drop_if_unknown(self, rep_id: str, place: Place) -> None:
        if place.rep is None and not place.held:
            del self._places[rep_id]

    def _class_of(self, place: Place, new: Rep | None) -> RepClass | None:
        if new is None or not new.signed_in:
            return None
        before = place.reps
        # A rep seldom changes the class, and to look it up costs more than to compare.
        if before is not None and (before.key.teams, before.key.skills) == (new.teams, new.skills):
            return before
        return self._classes.reps_of(new)

    def _take_out(self, place: Place, before: RepClass) -> None:
        before.settle(place, None)
        before.members.discard(place)
        if not before.signed_in:
            self._classes.drop_reps(before)

    def _settle(self, place: Place, rep: Rep, reps: RepClass) -> None:
        _count_capacity(place, reps, (rep.capacity, min(place.load, rep.capacity)) if rep.present else NOTHING)
        if reps.settle(place, rep):
            self._freed.add(reps)
        if self._awaited:
            self._loosen(rep)

    def _loosen(self, rep: Rep) -> None:
        if rep.rep_id in self._awaited:
            self._loosened.update((rep.workspace, case_id) for case_id in names_of(self._awaited, rep.rep_id))


def _count_capacity(place: Place, reps: RepClass, new: tuple[int, int]) -> None:
    old = place.counted
    reps.capacity += new[0] - old[0]
    reps.taken += new[1] - old[1]
    place.counted = new


def _is_only_offered(old: Rep, new: Rep) -> bool:
    """Whether a signed-in rep has changed in nothing but the time of the last offer, as with each offer."""
    return (
        old.capacity == new.capacity
        and old.available == new.available
        and old.not_responding == new.not_responding
        and old.bound_ms == new.bound_ms
        and new.signed_in
        and old.teams == new.teams
        and old.skills == new.skills
    )


def _spread(rep: Rep) -> int:
    # Many reps are equal in load and last offer when a day begins. By id alone the same rep would get the first
    # case every day.
    return xxh3_64_intdigest(f"{rep.rep_id}\n{rep.last_offer_ms}".encode())
