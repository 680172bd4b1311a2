"""What an audit concludes from the reports of its hops.

In: reports, counts, warnings. Out: whether the audit is clean. Never here: collecting, printing.
"""

from dataclasses import dataclass, field

from pipeline.audit.findings import HopReport


@dataclass
class Verdict:
    """What the audit found."""

    hops: list[HopReport]
    warnings: list[str] = field(default_factory=list)
    """Why the numbers may be incomplete."""
    records: dict[str, int] = field(default_factory=dict)
    """Topic to the records that were read."""
    dead_letters: dict[str, dict[str, int]] = field(default_factory=dict)
    """Topic to code to dead letters."""
    rejected_lines: int = 0
    """Lines that ingest gave up; they never became ids."""
    compared: dict[str, int] = field(default_factory=dict)
    """Table to the rows that were compared with their records in every column."""
    most_given_up: float = 1.0
    """See `Scope`."""

    @property
    def ok(self) -> bool:
        """There is something, every hop keeps its guarantee, and not too much lies in the dead letters."""
        return not self.empty and not self.failed

    @property
    def empty(self) -> bool:
        """No id was found anywhere: a misspelt workspace looks like this, and so does a loss of everything."""
        return not any(hop.ids_in for hop in self.hops)

    @property
    def failed(self) -> list[HopReport]:
        """The hops that do not keep their guarantee, or that gave up too much."""
        return [hop for hop in self.hops if not hop.ok or self.gave_up_too_much(hop)]

    @property
    def waiting(self) -> int:
        """Ids that their stages have not come to, over all hops."""
        return sum(hop.not_yet.count for hop in self.hops)

    def gave_up_too_much(self, hop: HopReport) -> bool:
        """Whether the hop's dead letters are as many as the scope forbids."""
        return bool(hop.dead_lettered) and hop.given_up >= self.most_given_up
