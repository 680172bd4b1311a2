"""Which skills a case asks for, and what the rings change."""

from collections.abc import Iterable

from schemas.policy.queues import Queue, Ring
from schemas.posts.scored import ScoredPost, SkillNeed
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


def teams(world: World, case: Case) -> set[str]:
    """Returns the teams whose reps may take it."""
    return {case.team} | {team for ring in rings(world, case) for team in ring.add_teams}


def has(rep: Rep, need: SkillNeed) -> bool:
    return rep.levels.get(need.name, 0) >= need.level
