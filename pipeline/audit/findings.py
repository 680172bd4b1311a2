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
    """One hop. `ids_in` = `ids_out` + missing + dead-lettered + expired + refused."""

    hop: str
    guarantee: Guarantee
    ids_in: int = 0
    ids_out: int = 0
    missing: Findings = field(default_factory=Findings)
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
        """Nothing is missing; on an exactly-once hop also nothing is doubled and nothing came from nowhere."""
        if self.missing:
            return False
        return self.guarantee == "at least once" or not (self.doubled or self.unexpected)
