"""What must hold of who gets the cases, judged by the logs alone. Each check yields a sentence for each damage."""

from collections import Counter
from collections.abc import Iterator
from itertools import groupby

from tests.simulation.history import History, Written
from tests.simulation.policies import BOUND, BOUNDED, SHARE, SHELF, queues_of, weight_of

MOST_RINGS = 2
"""The next ring lets the other team have the cases without a loan."""


def is_offer(said: Written) -> bool:
    """Whether it makes an offer, and does not only say what is new about one."""
    return bool(said.body["state"] == "offered" and not said.body.get("update"))


def attempt_of(record: Written) -> tuple[str, int]:
    return record.body["case_id"], record.body["attempt"]


def offers_only_to_those_who_may_have_them(history: History) -> Iterator[str]:
    """Each is of a team that may take the case by its queue, its ring or a loan, and not yet at the bound."""
    teams = {
        (record.key, record.body["rep_id"]): set(record.body["teams"])
        for record in history.inputs
        if record.body is not None and record.body.get("type") == "signed_in"
    }
    offers = Counter[tuple[str, str]]()
    for said in history.assignments:
        if not is_offer(said):
            continue
        body = said.body
        rep = body["workspace"], body["rep_id"]
        offers[rep] += 1
        if rep[0] == BOUNDED and offers[rep] > BOUND:
            yield f"{rep} had {offers[rep]} offers"
        queue = next((queue for queue in queues_of(body["policy_version"]) if queue.name == body["queue"]), None)
        if body["reason"] != "matched":
            continue
        if queue is None or queue.mode == "pull":
            yield f"{attempt_of(said)} was made in queue {body['queue']}"
            continue
        rings = queue.rings[: body.get("ring", 0)]
        may = {queue.team, *(team for ring in rings for team in ring.add_teams)}
        if may.isdisjoint(teams[rep]) and teams[rep].isdisjoint(rule.team for rule in queue.borrows):
            yield f"{attempt_of(said)} went to {rep} of {sorted(teams[rep])}"


def no_queue_takes_more_than_its_share(history: History) -> Iterator[str]:
    """A rep is lent only while the queue has no more than its share of what all reps of the team can take."""
    roster = {
        (record.key, record.body["rep_id"]): record.body
        for record in history.inputs
        if record.body is not None and record.body.get("type") == "signed_in"
    }
    holder: dict[str, tuple[tuple[str, str], Written]] = {}
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
            queue = next((q for q in queues_of(said.body["policy_version"]) if q.name == said.body["queue"]), None)
            workspace, teams = said.body["workspace"], roster[said.body["workspace"], said.body["rep_id"]]["teams"]
            if (
                queue is None
                or said.body["reason"] != "matched"
                or queue.team in teams
                or said.body.get("ring", 0) > MOST_RINGS
            ):
                continue
            load = sum(
                weight_of(queue.name, taken.body["channel"])
                for rep, taken in holder.values()
                if rep[0] == workspace and taken.body["queue"] == queue.name
                if _is_of_another_team(taken, roster[rep]["teams"])
                # A ring may have widened the circle after the loan.
                if taken not in steps or taken.body.get("ring", 0) <= MOST_RINGS
            )
            team = sum(
                rep["capacity"] for (of, _), rep in roster.items() if of == workspace and teams[0] in rep["teams"]
            )
            if load > SHARE * team:
                yield f"{attempt_of(said)}: queue {queue.name} has {load} of {team} that team {teams[0]} can take"


def _is_of_another_team(offer: Written, teams: list[str]) -> bool:
    """Whether the queue belonged to another team when the offer was made. A policy may have moved it since."""
    queues = queues_of(offer.body["policy_version"])
    return any(queue.name == offer.body["queue"] and queue.team not in teams for queue in queues)


def picks_only_from_the_shelf(history: History) -> Iterator[str]:
    for event in history.events:
        if event.body["reason"] == "picked" and event.body["queue"] != SHELF.name:
            yield f"{attempt_of(event)} was picked from {event.body['queue']}"
