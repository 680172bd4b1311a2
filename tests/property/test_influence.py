"""Whatever engagement comes, in whatever order, the row of an author stays bounded and exact."""

from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pipeline.influence.estimate import influence_of
from pipeline.influence.history import apply
from pipeline.influence.row import MOST_BYTES, Row, row_of
from schemas.posts.engagement import Engagement
from schemas.posts.raw import Author, PostMetrics
from tests.builders import START_MS, at

COUNTS = st.none() | st.integers(0, 10**12)
ANN = Author(author_id="x:ann", followers=1000)


@st.composite
def engagements(draw: st.DrawFn) -> Engagement:
    kind = draw(st.sampled_from(("post", "like", "repost", "quote", "reply", "mention", "other")))
    post, second = draw(st.integers(0, 40)), draw(st.integers(0, 20 * 86_400))
    written = at() + timedelta(hours=7 * post)
    return Engagement(
        workspace="acme",
        engagement_id=f"x:{post}/post" if kind == "post" else f"{kind}-{draw(st.integers(0, 200))}",
        target_author_id="x:ann",
        post_id=f"x:{post}",
        kind=kind,
        mode=draw(st.sampled_from(("event", "counter"))),
        count=draw(st.integers(0, 10**12)),
        actor_id=draw(st.none() | st.integers(0, 30).map("x:fan{}".format) | st.just("x:ann")),
        created_at=written if kind == "post" else at() + timedelta(seconds=second),
        post_created_at=draw(st.just(written) | st.none()),
        metrics=PostMetrics(likes=draw(COUNTS), reposts=draw(COUNTS)) if kind == "post" else None,
        followers=draw(COUNTS),
        verified=draw(st.none() | st.booleans()),
    )


STREAMS = st.lists(engagements(), max_size=60)


def played(stream: list[Engagement], row: Row | None = None, begin: int = 0) -> Row | None:
    for offset, one in enumerate(stream, begin):
        row = apply(row, one, offset)
    return row


@given(STREAMS)
def test_a_row_is_bounded_and_survives_its_stored_form(stream: list[Engagement]) -> None:
    row: Row | None = None
    for offset, one in enumerate(stream):
        row = apply(row, one, offset)
        stored = row.to_bytes()
        assert len(stored) <= MOST_BYTES
        assert row_of(stored) == row


@given(STREAMS, st.integers(0, 60))
def test_records_that_are_read_again_change_nothing(stream: list[Engagement], cut: int) -> None:
    row = played(stream)
    assert played(stream[cut:], row, cut) == row


@given(st.lists(engagements(), max_size=25))
def test_records_that_are_published_again_change_no_influence(stream: list[Engagement]) -> None:
    # A counter that came before its post finds it when it comes again. Then everything is known.
    known = played(stream, played(stream), len(stream))
    again = played(stream, known, 2 * len(stream))
    for days in (0, 3, 40):
        now_s = START_MS / 1000 + 86_400 * days
        assert influence_of(again, ANN, now_s) == influence_of(known, ANN, now_s)


@given(STREAMS, engagements())
def test_the_row_before_is_left_as_it_was(stream: list[Engagement], last: Engagement) -> None:
    row = played(stream)
    before = None if row is None else row.to_bytes()
    apply(row, last, 1000)
    assert (None if row is None else row.to_bytes()) == before


@given(STREAMS, st.integers(0, 100))
def test_the_numbers_stay_in_their_bounds(stream: list[Engagement], days: int) -> None:
    found = influence_of(played(stream), ANN, START_MS / 1000 + 86_400 * days)
    assert 0 <= found.lower_bound <= found.score <= 100
    assert 0 <= found.confidence < 1


@given(st.lists(st.integers(0, 10**6), min_size=2, max_size=8))
def test_a_higher_counter_never_lowers_influence(counts: list[int]) -> None:
    scores = []
    for count in sorted(counts):
        metrics = PostMetrics(likes=count)
        post = Engagement(
            workspace="acme", engagement_id="x:1/post", target_author_id="x:ann", post_id="x:1", kind="post",
            created_at=at(), metrics=metrics,
        )  # fmt: skip
        scores.append(influence_of(apply(None, post, 0), ANN, START_MS / 1000 + 90_000).score)
    assert all(low <= high for low, high in pairwise(scores))
