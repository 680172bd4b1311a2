"""Which skills a case asks for, and what the rings change."""

from collections.abc import Iterable

from schemas.policy.queues import Queue, Ring
from schemas.posts.scored import ScoredPost, SkillNeed
from tests.reference import lending
from tests.reference.entities import Case, Rep
from tests.reference.memory import World


def whole(queue: Queue, asked: Iterable[SkillNeed]) -> list[SkillNeed]:
    """Returns what the posts and the queue ask for: of each skill the highest level, required if one says so."""
    together: dict[str, SkillNeed] = {}
    for need in (*asked, *queue.skills):
        other = together.get(need.name, need)
        together[need.name] = SkillNeed(
            name=need.name, level=max(need.level, other.level), required=need.required or other.required
        )
    return list(together.values())


def of_post(post: ScoredPost) -> list[SkillNeed]:
    """Returns what a post asks for. `needs` says more about some of its `skills`."""
    levels = {need.name: need for need in post.triage.needs}
    return [levels.get(skill, SkillNeed(name=skill)) for skill in post.triage.skills]


def of_case(world: World, case: Case) -> list[SkillNeed]:
    """Returns what the posts of a case and its queue ask for."""
    return whole(world.own_queue(case), case.needs.values())


def rings(world: World, case: Case) -> tuple[Ring, ...]:
    """Returns the rings that a case has reached."""
    return world.own_queue(case).rings[: case.ring]


def left(world: World, case: Case) -> list[SkillNeed]:
    """Returns what is still asked for in the ring of the case."""
    reached = rings(world, case)
    dropped = {skill for ring in reached for skill in ring.drop_skills}
    drops_optional = any(ring.drop_optional for ring in reached)
    lower = sum(ring.lower_levels for ring in reached)
    return [
        need.model_copy(update={"level": max(1, need.level - lower)})
        for need in of_case(world, case)
        if need.required or not (drops_optional or need.name in dropped)
    ]


def own_teams(world: World, case: Case) -> set[str]:
    """Returns the teams whose reps may take it, whether anybody lends to its queue or not."""
    return {case.team} | {team for ring in rings(world, case) for team in ring.add_teams}


def teams(world: World, case: Case) -> set[str]:
    """Returns the teams whose reps may take it, those included that lend to its queue."""
    return own_teams(world, case) | set(world.lending.get(case.queue, []))


def lender(world: World, case: Case, rep: Rep) -> str | None:
    """Returns the team that lends the rep to the case, one with room for it if there is one."""
    if not own_teams(world, case).isdisjoint(rep.teams):
        return None
    theirs = [team for team in world.lending.get(case.queue, []) if team in rep.teams]
    with_room = [team for team in theirs if lending.has_room(world, world.own_queue(case), team, case)]
    return next(iter([*with_room, *theirs]), None)


def is_used_up(world: World, case: Case, rep: Rep) -> bool:
    """Says whether nothing is left of what the rep's team lends."""
    team = lender(world, case, rep)
    return team is not None and not lending.has_room(world, world.own_queue(case), team, case)


def team_of(world: World, case: Case, rep: Rep) -> str | None:
    """Returns the team as one of which the rep has a case, where that is not the case's own."""
    if case.team in rep.teams:
        return None
    added = [team for ring in rings(world, case) for team in ring.add_teams if team in rep.teams]
    others = [team for team in rep.teams if team in world.policy.teams]
    return next(iter([*added, *filter(None, [lender(world, case, rep)]), *others]), None)


def has(rep: Rep, need: SkillNeed) -> bool:
    return rep.levels.get(need.name, 0) >= need.level
