"""What must hold of who gets the cases, judged by the logs alone. Each check yields a sentence for each damage."""

from collections import Counter
from collections.abc import Iterator
from itertools import groupby

from schemas.policy.queues import Queue
from tests.simulation.history import History, Written
from tests.simulation.policies import BOUND, BOUNDED, SHARE, SHELF, queues_of, weight_of

MOST_RINGS = 2
"""The next ring lets the other team have the cases without a loan."""


MOVING_S = 2.0
"""Cases that wait follow a new policy within so long, and may be offered as before until then."""


def is_offer(said: Written) -> bool:
    """Whether it makes an offer, and does not only say what is new about one."""
    return bool(said.body["state"] == "offered" and not said.body.get("update"))


def attempt_of(record: Written) -> tuple[str, int]:
    return record.body["case_id"], record.body["attempt"]


class _Policies:
    """Which policies count for an offer: the one in force, and while cases still follow it the one before."""

    def __init__(self) -> None:
        self._since_s: dict[tuple[str, int], float] = {}

    def queues(self, said: Written) -> list[Queue]:
        """Returns the queues of that name in the policies that count for the offer."""
        version = said.body["policy_version"]
        since_s = self._since_s.setdefault((said.body["workspace"], version), said.at_s)
        counting = [version, version - 1] if version > 1 and said.at_s - since_s < MOVING_S else [version]
        return [queue for one in counting for queue in queues_of(one) if queue.name == said.body["queue"]]


def offers_only_to_those_who_may_have_them(history: History) -> Iterator[str]:
    """Each is of a team that may take the case by its queue, its ring or a loan, and not yet at the bound."""
    teams = {
        (record.key, record.body["rep_id"]): set(record.body["teams"])
        for record in history.inputs
        if record.body is not None and record.body.get("type") == "signed_in"
    }
    offers, policies = Counter[tuple[str, str]](), _Policies()
    for said in history.assignments:
        if not is_offer(said):
            continue
        body = said.body
        rep = body["workspace"], body["rep_id"]
        offers[rep] += 1
        if rep[0] == BOUNDED and offers[rep] > BOUND:
            yield f"{rep} had {offers[rep]} offers"
        queues = policies.queues(said)
        if body["reason"] != "matched":
            continue
        if not any(queue.mode == "push" for queue in queues):
            yield f"{attempt_of(said)} was made in queue {body['queue']}"
        elif not any(_may(queue, body.get("ring", 0)) & teams[rep] for queue in queues):
            yield f"{attempt_of(said)} went to {rep} of {sorted(teams[rep])}"


def _may(queue: Queue, ring: int) -> set[str]:
    """Returns the teams whose reps may have a case of the queue in that ring, loans included."""
    added = {team for each in queue.rings[:ring] for team in each.add_teams}
    return {queue.team, *added, *(rule.team for rule in queue.borrows)}


def no_queue_takes_more_than_its_share(history: History) -> Iterator[str]:
    """A rep is lent only while the queue has no more than its share of what all reps of the team can take."""
    roster = {
        (record.key, record.body["rep_id"]): record.body
        for record in history.inputs
        if record.body is not None and record.body.get("type") == "signed_in"
    }
    holder: dict[str, tuple[tuple[str, str], Written]] = {}
    policies = _Policies()
    for _, transaction in groupby(history.assignments, key=lambda said: said.serial):
        steps = [said for said in transaction if not said.body.get("update")]
        for said in steps:
            if said.body["reason"] == "accepted":
                continue  # it takes what it took as an offer
            holder.pop(said.body["case_id"], None)
            if said.body["state"] in ("offered", "assigned"):
                holder[said.body["case_id"]] = (said.body["workspace"], said.body["rep_id"]), said
        if any(said.body["state"] == "assigned" and said.body["reason"] != "accepted" for said in steps):
            continue  # a case that is handed on is not asked about
        for said in filter(is_offer, steps):
            queues = policies.queues(said)
            workspace, teams = said.body["workspace"], roster[said.body["workspace"], said.body["rep_id"]]["teams"]
            if (
                said.body["reason"] != "matched"
                or not queues
                or any(queue.team in teams for queue in queues)
                or said.body.get("ring", 0) > MOST_RINGS
            ):
                continue
            load = sum(
                weight_of(said.body["queue"], taken.body["channel"])
                for rep, taken in holder.values()
                if rep[0] == workspace and taken.body["queue"] == said.body["queue"]
                if _is_of_another_team(taken, roster[rep]["teams"])
                # A ring may have widened the circle after the loan.
                if taken not in steps or taken.body.get("ring", 0) <= MOST_RINGS
            )
            team = sum(
                rep["capacity"] for (of, _), rep in roster.items() if of == workspace and teams[0] in rep["teams"]
            )
            if load > SHARE * team:
                yield f"{attempt_of(said)}: queue {said.body['queue']} has {load} of {team} of team {teams[0]}"


def _is_of_another_team(offer: Written, teams: list[str]) -> bool:
    """Whether the queue belonged to another team when the offer was made. A policy may have moved it since."""
    queues = queues_of(offer.body["policy_version"])
    return any(queue.name == offer.body["queue"] and queue.team not in teams for queue in queues)


def picks_only_from_the_shelf(history: History) -> Iterator[str]:
    for event in history.events:
        if event.body["reason"] == "picked" and event.body["queue"] != SHELF.name:
            yield f"{attempt_of(event)} was picked from {event.body['queue']}"
