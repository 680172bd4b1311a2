"""Staff: where each rep of a workspace stands in the rep classes, and what the rep holds.

A rep is free while present and with room for one more case. Like all look-ups this is a function of the entities
that live now, namely the rep's own entity and the cases that name the rep.
"""

from xxhash import xxh3_64_intdigest

from pipeline.route.state.classes import Classes, FreeRep, RepClass
from pipeline.route.state.entities import CASE_WEIGHT, Rep

NOTHING = (0, 0)


class Place:
    """Where one rep stands."""

    __slots__ = ("counted", "free", "held", "load", "rep", "reps", "spread")

    def __init__(self) -> None:
        self.rep: Rep | None = None
        """None while a restore has brought cases of the rep and not yet the rep."""
        self.reps: RepClass | None = None
        """The class in which the rep is counted; None while signed out."""
        self.free: FreeRep | None = None
        """The place among the free reps of the class; None while not free."""
        self.spread = 0
        """The hash that decides among reps who are equal in all else."""
        self.counted = NOTHING
        """(capacity, capacity that is taken) as they are part of the sums of the class."""
        self.load = 0
        """Sum of the weights of the cases that the rep has or is offered."""
        self.held: set[str] = set()
        """Their ids."""


class Staff:
    """The reps of one workspace.

    Args:
        classes: the classes of the workspace.
        freed: classes are added here when one of their reps has become free.
        thinned: classes are added here when they have lost a rep who was present.
    """

    def __init__(self, classes: Classes, freed: set[RepClass], thinned: set[RepClass]) -> None:
        self._classes = classes
        self._freed = freed
        self._thinned = thinned
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
            place.spread = _spread(new)
            self._settle(place, new, after)
        self._drop_if_unknown(rep_id, place)

    def hold(self, rep_id: str, case_id: str) -> None:
        """Notes that the rep has the case or is offered it."""
        place = self._place(rep_id)
        place.held.add(case_id)
        place.load += CASE_WEIGHT
        if place.rep is not None and place.reps is not None:
            self._settle(place, place.rep, place.reps)

    def give_back(self, rep_id: str, case_id: str) -> None:
        """Notes that the rep no longer has the case."""
        place = self._places[rep_id]
        place.held.remove(case_id)
        place.load -= CASE_WEIGHT
        if place.rep is not None and place.reps is not None:
            self._settle(place, place.rep, place.reps)
        self._drop_if_unknown(rep_id, place)

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
        if place.free is not None:
            before.remove_free(place.free)
            place.free = None
        if not before.signed_in:
            self._classes.drop_reps(before)

    def _settle(self, place: Place, rep: Rep, reps: RepClass) -> None:
        """Puts the rep among the free reps of the class, or takes the rep out, and counts what is taken."""
        free = None
        present = rep.present
        _count_capacity(place, reps, (rep.capacity, min(place.load, rep.capacity)) if present else NOTHING)
        if place.load < rep.capacity and present:
            free = (place.load / rep.capacity, rep.last_offer_ms, place.spread, rep.rep_id)
        if place.free is not None:
            reps.remove_free(place.free)
        elif free is not None:
            # Who was free already has nothing to wait for: all cases that the rep may take have gone.
            self._freed.add(reps)
        if free is not None:
            reps.add_free(free)
        place.free = free


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
        and new.signed_in
        and old.teams == new.teams
        and old.skills == new.skills
    )


def _spread(rep: Rep) -> int:
    # Many reps are equal in load and last offer when a day begins. By id alone the same rep would get the first
    # case every day.
    return xxh3_64_intdigest(f"{rep.rep_id}\n{rep.last_offer_ms}".encode())
