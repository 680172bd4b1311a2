"""Concludes from the reports of the hops whether an audit is clean.

It collects nothing and prints nothing.
"""

from dataclasses import dataclass, field

from pipeline.audit.findings import HopReport


@dataclass
class Verdict:
    """Holds the outcome of an audit."""

    hops: list[HopReport]
    warnings: list[str] = field(default_factory=list)
    """Tell why the numbers may be incomplete."""
    records: dict[str, int] = field(default_factory=dict)
    """Maps a topic to the number of its records that were read."""
    dead_letters: dict[str, dict[str, int]] = field(default_factory=dict)
    """Maps a topic to a count of its dead letters by code."""
    rejected_lines: int = 0
    """Counts the lines that ingest gave up. They never became ids."""
    compared: dict[str, int] = field(default_factory=dict)
    """Maps a table to the number of its rows that were compared with their records in every column."""
    most_given_up: float = 1.0
    """This is the limit that the scope sets."""

    @property
    def ok(self) -> bool:
        """Says whether there is anything, every hop keeps its guarantee, and not too much lies in the dead
        letters.
        """
        return not self.empty and not self.failed

    @property
    def empty(self) -> bool:
        """Says whether no hop has any id.

        A misspelt workspace looks like this, and so does the loss of everything.
        """
        return not any(hop.ids_in for hop in self.hops)

    @property
    def failed(self) -> list[HopReport]:
        """Lists the hops that do not keep their guarantee, or that gave up too much."""
        return [hop for hop in self.hops if not hop.ok or self.gave_up_too_much(hop)]

    @property
    def waiting(self) -> int:
        """Counts, over all hops, the ids that their stages have not come to."""
        return sum(hop.not_yet.count for hop in self.hops)

    def gave_up_too_much(self, hop: HopReport) -> bool:
        """Says whether the share of the hop's ids in its dead letters reaches the limit of the scope."""
        return bool(hop.dead_lettered) and hop.given_up >= self.most_given_up
