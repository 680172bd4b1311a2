"""What a case asks of a rep, as words: `es` is a skill at any level, `es:3` the skill at level 3 or more.

A word that ends in `!` is required, so that no ring ever drops it. A rep's own words say `es` for level 1 and
`es:3` for level 3. Words keep classes and the changelog as small as names, and older policies have names alone.
"""

from functools import lru_cache
from typing import NamedTuple

from pipeline.route.fairness.order import Rule
from schemas.policy.queues import Queue

REQUIRED = "!"


class Need(NamedTuple):
    """One skill that is asked for."""

    name: str
    level: int = 1
    required: bool = False

    @property
    def word(self) -> str:
        """The need as a word."""
        return f"{skill_word(self.name, self.level)}{REQUIRED if self.required else ''}"


class Terms(NamedTuple):
    """Who may take the cases of one demand class."""

    teams: tuple[str, ...]
    """Reps of any of them may."""
    skills: frozenset[str]
    """The words, without their marks, that a rep must meet, all of them."""
    whole: frozenset[str]
    """Those that a rep must meet before the first ring. Who meets more of them gets the case first."""
    pull: bool = False
    """Whether reps pick the cases by hand, and none is ever offered."""
    fairness: Rule = "load"
    """Who of those who fit alike is asked first."""
    lent: tuple[str, ...] = ()
    """The teams, of those above, whose reps may only for as long as they lend to the queue."""


def skill_word(name: str, level: int) -> str:
    """Returns the word for a skill at a level, from 1 to 5."""
    return name if level == 1 else f"{name}:{level}"


@lru_cache(maxsize=4096)
def need_of(word: str) -> Need:
    """Returns what a word asks for."""
    name, _, level = word.removesuffix(REQUIRED).partition(":")
    return Need(name, int(level or 1), word.endswith(REQUIRED))


def words_met(words: tuple[str, ...]) -> frozenset[str]:
    """Returns all words without marks that a rep with these skills meets."""
    own = [need_of(word) for word in words]
    return frozenset(skill_word(need.name, level) for need in own for level in range(1, need.level + 1))


def terms_of(
    queue: Queue | None, team: str, words: tuple[str, ...], ring: int, lenders: tuple[str, ...] = ()
) -> Terms:
    """Returns who may take a case.

    Args:
        queue: that of the case as the policy in force has it; None where it has none or gives it to another team.
        team: that of the case.
        words: what the case itself asks for.
        ring: how many rings of the queue the case has reached.
        lenders: the teams that lend to the queue now.
    """
    needs, teams = [need_of(word) for word in words], [team]
    whole = _skills(needs)
    if queue is not None:
        needs = _together(needs + [Need(need.name, need.level, need.required) for need in queue.skills])
        whole = _skills(needs)
        for wider in queue.rings[:ring]:
            # Required skills stay, at a level that may be lower.
            needs = [
                need._replace(level=max(1, need.level - wider.lower_levels))
                for need in needs
                if need.required or not (wider.drop_optional or need.name in wider.drop_skills)
            ]
            teams += wider.add_teams
    if queue is None:
        return Terms(tuple(teams), _skills(needs), whole)
    lent = tuple(lender for lender in lenders if lender not in teams)
    teams += lent
    pull = queue.mode == "pull"
    return Terms(tuple(dict.fromkeys(teams)), _skills(needs), whole, pull, queue.fairness, lent)


def _together(needs: list[Need]) -> list[Need]:
    """Returns each skill once, at the highest level that is asked for, and required if it is so anywhere."""
    highest: dict[str, Need] = {}
    for need in needs:
        other = highest.get(need.name, need)
        highest[need.name] = Need(need.name, max(need.level, other.level), need.required or other.required)
    return list(highest.values())


def _skills(needs: list[Need]) -> frozenset[str]:
    return frozenset(skill_word(need.name, need.level) for need in needs)
