"""Rings let nobody have a case who lacks what it requires, and ask for less only of cases that have waited."""

import itertools
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.route.skills import Need, terms_of, words_met
from schemas.policy.queues import Queue

NAMES = ("es", "fr", "law")
NEEDS = st.lists(
    st.builds(Need, st.sampled_from(NAMES), st.integers(1, 5), st.booleans()),
    max_size=3,
    unique_by=lambda n: n.name,
)
RINGS = st.lists(
    st.fixed_dictionaries(
        {
            "drop_skills": st.lists(st.sampled_from(NAMES), max_size=2),
            "drop_optional": st.booleans(),
            "lower_levels": st.integers(0, 4),
            "add_teams": st.lists(st.sampled_from(("social", "sales")), max_size=2),
        }
    ),
    max_size=6,
)
LEVELS = st.dictionaries(st.sampled_from(NAMES), st.integers(1, 5))


def _queue(needs: list[Need], rings: list[dict[str, Any]]) -> Queue:
    return Queue.model_validate(
        {
            "name": "care",
            "team": "care",
            "skills": [need._asdict() for need in needs],
            "rings": [ring | {"after_s": 60 * at} for at, ring in enumerate(rings, 1)],
        }
    )


def _words(needs: list[Need]) -> tuple[str, ...]:
    return tuple(sorted(need.word for need in needs))


@settings(deadline=None)
@given(NEEDS, NEEDS, RINGS, LEVELS)
def test_each_ring_only_widens_the_circle(
    asked: list[Need], of_queue: list[Need], rings: list[dict[str, Any]], levels: dict[str, int]
) -> None:
    queue, met = _queue(of_queue, rings), words_met(_words([Need(*pair) for pair in levels.items()]))
    terms = [terms_of(queue, "care", _words(asked), ring) for ring in range(len(rings) + 1)]
    for narrow, wide in itertools.pairwise(terms):
        assert set(narrow.teams) <= set(wide.teams)
        assert narrow.whole == wide.whole
        assert not met.issuperset(narrow.skills) or met.issuperset(wide.skills)


@settings(deadline=None)
@given(NEEDS, NEEDS, RINGS, LEVELS)
def test_nobody_without_a_required_skill_may_take_the_case_in_any_ring(
    asked: list[Need], of_queue: list[Need], rings: list[dict[str, Any]], levels: dict[str, int]
) -> None:
    met = words_met(_words([Need(*pair) for pair in levels.items()]))
    required = {need.name for need in (*asked, *of_queue) if need.required}
    terms = terms_of(_queue(of_queue, rings), "care", _words(asked), len(rings))
    assert not met.issuperset(terms.skills) or required <= levels.keys()


@settings(deadline=None)
@given(NEEDS, LEVELS)
def test_before_the_first_ring_every_skill_is_needed_at_its_level(
    needs: list[Need], levels: dict[str, int]
) -> None:
    terms = terms_of(None, "care", _words(needs), 0)
    met = words_met(_words([Need(*pair) for pair in levels.items()]))
    assert met.issuperset(terms.skills) == all(levels.get(need.name, 0) >= need.level for need in needs)
