"""Writes `deploy/cases.md`, the life of a case for people, from the table that the router goes by."""

from collections.abc import Iterator

from pipeline.route.cases import joining
from pipeline.route.cases.lifecycle import STATES, TRANSITIONS, Transition

_HEAD = """\
# The life of a case

Written by `earshot schemas` from `pipeline/route/cases/lifecycle.py` and `joining.py`.

## States
"""
_TRANSITIONS = """
## Steps

No other way leads from one state to another. The event is the `type` on `cases.events`. A record is one on
`assignments` with that `state`, and comes only if a rep has the case or is offered it. A record in the same state
with a higher `update` says what is new.
"""
_JOINING = """
## To which case a post belongs
"""


def case_life() -> str:
    """Returns the document."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield _HEAD
    yield "| state | meaning |"
    yield "|---|---|"
    yield from (f"| `{state}` | {meaning} |" for state, meaning in STATES.items())
    yield _TRANSITIONS
    yield "| what happens | from | to | event | records | meaning |"
    yield "|---|---|---|---|---|---|"
    yield from map(_row, TRANSITIONS)
    yield _JOINING
    rules = (joining.__doc__ or "").partition("in this order:\n\n")[2].strip()
    yield "The first rule that fits decides.\n"
    yield rules


def _row(row: Transition) -> str:
    before = ", ".join(state for state in STATES if state in row.before) or "-"
    records = ", ".join(f"`{state}`" for state in row.records) or "-"
    return f"| {row.trigger} | {before} | {row.after} | `{row.event}` | {records} | {row.meaning} |"
