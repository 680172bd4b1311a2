"""The router decides what a slow router decides, which was written from the text of the contract alone."""

import pytest

from tests.reference.days import play_days
from tests.reference.plain_router import PlainRouter


def test_the_router_decides_as_the_text_says() -> None:
    assert play_days(range(800)) > 5_000


def test_a_difference_is_told_as_a_story_of_few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    # As if the number of cases that a rep has did not matter.
    monkeypatch.setattr(PlainRouter, "_load", lambda self, rep: 0.0)
    with pytest.raises(AssertionError) as told:
        play_days(range(300))
    story = str(told.value)
    assert "the router: Offer" in story
    assert "by the text: one of" in story
    assert len(story.splitlines()) < 80
