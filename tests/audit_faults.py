"""Lists one loss and one double at each place of the flow, with what the audit must say to each, and no more."""

from dataclasses import dataclass

from tests.audit_world import Plant, World
from tests.builders import START_MS

BY_HOP = {
    "manifest": "manifest -> posts.raw",
    "letter": "posts.raw -> posts.scored",
    "altered": "posts.raw -> posts.scored",
    "scored": "posts.raw -> posts.scored",
    "actionable": "posts.scored -> posts.actionable",
    "mentions": "posts.scored -> mentions",
    "events": "posts.actionable -> cases.events",
    "seq": "cases.events, seq of each case",
    "assignments": "cases.events -> assignments",
    "team": "assignments -> team topics",
    "current": "cases.events -> cases.current",
    "posts": "posts.scored -> ClickHouse posts",
    "case_events": "cases.events -> ClickHouse case_events",
    "assignments table": "assignments -> ClickHouse assignments",
    "queue_gauges": "route.gauges -> ClickHouse queue_gauges, rep_presence",
    "rep_presence": "route.gauges -> ClickHouse queue_gauges, rep_presence",
}
GAUGES = {"queue_gauges": "queue {}/care", "rep_presence": "rep {}/r1"}

STORED = ("posts", "case_events", "assignments table")


@dataclass(frozen=True)
class Fault:
    """Describes a planted fault: the place, 0 or 2 copies or 1 that was changed, the kind, and whether it is
    fatal.
    """

    place: str
    copies: int
    kind: str
    fatal: bool

    @property
    def hop(self) -> str:
        """Names the only hop that may report it."""
        return BY_HOP[self.place]

    @property
    def plant(self) -> Plant:
        """Returns the fault as a world takes it."""
        return Plant(self.place, self.copies)

    @property
    def workspace(self) -> str:
        """Names a workspace of its own, so that all faults fit into one cluster."""
        return f"{self.place.replace(' ', '-').replace('_', '-')}-{self.copies}"

    def named(self, world: World) -> str:
        """Returns the id that the finding must name."""
        case = world.case["p1"]
        if self.place in GAUGES and self.kind == "lost":
            return f"{GAUGES[self.place].format(world.workspace)} at {START_MS}"
        if self.kind == "changed":
            return self._row(world)
        if self.place == "mentions":
            return f"{world.workspace}/x:p4 in {world.workspace}/delivery"
        if self.place in ("letter", "altered"):
            what = "unreadable record" if self.place == "letter" else f"{world.workspace}/x:p6"
            return f"dead letter of posts.raw/{world.bad}" if self.copies == 2 else what
        if self.place in ("assignments", "team", "assignments table"):
            return f"{case}#1/closed"
        if self.place in ("seq", "case_events"):
            lost = self.place == "seq" and self.copies == 0
            return f"case {case} seq {world.replied.seq}" if lost else f"event {world.replied.event_id}"
        if self.place == "current":
            return f"case {world.case['p2' if self.copies == 0 else 'p1']}"
        return f"{world.workspace}/x:p4"

    def said(self, world: World) -> dict[tuple[str, str], list[str]]:
        """Returns everything that the audit must say, as hop and kind to the ids."""
        found = {(self.hop, self.kind): [self.named(world)]}
        if self.place in STORED and self.kind == "doubled":
            # ClickHouse keeps a second row of a key only in another month, which its record does not say.
            found[self.hop, "changed"] = [self._row(world)]
        return found

    def _row(self, world: World) -> str:
        """Returns the key of the victim's row."""
        last = {"assignments table": "1/closed/0", "case_events": world.replied.event_id}
        if self.place == "posts":
            return f"{world.workspace}/x:p4"
        if self.place in GAUGES:
            return GAUGES[self.place].format(world.workspace).split()[1]
        return f"{world.workspace}/{world.case['p1']}/{last[self.place]}"


LOSSES = [Fault(place, 0, "lost", fatal=True) for place in BY_HOP]
DOUBLES = [
    Fault("manifest", 2, "doubled", fatal=False),
    Fault("letter", 2, "doubled", fatal=False),
    Fault("scored", 2, "doubled", fatal=False),
    Fault("actionable", 2, "doubled", fatal=False),
    Fault("mentions", 2, "doubled", fatal=False),
    Fault("events", 2, "doubled", fatal=True),
    Fault("seq", 2, "doubled", fatal=True),
    Fault("assignments", 2, "doubled", fatal=True),
    Fault("team", 2, "doubled", fatal=True),
    # A compacted topic holds one value a key: too much of it is a case that is not open any more.
    Fault("current", 2, "unexpected", fatal=True),
    Fault("posts", 2, "doubled", fatal=True),
    Fault("case_events", 2, "doubled", fatal=True),
    Fault("assignments table", 2, "doubled", fatal=True),
]
CHANGES = [Fault(place, 1, "changed", fatal=True) for place in (*STORED, *GAUGES)]
"""Each of these has one copy, which says something other than its record."""
FAULTS = LOSSES + DOUBLES + CHANGES
