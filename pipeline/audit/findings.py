"""Defines what an audit says: one report for each hop, which names the ids that are not where they should be.

The hops fill these reports. How a finding is made and how it is printed are not decided here.
"""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

SHOWN = 20
"""At most this many findings of a kind are named. All of them are counted."""

Guarantee = Literal["at least once", "exactly once"]


class Finding(NamedTuple):
    """Names one id that is not where it should be, or that is there too often."""

    id: str
    place: str
    """This is a topic/partition/offset, a line of a manifest or a table."""
    detail: str = ""


@dataclass
class Findings:
    """Keeps the first findings of a kind and counts all of them."""

    count: int = 0
    shown: list[Finding] = field(default_factory=list)

    def add(self, name: str, place: str, detail: str = "") -> None:
        """Counts one more finding, and keeps it if there is room."""
        self.count += 1
        if len(self.shown) < SHOWN:
            self.shown.append(Finding(name, place, detail))

    def __bool__(self) -> bool:
        return self.count > 0


@dataclass
class HopReport:
    """Reports one hop.

    The counts add up, because `ids_in` is the sum of `ids_out` and the ids not yet there, lost, dead-lettered,
    expired and refused.
    """

    hop: str
    guarantee: Guarantee
    ids_in: int = 0
    ids_out: int = 0
    not_yet: Findings = field(default_factory=Findings)
    """The id is not there, and the stage has not said that it is done with it."""
    lost: Findings = field(default_factory=Findings)
    """The id is not there, although the stage says that it is done with it."""
    changed: Findings = field(default_factory=Findings)
    """The id is there but says something other than what it was made of. Only a sample is compared."""
    doubled: Findings = field(default_factory=Findings)
    unexpected: Findings = field(default_factory=Findings)
    """The id is there, and nothing that can still be read explains it."""
    dead_lettered: Findings = field(default_factory=Findings)
    expired: int = 0
    """Counts ids that retention removed before the audit looked."""
    refused: int = 0
    """Counts ids that were not taken for a reason that is on record."""

    @property
    def ok(self) -> bool:
        """Says whether the hop keeps its guarantee.

        Nothing may be lost or changed. On an exactly-once hop, nothing may be doubled or unexplained either.
        """
        if self.lost or self.changed:
            return False
        return self.guarantee == "at least once" or not (self.doubled or self.unexpected)

    @property
    def given_up(self) -> float:
        """Returns the share of the ids, from 0 to 1, that lies in the dead letters."""
        return self.dead_lettered.count / self.ids_in if self.ids_in else 0.0
