"""Loans: which teams lend their reps to which queues now, and how much of them these queues take.

Like all look-ups they are a function of the entities that live now, with the policy in force.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.route.state.classes import Team
    from schemas.policy.queues import Queue


class Loan:
    """What one team lends to one queue."""

    __slots__ = ("lender", "load", "share", "team")

    def __init__(self, lender: str, team: "Team", share: float) -> None:
        self.lender = lender
        self.team = team
        self.share = share
        """The largest share of the team's capacity that cases of the queue may take."""
        self.load = 0
        """How much they take now."""

    def has_room(self, weight: int) -> bool:
        """Whether a further case of that weight may take of it."""
        # Of 30 units a share of .1 is 3, which the product may miss by a rounding error.
        most = round(self.share * sum([reps.capacity for reps in self.team.reps]), 9)
        return self.load + weight <= most


class Loans:
    """The loans of one workspace."""

    def __init__(self) -> None:
        self._queues: Mapping[str, Queue] = {}
        self._lenders: dict[str, tuple[str, ...]] = {}
        self._loans: dict[tuple[str, str], Loan] = {}
        """By queue and lender, those included by which somebody has a case that was handed over."""

    def follow(self, queues: "Mapping[str, Queue]") -> None:
        """Takes what the policy in force says."""
        self._queues = queues
        for (name, lender), loan in self._loans.items():
            loan.share = self._share(name, lender)

    @property
    def are_made(self) -> bool:
        """Whether any team lends to any queue now."""
        return bool(self._lenders)

    def lenders(self, name: str) -> tuple[str, ...]:
        """Returns the teams that lend to a queue now."""
        return self._lenders.get(name, ())

    def lend(self, name: str, lenders: tuple[str, ...]) -> None:
        """Sets the teams that lend to a queue now."""
        if lenders:
            self._lenders[name] = lenders
        else:
            self._lenders.pop(name, None)

    def loan(self, name: str, lender: str, team: "Team") -> Loan:
        """Returns what a team lends to a queue."""
        loan = self._loans.get((name, lender))
        if loan is None:
            loan = self._loans[name, lender] = Loan(lender, team, self._share(name, lender))
        return loan

    def lending(self, teams: Iterable[str]) -> list[str]:
        """Returns those of the teams that lend to any queue now."""
        lending = {lender for lenders in self._lenders.values() for lender in lenders}
        return [team for team in teams if team in lending]

    def _share(self, name: str, lender: str) -> float:
        queue = self._queues.get(name)
        rules = () if queue is None else queue.borrows
        return next((rule.max_share for rule in rules if rule.team == lender), 1.0)
