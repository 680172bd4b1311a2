"""Compares a policy with a roster: the cases that nobody of the roster could take, and teams that have none.

It asks what each queue asks for at first. Rings may widen the circle later.
"""

from collections.abc import Iterable, Iterator

from pipeline.input_mistakes import did_you_mean
from pipeline.scenario.desk.desk import Roster, RosterRep
from schemas.policy.plain import Location
from schemas.policy.policy import Policy
from schemas.posts.scored import SkillNeed


def understaffed(policy: Policy, roster: Roster) -> Iterator[tuple[Location, str]]:
    """Yields the places of the policy that ask for somebody whom the roster does not have, with a sentence."""
    for at, queue in enumerate(policy.queues):
        team = [rep for rep in roster.reps if queue.team in rep.teams]
        if not team:
            yield ("queues", at, "team"), f"nobody of the roster is of team {queue.team}"
            continue
        for number, need in enumerate(queue.skills):
            if not _any_has(team, [need]):
                yield ("queues", at, "skills", number), f"nobody of team {queue.team} has {_named(need)}"
        for channel, weight in queue.channel_weights:
            if weight > max(rep.capacity for rep in team):
                place = ("queues", at, "channel_weights", channel)
                yield place, f"nobody of team {queue.team} has a capacity of {weight}"
    for at, rule in enumerate(policy.rules):
        queue_of_rule = None if rule.queue is None else policy.queue(rule.queue)
        if queue_of_rule is None or not rule.skills:
            continue
        team = [rep for rep in roster.reps if queue_of_rule.team in rep.teams]
        if team and not _any_has(team, [*queue_of_rule.skills, *rule.skills]):
            what = " and ".join(map(_named, [*queue_of_rule.skills, *rule.skills]))
            yield ("rules", at, "skills"), f"nobody of team {queue_of_rule.team} has {what}"


def unemployed(policy: Policy, roster: Roster) -> Iterator[tuple[Location, str]]:
    """Yields the places of the roster that name a team which the policy does not have, with a sentence."""
    teams = {team: team for team in policy.teams}
    for at, rep in enumerate(roster.reps):
        for number, team in enumerate(rep.teams):
            if team not in teams:
                yield ("reps", at, "teams", number), f"the policy has no team {team}{did_you_mean(team, teams)}"


def _any_has(team: Iterable[RosterRep], needs: Iterable[SkillNeed]) -> bool:
    wanted = list(needs)
    return any(
        all(need.name in rep.skills and rep.skill_levels.get(need.name, 1) >= need.level for need in wanted)
        for rep in team
    )


def _named(need: SkillNeed) -> str:
    return f"skill {need.name}" + (f" at level {need.level}" if need.level > 1 else "")
