"""The traffic of the router's bench is the same in each run, valid, and of the stated mix."""

from collections import Counter

import orjson
import pytest

from pipeline.bench.route.templates import DEMANDS, post_templates
from pipeline.bench.route.traffic import JOIN_EVERY, Posts, Produced, Traffic, opening_posts
from pipeline.codec import decode
from schemas.people.casework import CaseResolved, OfferAccepted
from schemas.people.presence import SignedIn
from schemas.people.rep import RepEvent
from schemas.posts.scored import ScoredPost
from schemas.topics import ACTIONABLE, ASSIGNMENTS, REPS
from tests.builders import START_MS

TEMPLATES = post_templates(40)


def offered(number: int) -> Produced:
    offer = {"case_id": f"case-{number}", "attempt": 1, "rep_id": "rep-1", "state": "offered"}
    return Produced(ASSIGNMENTS.name, b"", orjson.dumps(offer))


def traffic() -> Traffic:
    return Traffic(Posts(TEMPLATES), "acme", 100, START_MS)


def test_every_post_is_valid_and_has_a_number_an_author_and_a_priority_of_its_own() -> None:
    posts = [decode(ScoredPost, arrival.value) for arrival in opening_posts(Posts(TEMPLATES), 0, 80)]
    assert len({post.post_id for post in posts}) == 80
    assert len({post.author.author_id for post in posts}) == 80
    assert len({post.triage.priority for post in posts}) == 80
    assert [post.source.offset for post in posts] == list(range(80))


def test_the_posts_wait_in_all_kinds() -> None:
    posts = [decode(ScoredPost, arrival.value) for arrival in opening_posts(Posts(TEMPLATES), 0, 80)]
    assert {(post.triage.queue, post.triage.skills) for post in posts} == set(DEMANDS)


def test_half_are_posts_a_quarter_accepts_and_a_quarter_resolves_the_case_that_was_accepted() -> None:
    stream = traffic()
    stream.read(offered(number) for number in range(50))
    arrivals = stream.transaction(200)
    assert Counter(arrival.topic for arrival in arrivals) == {ACTIONABLE.name: 100, REPS.name: 100}
    events = [decode(RepEvent, arrival.value).root for arrival in arrivals if arrival.topic == REPS.name]
    accepted = [event.case_id for event in events if isinstance(event, OfferAccepted)]
    resolved = [event.case_id for event in events if isinstance(event, CaseResolved)]
    assert accepted == resolved == [f"case-{number}" for number in range(50)]


def test_a_share_of_the_posts_is_by_authors_who_wrote_before() -> None:
    stream = traffic()
    stream.read(offered(number) for number in range(50))
    values = [arrival.value for arrival in stream.transaction(200) if arrival.topic == ACTIONABLE.name]
    posts = [decode(ScoredPost, value) for value in values]
    earlier = [post for post in posts if post.author.author_id.split(":")[1] != post.post_id.split(":")[1]]
    assert len(earlier) == len(posts) // JOIN_EVERY


def test_a_transaction_is_as_short_as_the_offers_that_are_open() -> None:
    stream = traffic()
    assert stream.transaction(200) == []
    stream.read([offered(1), offered(2)])
    assert len(stream.transaction(200)) == 8


def test_the_same_offers_give_the_same_bytes() -> None:
    first, second = traffic(), traffic()
    for stream in (first, second):
        stream.read(offered(number) for number in range(10))
    assert list(first.sign_ins(5, 3)) == list(second.sign_ins(5, 3))
    assert first.transaction(40) == second.transaction(40)


@pytest.mark.parametrize("reps", [5, 20])
def test_every_team_gets_reps(reps: int) -> None:
    events = [decode(RepEvent, arrival.value).root for arrival in traffic().sign_ins(reps, 3)]
    teams = {team for event in events if isinstance(event, SignedIn) for team in event.teams}
    assert teams == {"care", "social"}
