"""Checks what queues, teams and brands say about each other, on plain data as `agreement` does."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from schemas.policy.plain import Disagreement, Location, entries, is_number, is_text, names, part

Said = Mapping[str, Any]


def pool_mistakes(policy: object) -> Iterator[Disagreement]:
    """Yields what does not agree about queues and teams, queue by queue."""
    queues = list(entries(policy, "queues"))
    by_name = {queue["name"]: queue for _, queue in queues if is_text(queue.get("name"))}
    teams = _teams(policy)
    orders: dict[str, Said] = {}
    for _, queue in queues:
        if is_text(team := queue.get("team")):
            orders.setdefault(team, queue)
    for at, queue in queues:
        place: Location = ("queues", at)
        yield from _of_order(place, queue, orders)
        yield from _of_borrows(place, queue, teams, orders)
        yield from _of_skills(place, queue)
        yield from _of_rings(place, queue, teams, orders)
        yield from _of_overflow(place, queue, by_name)
    yield from _of_departments(policy)


def brand_mistakes(policy: object) -> Iterator[Disagreement]:
    """Yields what does not agree about brands: a name or account is of one brand only, and a sender its own."""
    brands: list[tuple[Location, Said]] = []
    if isinstance(first := part(policy, "brand"), Mapping):
        brands.append((("brand",), first))
    brands += [(("brands", at), brand) for at, brand in entries(policy, "brands")]
    owners: dict[tuple[str, str], Said] = {}
    for place, brand in brands:
        for field, number, account in _accounts(brand):
            if owners.setdefault((field, account), brand) is not brand:
                yield Disagreement((*place, field, number), f"{account} is an account of another brand")
        own = tuple(name for _, name in names(brand, "author_ids"))
        sender = brand.get("sender")
        if is_text(sender) and sender not in own:
            yield Disagreement((*place, "sender"), f"{sender} is none of its author_ids", sender, own)
        if place[0] == "brands" and brands[0][0] == ("brand",) and brand.get("name") == brands[0][1].get("name"):
            yield Disagreement((*place, "name"), f"there is a brand {brand.get('name')} before this one")


def _accounts(brand: Said) -> Iterator[tuple[str, int, str]]:
    yield from (("author_ids", number, account) for number, account in names(brand, "author_ids"))
    # A bare handle may mean another platform in each brand.
    yield from (("handles", at, handle.casefold()) for at, handle in names(brand, "handles") if ":" in handle)


def _teams(policy: object) -> tuple[str, ...]:
    of_queues = (queue["team"] for _, queue in entries(policy, "queues") if is_text(queue.get("team")))
    of_departments = (team for _, entry in entries(policy, "departments") for _, team in names(entry, "teams"))
    return tuple(dict.fromkeys([*of_queues, *of_departments]))


def _of_order(place: Location, queue: Said, orders: dict[str, Said]) -> Iterator[Disagreement]:
    team = queue.get("team")
    if is_text(team):
        first = orders[team]
        theirs = first.get("order", "priority")
        if queue.get("order", "priority") != theirs and is_text(theirs):
            yield Disagreement(
                (*place, "order"),
                f"all queues of team {team} must have the same order, and {first.get('name')} has {theirs}",
            )


def _of_borrows(
    place: Location, queue: Said, teams: Sequence[str], orders: Mapping[str, Said]
) -> Iterator[Disagreement]:
    lenders: set[str] = set()
    for number, borrowing in entries(queue, "borrows"):
        inner: Location = (*place, "borrows", number)
        lender = borrowing.get("team")
        yield from _of_team((*inner, "team"), lender, queue, teams, orders)
        if is_text(lender):
            if lender in lenders:
                yield Disagreement((*inner, "team"), f"team {lender} stands before this one")
            lenders.add(lender)
        if borrowing.get("waiting_over_s") is None and borrowing.get("waiting_over") is None:
            yield Disagreement(inner, "waiting_over_s or waiting_over is needed, or it would never hold")


def _of_team(
    place: Location, team: object, queue: Said, teams: Sequence[str], orders: Mapping[str, Said]
) -> Iterator[Disagreement]:
    if not is_text(team):
        return
    theirs = orders.get(team, queue).get("order", "priority")
    if theirs != queue.get("order", "priority") and is_text(theirs):
        yield Disagreement(place, f"the queues of team {team} have the order {theirs}, and a pool has one order")
    if team == queue.get("team"):
        yield Disagreement(place, f"{team} is the queue's own team")
    elif team not in teams:
        yield Disagreement(place, f"there is no team {team}", team, tuple(teams))


def _of_skills(place: Location, queue: Said) -> Iterator[Disagreement]:
    seen: set[str] = set()
    for number, name, _ in _needs(queue):
        if name in seen:
            yield Disagreement((*place, "skills", number), f"skill {name} stands before this one")
        seen.add(name)


def _needs(queue: Said) -> Iterator[tuple[int, str, bool]]:
    """Yields number and name of each skill, and whether it is required."""
    yield from ((number, name, False) for number, name in names(queue, "skills"))
    for number, need in entries(queue, "skills"):
        if is_text(need.get("name")):
            yield number, need["name"], need.get("required") is True


def _of_rings(
    place: Location, queue: Said, teams: Sequence[str], orders: Mapping[str, Said]
) -> Iterator[Disagreement]:
    required = {name for _, name, is_required in _needs(queue) if is_required}
    before: float = 0
    for number, ring in entries(queue, "rings"):
        inner: Location = (*place, "rings", number)
        after = ring.get("after_s")
        if is_number(after):
            if after <= before:
                yield Disagreement((*inner, "after_s"), f"must be more than the {before} of the ring before")
            before = after
        if not any(ring.get(field) for field in _WIDENS):
            yield Disagreement(inner, f"one of {', '.join(_WIDENS)} is needed, or the ring changes nothing")
        for at, skill in names(ring, "drop_skills"):
            if skill in required:
                yield Disagreement(
                    (*inner, "drop_skills", at), f"{skill} is required, so that no ring can drop it"
                )
        for at, team in names(ring, "add_teams"):
            yield from _of_team((*inner, "add_teams", at), team, queue, teams, orders)


_WIDENS = ("drop_skills", "drop_optional", "lower_levels", "add_teams", "raise_priority")


def _of_overflow(place: Location, queue: Said, queues: Mapping[str, Said]) -> Iterator[Disagreement]:
    limits: Location = (*place, "limits")
    target = _overflow(queue)
    if target is None:
        if queue.get("closed") == "overflow":
            yield Disagreement((*place, "closed"), "overflow needs limits.overflow_queue")
        if part(queue.get("limits"), "max_waiting") is not None:
            yield Disagreement((*limits, "max_waiting"), "needs overflow_queue, where the others go")
        return
    if target not in queues:
        yield Disagreement((*limits, "overflow_queue"), f"there is no queue {target}", target, tuple(queues))
    # Every queue is visited once at most, so that a chain which never ends ends here.
    passed = [str(queue.get("name"))]
    while target is not None and target in queues and target not in passed:
        passed.append(target)
        target = _overflow(queues[target])
    if target == passed[0]:
        way = ", ".join([*passed[1:], target])
        yield Disagreement((*limits, "overflow_queue"), f"the overflow comes back to where it began: {way}")


def _overflow(queue: Said) -> str | None:
    target = part(queue.get("limits"), "overflow_queue")
    return target if is_text(target) else None


def _of_departments(policy: object) -> Iterator[Disagreement]:
    owners: dict[str, str] = {}
    for at, department in entries(policy, "departments"):
        for number, team in names(department, "teams"):
            if team in owners:
                yield Disagreement(
                    ("departments", at, "teams", number), f"team {team} is in department {owners[team]} already"
                )
            owners.setdefault(team, str(department.get("name")))
