"""Who of the reps of a class has room for a case, and who of them is asked first.

Queues differ in both. How much of a rep's capacity a case takes is told by its weight. The rule of fairness says
whether the rep with the least load is asked first, the one without an offer for the longest time, or the one
without an offer of that queue. Among equals the rest of the tuple `FreeRep` decides, and a hash at last. All who
have room are therefore kept in one order for each kind of case that somebody waits for.
"""

from functools import cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pipeline.route.state.classes import RepClass
    from pipeline.route.state.entities import Rep

Rule = Literal["load", "longest_idle", "round_robin"]
FreeRep = tuple[float, int, int, str]
"""(share of the capacity in use, or 0 where that does not count; time of the last offer that counts, in
milliseconds; hash; rep_id), so that the smallest gets the next case."""


class Order:
    """The reps who have room for a kind of case, in the order in which they are asked.

    Equal ones are the same object, which is found sooner than one that must be compared.
    """

    __slots__ = ("interruptible", "queue", "rule", "weight")

    def __init__(self, weight: int, rule: Rule, queue: str, *, interruptible: bool) -> None:
        self.weight = weight
        """How much of the capacity a case takes."""
        self.interruptible = interruptible
        """Whether its cases take no capacity from an offer of another kind. They find room beside all others
        only."""
        self.rule = rule
        self.queue = queue
        """The queue of which the offers count, where reps take turns in it."""


@cache
def order_of(weight: int, rule: Rule, queue: str, *, interruptible: bool) -> Order:
    """Returns the order for cases of that weight in that queue."""
    if rule != "round_robin" and queue:
        return order_of(weight, rule, "", interruptible=interruptible)
    return Order(weight, rule, queue, interruptible=interruptible)


PLAIN = order_of(1, "load", "", interruptible=False)
"""That of a queue which says nothing about it."""


class Place:
    """Where one rep stands."""

    __slots__ = ("counted", "firm", "free", "held", "load", "rep", "reps", "spread")

    def __init__(self) -> None:
        self.rep: Rep | None = None
        """None while a restore has brought cases of the rep and not yet the rep."""
        self.reps: RepClass | None = None
        """The class in which the rep is counted; None while signed out."""
        self.free: dict[Order, FreeRep] = {}
        """The place in each order of the class; none where the rep could take no such case now."""
        self.spread = 0
        """The hash that decides among reps who are equal in all else."""
        self.counted = (0, 0)
        """(capacity, capacity that is taken) as they are part of the sums of the class."""
        self.load = 0
        """Sum of the weights of the cases that the rep has or is offered."""
        self.firm = 0
        """The part of it that is not interruptible."""
        self.held: set[str] = set()
        """Their ids."""

    def has_room(self, rep: "Rep", weight: int, *, interruptible: bool) -> bool:
        """Whether the rep could take such a case by the capacity alone."""
        return (self.load if interruptible else self.firm) + weight <= rep.capacity

    def in_order(self, rep: "Rep", order: Order) -> FreeRep | None:
        """Returns the place of the rep in that order; None while the rep could take no such case."""
        if (self.load if order.interruptible else self.firm) + order.weight > rep.capacity:
            return None
        if rep.bound_ms is not None or not rep.present:
            return None
        if order.rule == "load":
            return self.load / rep.capacity, rep.last_offer_ms, self.spread, rep.rep_id
        last_ms = rep.last_offer_ms if order.rule == "longest_idle" else dict(rep.turns).get(order.queue, 0)
        return 0.0, last_ms, self.spread, rep.rep_id
