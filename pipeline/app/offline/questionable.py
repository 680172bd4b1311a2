"""Finds what a policy may say of teams, queues and links, and its owner hardly means."""

from collections.abc import Iterator

from schemas.people.customer import may_link
from schemas.people.presence import SignedIn
from schemas.policy.plain import Location
from schemas.policy.policy import Policy
from schemas.policy.queues import Queue

OF_OFFERS = ("offer_timeout_s", "fairness", "sticky")
"""Fields of a queue that are about offers alone. Rings count for who may pick a case too."""


def questionable(policy: Policy) -> Iterator[tuple[Location, str]]:
    """Yields each such place, with a sentence."""
    yield from _teams(policy)
    yield from _pulled(policy)
    yield from _orders(policy)
    yield from _weights(policy)
    for at, platform in enumerate(policy.link_identity or ()):
        if not may_link(platform):
            place = ("link_identity", at)
            yield place, f"the terms of {platform} forbid to match its users with what is known of them elsewhere"


def _teams(policy: Policy) -> Iterator[tuple[Location, str]]:
    # A team without a queue may still lend its reps.
    used = {queue.team for queue in policy.queues}
    used |= {borrowing.team for queue in policy.queues for borrowing in queue.borrows}
    used |= {team for queue in policy.queues for ring in queue.rings for team in ring.add_teams}
    listed = {team for department in policy.departments for team in department.teams}
    for at, department in enumerate(policy.departments):
        for number, team in enumerate(department.teams):
            if team not in used:
                yield ("departments", at, "teams", number), f"team {team} has no queue and lends to none"
    for at, queue in enumerate(policy.queues):
        if listed and queue.team not in listed:
            yield ("queues", at, "team"), f"team {queue.team} is in no department"
            listed.add(queue.team)


def _pulled(policy: Policy) -> Iterator[tuple[Location, str]]:
    for at, queue in enumerate(policy.queues):
        for field in OF_OFFERS if queue.mode == "pull" else ():
            usual = Queue.model_fields[field].get_default(call_default_factory=True)
            if getattr(queue, field) != usual:
                yield ("queues", at, field), "this does nothing: cases of a queue with mode pull are not offered"


def _orders(policy: Policy) -> Iterator[tuple[Location, str]]:
    by_priority = next((queue.team for queue in policy.queues if queue.order == "priority"), None)
    told: set[str] = set()
    for at, queue in enumerate(policy.queues):
        if queue.order != "priority" and by_priority is not None and queue.team not in told:
            told.add(queue.team)
            yield (
                ("queues", at, "order"),
                f"a rep of both team {queue.team} and team {by_priority} is offered the cases of {by_priority}, "
                "which has order priority, first",
            )


def _weights(policy: Policy) -> Iterator[tuple[Location, str]]:
    usual = SignedIn.model_fields["capacity"].default
    for at, queue in enumerate(policy.queues):
        for channel, weight in queue.channel_weights:
            if weight > usual:
                yield (
                    ("queues", at, "channel_weights", channel),
                    f"only reps who sign in with a capacity of {weight} or more are offered such a case, and "
                    f"{usual} is usual",
                )
