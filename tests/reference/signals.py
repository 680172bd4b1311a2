"""Signals move the open cases of a post or author, by steps."""

from schemas.cases.steps import RouteSignal
from tests.reference.entities import Case, Lift
from tests.reference.memory import World

SHARES = {"mood": 0.6, "reach": 0.4, "value": 0.3}
"""What all steps of a kind take of that which is left up to 100 points, as in triage."""
MOST = 5
"""So many steps count."""


def take(world: World, signal: RouteSignal) -> None:
    """Obeys a signal. Those of a kind that is not known move nothing."""
    if signal.kind not in SHARES:
        return
    for case in world.cases:
        if case.is_open and case.state != "wrapping" and _is_about(signal, case):
            _move(world, case, signal)


def _is_about(signal: RouteSignal, case: Case) -> bool:
    if signal.author_id is not None:
        return signal.author_id in case.contacts
    if signal.post_id in case.copies:
        return signal.post_id not in case.copies_deleted
    return any(post.post_id == signal.post_id and not (post.own or post.deleted) for post in case.posts)


def _move(world: World, case: Case, signal: RouteSignal) -> None:
    about = signal.author_id or signal.post_id or ""
    before = case.lifts.get(signal.kind, Lift(0, "", -1))
    step = min(MOST, max(0, signal.step))
    at_ms = min(round(signal.at.timestamp() * 1000), world.now_ms)
    if about == before.about and at_ms <= before.at_ms:
        return
    rises = step > before.step
    # It falls only by two steps or more, and only as what has raised it falls.
    if not rises and (about != before.about or before.step - step < 2):
        return
    case.lifts[signal.kind] = Lift(step, about, at_ms)
    left = (100 - case.priority) / _left(signal.kind, before.step) * _left(signal.kind, step)
    world.weigh(case, round(min(100.0, max(0.0, 100 - left)), 6))
    world.say("reprioritised", case, f"{signal.kind}_{'rose' if rises else 'fell'}", rep_id=case.rep_id)
    world.tell_rep(case, "reprioritised")


def _left(kind: str, step: int) -> float:
    return 1 - SHARES[kind] * step / MOST
