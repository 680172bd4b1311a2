"""Says in words what a new policy changes for the one in force, and which waiting cases move by it."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any, NamedTuple

from schemas.policy.agreement import NAMED
from schemas.policy.policy import Policy
from schemas.policy.queues import Queue

SHOWN = 5
"""Most entries of a list that are named one by one. The rest is counted."""
LONGEST = 80
"""Most characters of a value that are shown."""
ORDERED = ("rules",)
"""Lists in which an entry of another place means something else, although it says the same."""
APART = ("schema_version", "workspace", "version")


class Place(NamedTuple):
    """Where open cases are, by which they are counted."""

    queue: str
    team: str
    waits: bool
    """Whether they wait. The others are offered to a rep or held by one, and stay there."""


Cases = Mapping[Place, int]
"""How many open cases are where."""


def changes(old: Policy | None, new: Policy, cases: Cases | None) -> Iterator[str]:
    """Yields what is different, a sentence each: queues with their cases first, and the rest in the order of a
    policy.

    Args:
        old: the policy in force; None when the workspace has none.
        new: of the same workspace.
        cases: None where nobody asked for them, so that nothing is said of them.
    """
    before = {} if old is None else old.model_dump(mode="json", exclude_none=True)
    after = new.model_dump(mode="json", exclude_none=True)
    yield from _of_queues(old, new, cases)
    yield from _of_teams(old, new)
    for field in Policy.model_fields:
        if field in NAMED:
            yield from _of_list(field, before.get(field, []), after.get(field, []))
        elif field not in APART:
            yield from _of_value(field, before.get(field), after.get(field)) if before else ()


def moved(new: Policy, cases: Cases) -> int:
    """Counts the waiting cases that go to another queue or team."""
    found = 0
    for place, count in cases.items():
        queue = new.queue(place.queue) or new.fallback
        if place.waits and (queue.name, queue.team) != (place.queue, place.team):
            found += count
    return found


def _of_queues(old: Policy | None, new: Policy, cases: Cases | None) -> Iterator[str]:
    queues: dict[str, Queue] = {} if old is None else {queue.name: queue for queue in old.queues}
    for name in [*queues, *sorted({place.queue for place in cases or ()} - queues.keys())]:
        was, now = queues.get(name), new.queue(name)
        if now is None:
            gone = "withdrawn" if was else "in no policy"
            to = f"{new.fallback.name} (team {new.fallback.team})"
            yield f"queue {name} is {gone}: {_cases(name, cases)} go to {to}"
        elif was is not None and was.team != now.team:
            yield f"queue {name} goes to team {now.team} from {was.team}: {_cases(name, cases)} go along"
    if old is not None and old.fallback.name != new.fallback.name:
        yield f"cases and posts without a queue go to {new.fallback.name} instead of {old.fallback.name}"


def _cases(queue: str, cases: Cases | None) -> str:
    if cases is None:
        return "its waiting cases"
    waiting, held = (
        sum(count for place, count in cases.items() if place.queue == queue and place.waits == waits)
        for waits in (True, False)
    )
    stay = f" ({held:,} stay with their reps)" if held else ""
    return f"{waiting:,} waiting{stay}"


def _of_teams(old: Policy | None, new: Policy) -> Iterator[str]:
    before = set() if old is None else set(old.teams)
    for team in sorted(set(new.teams) - before):
        yield f"team {team} is new: topic assignments.{new.workspace}.{team} is made for it"
    for team in sorted(before - set(new.teams)):
        yield f"team {team} has no queue any more: its reps get no cases"


def _of_list(field: str, before: Sequence[Any], after: Sequence[Any]) -> Iterator[str]:
    noun = NAMED[field]
    old = {entry["name"]: entry for entry in before}
    new = {entry["name"]: entry for entry in after}
    places = {name: at for at, name in enumerate(new)}
    for name in old:
        # What a withdrawn queue means for its cases is said above.
        if name not in new and field != "queues":
            yield f"{noun} {name} is withdrawn"
    for name, entry in new.items():
        if name not in old:
            yield f"{noun} {name} is new{_behind(list(new), places[name], 'in') if field in ORDERED else ''}"
            continue
        for part in sorted(old[name].keys() | entry.keys(), key=list({**old[name], **entry}).index):
            if not (field == "queues" and part == "team"):
                yield from _of_value(f"{noun} {name}: {part}", old[name].get(part), entry.get(part))
    if field in ORDERED:
        yield from _of_order(noun, [name for name in old if name in new], list(new), places)


def _of_order(noun: str, before: list[str], after: list[str], places: Mapping[str, int]) -> Iterator[str]:
    common = [name for name in after if name in set(before)]
    kept = {
        name
        for block in SequenceMatcher(None, before, common, autojunk=False).get_matching_blocks()
        for name in before[block.a : block.a + block.size]
    }
    for name in common:
        if name not in kept:
            yield f"{noun} {name} moves{_behind(after, places[name], 'to')}"


def _behind(names: Sequence[str], at: int, first: str) -> str:
    return f" behind {names[at - 1]}" if at else f" {first} the first place"


def _of_value(where: str, before: Any, after: Any) -> Iterator[str]:
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for part in [*before, *(part for part in after if part not in before)]:
            yield from _of_value(f"{where}.{part}", before.get(part), after.get(part))
    elif _are_parts(before) and _are_parts(after):
        # Whole lists would be cut before the part that differs.
        for at, (old, new) in enumerate(zip_longest(before, after)):
            yield from _of_value(f"{where}[{at}]", old, new)
    elif _are_words(before) and _are_words(after):
        yield f"{where}: {_news(before or [], after or [])}"
    elif before is None:
        yield f"{where} is {_shown(after)}, and was not given"
    elif after is None:
        yield f"{where} is no longer given, and was {_shown(before)}"
    else:
        yield f"{where} is {_shown(after)} instead of {_shown(before)}"


def _are_parts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(entry, Mapping) for entry in value)


def _are_words(value: Any) -> bool:
    return value is None or (isinstance(value, list) and all(isinstance(entry, str) for entry in value))


def _news(before: list[str], after: list[str]) -> str:
    come, gone = ([word for word in one if word not in other] for one, other in ((after, before), (before, after)))
    news = [f"{verb} {_listed(words)}" for verb, words in (("with", come), ("without", gone)) if words]
    return " and ".join(news) or "in another order"


def _listed(words: Sequence[str]) -> str:
    more = [f"{len(words) - SHOWN} others"] if len(words) > SHOWN else []
    return ", ".join([*words[:SHOWN], *more])


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, list):
        text = "; ".join(map(_shown, value)) or "empty"
    elif isinstance(value, Mapping):
        text = ", ".join(f"{name} {_shown(part)}" for name, part in value.items() if part)
    else:
        text = str(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
