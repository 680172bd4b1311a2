"""Notes the offers to a rep, as far as a policy asks for it: those within an hour, and the last one of a queue."""

from typing import TYPE_CHECKING

from msgspec.structs import replace

if TYPE_CHECKING:
    from pipeline.route.state.entities import Rep

HOUR_MS = 3_600_000


def offered(rep: "Rep", now_ms: int, per_hour: int | None, queue: str, rotating: frozenset[str]) -> "Rep":
    """Returns a rep after one more offer.

    Args:
        rep: the rep before.
        now_ms: when the offer was made.
        per_hour: the most offers within an hour; None for any number.
        queue: that of the offer.
        rotating: the queues in which reps take turns. Of others nothing is noted.
    """
    turns = rep.turns
    if queue in rotating:
        turns = tuple(sorted({**dict(turns), queue: now_ms}.items()))
    turns = tuple(pair for pair in turns if pair[0] in rotating)
    offers = () if per_hour is None else (*rep.offers, now_ms)
    return bounded(replace(rep, last_offer_ms=now_ms, turns=turns, offers=offers), now_ms, per_hour)


def bounded(rep: "Rep", now_ms: int, per_hour: int | None) -> "Rep":
    """Returns a rep who gets no offer now if there were as many within the hour as are allowed.

    An offer leaves the hour in the millisecond in which it is an hour old.
    """
    if per_hour is None:
        return rep if not rep.offers and rep.bound_ms is None else replace(rep, offers=(), bound_ms=None)
    offers = tuple(at_ms for at_ms in rep.offers if at_ms + HOUR_MS > now_ms)
    bound_ms = offers[-per_hour] + HOUR_MS if len(offers) >= per_hour else None
    return replace(rep, offers=offers, bound_ms=bound_ms)
