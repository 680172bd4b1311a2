"""A pulled post is work, and says who wanted it."""

from typing import Any

import pytest

from pipeline.app.offline.pull import PullRequest, as_written, pulled_post, refusal
from pipeline.codec import encode
from pipeline.errors import Misconfigured
from schemas.posts.scored import ScoredPost
from tests.builders import WORKSPACE, scored

AT = "2026-11-30T09:00:00+00:00"
REQUEST = PullRequest(WORKSPACE, "x:p1", "sam", "care", "respond_privately", ("refund",))


def left_alone(**over: Any) -> ScoredPost:
    return scored("p1", action="none", **over)


def test_the_triage_is_the_supervisors_and_the_signals_stay() -> None:
    post = left_alone(backfill=True, complaint=0.9, pressing=0.8)
    pulled = pulled_post(post, REQUEST, AT)
    found = pulled.triage
    assert (found.action, found.queue, found.skills, found.by) == ("respond_privately", "care", ("refund",), "sam")
    assert found.priority > pulled_post(left_alone(pressing=0.1), REQUEST, AT).triage.priority + 30
    assert found.reasons[0].code == "pulled"
    assert not pulled.backfill
    assert pulled.model_copy(update={"triage": post.triage, "backfill": True}) == post


def test_a_pull_breaks_the_tie_of_the_row_version_and_an_edit_still_wins() -> None:
    post = left_alone()
    pulled = pulled_post(post, REQUEST, AT)
    assert post.ver < pulled.ver < left_alone(revision=1).ver


def test_each_pull_has_an_id_of_its_own_and_a_repeated_one_the_same() -> None:
    first, again, later = (pulled_post(left_alone(), REQUEST, at).triage.pull_id for at in (AT, AT, "later"))
    assert first == again
    assert first != later


@pytest.mark.parametrize(
    ("post", "why"),
    [
        (left_alone(deleted=True, text=None), "is deleted"),
        (left_alone(own=True), "is by the brand itself"),
        (left_alone(repost_of="x:p0"), "is a repost: pull x:p0"),
        (scored("p1"), "is work already, in queue care"),
        (scored("p1", action="context"), None),
        (left_alone(), None),
    ],
)
def test_only_what_triage_left_alone_can_be_pulled(post: ScoredPost, why: str | None) -> None:
    assert refusal(post) == why


def test_a_queue_that_is_no_name_is_refused() -> None:
    with pytest.raises(Misconfigured, match="--queue"):
        pulled_post(left_alone(), REQUEST._replace(queue="The Queue"), AT)


@pytest.mark.parametrize("native", ["p1", 'a"b', "a\\b", "caf\u00e9", "\u202ep", "a/b?c=d&e", "p\u200b1"])
def test_a_post_is_found_by_its_id_whatever_signs_it_has(native: str) -> None:
    assert as_written(f"x:{native}") in encode(scored(native))


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ({"queue": "The Queue"}, "--queue: must be at most 63 small letters"),
        ({"skills": ("Refund",)}, "--skill: must be at most 63 small letters"),
        ({"by": ""}, "--by: must have at least 1 character"),
    ],
)
def test_a_wrong_argument_is_called_by_its_option_and_explained(over: dict[str, Any], said: str) -> None:
    with pytest.raises(Misconfigured, match=said):
        pulled_post(left_alone(), REQUEST._replace(**over), AT)
