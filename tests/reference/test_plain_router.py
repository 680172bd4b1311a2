"""The router decides what a slow router decides, which was written from the text of the contract alone."""

import pytest

from tests.reference.days import play_days
from tests.reference.matching import Matching

COMPARED = (
    "matching", "people", "skills", "joins", "work", "clocks", "limits", "hours", "time", "signals", "windows",
    "lending", "sticky", "all", "workspaces",
)  # fmt: skip
DAYS = 100
"""About two seconds of one processor for each kind."""


@pytest.mark.parametrize("kind", COMPARED)
def test_the_router_decides_as_the_text_says(kind: str) -> None:
    assert play_days(range(DAYS), (kind,)) > 2 * DAYS


def test_a_difference_is_told_as_a_story_of_few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    # As if the number of cases that a rep has did not matter.
    monkeypatch.setattr(Matching, "rank", lambda self, rep, case: (0, 0.0, rep.last_offer_ms()))
    with pytest.raises(AssertionError) as told:
        play_days(range(300), ("matching",))
    story = str(told.value)
    assert "the router: Offer" in story
    assert "by the text: one of" in story
    assert len(story.splitlines()) < 80
