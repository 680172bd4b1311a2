"""What records of engagement do to the row of an author."""

from typing import Any

import pytest

from pipeline.influence.estimate import influence_of, log_engagement_of, sums
from pipeline.influence.history import apply
from pipeline.influence.row import MOST_BYTES, POSTS, Row, row_of
from schemas.policy.influence import InfluenceModel
from schemas.posts.engagement import Engagement
from schemas.posts.raw import Author, PostMetrics
from tests.builders import START_MS, at

MODEL = InfluenceModel()
HOUR, DAY = 3_600_000, 86_400_000
ANN = Author(author_id="x:ann", followers=100)


def record(kind: str = "like", hours: float = 0, post: str = "1", **over: Any) -> Engagement:
    fields = {
        "workspace": "acme", "engagement_id": f"{kind}-{hours}-{post}", "target_author_id": "x:ann",
        "post_id": f"x:{post}", "kind": kind, "created_at": at(round(hours * HOUR)),
    }  # fmt: skip
    return Engagement.model_validate(fields | over)


def post(name: str = "1", hours: float = 0, **over: Any) -> Engagement:
    written = {"engagement_id": f"x:{name}/post", "post_created_at": at(round(hours * HOUR))}
    return record("post", hours, name, **(written | over))


def counter(kind: str, count: int, hours: float, name: str = "1") -> Engagement:
    return record(kind, hours, name, mode="counter", count=count)


def after(*records: Engagement) -> Row:
    row: Row | None = None
    for offset, one in enumerate(records):
        row = apply(row, one, offset)
    assert row is not None
    return row_of(row.to_bytes())


def seconds(hours: float) -> float:
    return START_MS / 1000 + hours * 3600


def score(row: Row | None, hours: float) -> float:
    return influence_of(row, ANN, seconds(hours)).score


def test_a_post_counts_whole_from_24_hours_on_and_half_before() -> None:
    row = after(post(), counter("like", 100, 1))
    assert sums(row, seconds(23.9), 1.0, MODEL)[1] == pytest.approx(0.5, abs=0.01)
    assert sums(row, seconds(24), 1.0, MODEL)[1] == pytest.approx(1.0, abs=0.02)
    assert score(None, 24) < score(row, 23.9) < score(row, 24)


def test_a_counter_replaces_and_never_falls() -> None:
    row = after(post(), counter("like", 5, 1), counter("like", 9, 2), counter("like", 7, 3))
    assert log_engagement_of(row.posts[0], MODEL) == pytest.approx(2.302585, abs=1e-5)  # ln(1 + 9)


def test_a_counter_that_comes_days_later_still_corrects_its_post() -> None:
    before = after(post(), counter("like", 5, 24), post("2", 72))
    assert score(apply(before, counter("like", 500, 73), 9), 74) > score(before, 74)


def test_counters_inside_a_post_and_in_records_of_their_own_mean_the_same() -> None:
    inside = after(post(metrics=PostMetrics(likes=4, reposts=3)))
    beside = after(post(), counter("like", 4, 0), counter("repost", 3, 0))
    assert influence_of(inside, ANN, seconds(30)) == influence_of(beside, ANN, seconds(30))


def test_events_and_a_counter_of_the_same_kind_do_not_add_up() -> None:
    likes = [record("like", 1 + n, actor_id=f"x:fan{n}") for n in range(4)]
    row = after(post(), *likes, counter("like", 4, 9))
    assert log_engagement_of(row.posts[0], MODEL) == pytest.approx(1.609438, abs=1e-5)  # ln(1 + 4)


def test_an_event_with_an_id_that_was_seen_counts_once() -> None:
    reply = record("reply", 1, engagement_id="x:9/reply", actor_id="x:bob")
    once, twice = after(post(), reply), after(post(), reply, reply)
    assert once.posts == twice.posts
    assert once.pairs == twice.pairs


def test_the_same_person_again_counts_less_and_less() -> None:
    loyal = [record("like", 1 + n / 10, actor_id="x:fan") for n in range(10)]
    many = [record("like", 1 + n / 10, actor_id=f"x:fan{n}") for n in range(10)]
    assert score(after(post(), *loyal), 30) < score(after(post(), *many), 30)
    liked = after(post(), *loyal).posts[0].liked / 1000
    assert liked == pytest.approx(sum(1 / (1 + n) for n in range(10)), abs=0.05)


def test_engagement_with_oneself_is_worth_nothing() -> None:
    alone = record("repost", 1, actor_id="x:ann")
    assert after(post(), alone).posts == after(post()).posts


def test_a_kind_that_is_not_known_weighs_nothing() -> None:
    row = after(post(), record("applause", 1, count=1000))
    assert row.posts == after(post()).posts


def test_a_mention_engages_the_latest_post_of_the_last_day() -> None:
    assert after(post(), record("mention", 23, "by-bob")).posts[0].talked == 1000
    assert after(post(), record("mention", 25, "by-bob")).posts[0].talked == 0


def test_a_post_of_which_nobody_counts_anything_is_no_failure() -> None:
    assert influence_of(after(post()), ANN, seconds(48)) == influence_of(None, ANN, seconds(48))


def test_a_silent_post_is_a_failure_where_a_source_counts_the_authors_engagement() -> None:
    silent = after(post(), counter("like", 3, 1), post("2", 2))
    unknown = after(post(metrics=PostMetrics(likes=3)), post("2", 2))
    assert score(silent, 48) < score(unknown, 48)


def test_a_reply_that_happened_to_be_seen_never_lowers() -> None:
    known = Author(author_id="x:ann", followers=1_000_000)
    row = after(post(), record("reply", 1, actor_id="x:bob"))
    assert influence_of(row, known, seconds(48)).score == influence_of(None, known, seconds(48)).score
    assert score(row, 48) > score(None, 48)


def test_engagement_of_a_post_that_is_not_known_begins_it_when_its_time_is_stated() -> None:
    row = after(post(), record("like", 30, "9", post_created_at=at(29 * HOUR)))
    assert len(row.posts) == 2
    assert len(after(post(), record("like", 30, "9")).posts) == 1
    assert len(after(post(hours=240), record("like", 240, "9", post_created_at=at())).posts) == 1


def test_an_author_whose_posts_are_not_reported_is_known_by_the_engagement_alone() -> None:
    row = after(record("like", 1, "7", count=200), record("like", 2, "8", count=300))
    assert len(row.posts) == 2
    assert score(row, 30) > score(None, 30) + 10


def test_posts_leave_the_ring_after_a_week_and_still_count() -> None:
    row = after(post(metrics=PostMetrics(likes=50)), post("2", 24 * 8, metrics=PostMetrics(likes=50)))
    assert len(row.posts) == 1
    assert row.weight == pytest.approx(1.0)
    assert sums(row, seconds(24 * 8), 1.0, MODEL)[1] == pytest.approx(0.5 + 0.5 ** (8 / 60), abs=1e-3)


def test_a_post_that_comes_again_after_it_left_the_ring_counts_once() -> None:
    first = post(metrics=PostMetrics(likes=50))
    row = after(first, post("2", 24 * 8))
    again = apply(row, first, 9)
    assert (again.total, again.weight, again.posts) == (row.total, row.weight, row.posts)


def test_history_that_is_imported_late_counts_by_its_age() -> None:
    row = after(post("new", 24 * 90), post("old", 0, metrics=PostMetrics(likes=50)))
    assert [row.weight, len(row.posts)] == [pytest.approx(1.0), 1]
    assert sums(row, seconds(24 * 90), 1.0, MODEL)[1] == pytest.approx(0.5 ** (90 / 60), abs=1e-3)


def test_the_profile_is_that_of_the_latest_post() -> None:
    row = after(post("2", 24, followers=900, verified=True), post("1", 0, followers=100, verified=False))
    assert (row.followers, row.verified) == (900, True)


def test_a_row_is_bounded_and_small_after_one_post() -> None:
    assert len(after(post()).to_bytes()) <= 200
    flood = [
        one
        for n in range(200)
        for one in (post(str(n), n / 100), record("like", n / 100, str(n), actor_id=f"x:fan{n}"))
    ]
    stored = after(*flood).to_bytes()
    assert len(stored) == MOST_BYTES <= 1500


def test_more_young_posts_than_the_ring_holds_are_counted_as_they_are() -> None:
    row = after(*(post(str(n), n / 100, metrics=PostMetrics(likes=9)) for n in range(POSTS + 10)))
    assert len(row.posts) == POSTS
    assert row.weight == pytest.approx(10, abs=0.01)


def test_a_post_that_is_fetched_again_has_its_counters_raised() -> None:
    first, again = (post(metrics=PostMetrics(likes=likes)) for likes in (5, 500))
    assert after(first, again).posts == after(again).posts
    assert after(again, first).posts == after(again).posts


def test_silence_is_zero_on_a_network_whose_sources_report_everything() -> None:
    complete = InfluenceModel(complete=("x",))
    row = apply(None, post(), 0, complete)
    assert influence_of(row, ANN, seconds(48)).score < score(None, 48)
    assert apply(None, post(target_author_id="y:ann"), 0, complete).reported is False
