"""What an audit says: one report a hop, each id that is not where it should be with its place.

In: findings. Out: reports. Never here: how they are found or printed.
"""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

SHOWN = 20
"""Findings that are named; all are counted."""

Guarantee = Literal["at least once", "exactly once"]


class Finding(NamedTuple):
    """One id that is not where it should be, or is there too often."""

    id: str
    place: str
    """Topic/partition/offset, a manifest's line or a table."""
    detail: str = ""


@dataclass
class Findings:
    """The first findings of a kind, and how many there are in all."""

    count: int = 0
    shown: list[Finding] = field(default_factory=list)

    def add(self, name: str, place: str, detail: str = "") -> None:
        """Takes one more."""
        self.count += 1
        if len(self.shown) < SHOWN:
            self.shown.append(Finding(name, place, detail))

    def __bool__(self) -> bool:
        return self.count > 0


@dataclass
class HopReport:
    """One hop. `ids_in` = `ids_out` + not yet + lost + dead-lettered + expired + refused."""

    hop: str
    guarantee: Guarantee
    ids_in: int = 0
    ids_out: int = 0
    not_yet: Findings = field(default_factory=Findings)
    """Not there, and the stage has not said that it is done with them."""
    lost: Findings = field(default_factory=Findings)
    """Not there, although the stage says that it is done with them."""
    changed: Findings = field(default_factory=Findings)
    """There, and says something else than what it was made of; a sample is looked at."""
    doubled: Findings = field(default_factory=Findings)
    unexpected: Findings = field(default_factory=Findings)
    """There without a cause that can still be read."""
    dead_lettered: Findings = field(default_factory=Findings)
    expired: int = 0
    """Removed by retention before the audit looked."""
    refused: int = 0
    """Not taken, with a reason that is on record."""

    @property
    def ok(self) -> bool:
        """Nothing is lost or changed; on an exactly-once hop also nothing is doubled or came from nowhere."""
        if self.lost or self.changed:
            return False
        return self.guarantee == "at least once" or not (self.doubled or self.unexpected)

    @property
    def given_up(self) -> float:
        """The share of the ids, 0 to 1, that lies in the dead letters."""
        return self.dead_lettered.count / self.ids_in if self.ids_in else 0.0
