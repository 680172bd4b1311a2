"""What must hold of all that offers say, on any day at the desk."""

from collections.abc import Iterator

from hypothesis import given, settings

from pipeline.codec import decode
from schemas.cases.case import Assignment
from schemas.posts.scored import ScoredPost
from schemas.topics import ACTIONABLE, ASSIGNMENTS
from tests.property.route_play import STEPS, Played, Step, play

EXAMPLES = settings(max_examples=60, deadline=None)
ACCOUNTS = {"x:acme": "Acme", "x:other": "Other"}


def said(day: list[Played]) -> Iterator[Assignment]:
    """Yields the records of assignments."""
    for played in day:
        for output in played.decisions.outputs:
            if output.topic == ASSIGNMENTS.name:
                yield decode(Assignment, output.value)


@EXAMPLES
@given(STEPS)
def test_no_offer_that_may_not_be_answered_is_made_without_saying_so(steps: list[Step]) -> None:
    for offer in said(play(steps)):
        reply = offer.reply
        over = reply is not None and reply.until is not None and reply.until <= offer.decided_at
        assert (offer.open_on_platform is True) == (reply is not None and (not reply.allowed or over))
        ends = [clock.due_at for clock in offer.deadlines or () if clock.kind == "reply_window"]
        assert ends == ([reply.until] if reply is not None and reply.allowed and reply.until is not None else [])


@EXAMPLES
@given(STEPS)
def test_the_limits_of_a_reply_are_those_of_the_newest_post_of_the_contact(steps: list[Step]) -> None:
    day = play(steps)
    raws = [raw for played in day for raw in played.records if raw.topic == ACTIONABLE.name]
    posts = {(post.post_id, post.revision): post for post in (decode(ScoredPost, raw.value) for raw in raws)}
    for offer in said(day):
        newest = next((post for post in reversed(offer.posts) if not post.own), None)
        if offer.reply is not None:
            assert newest is not None
            assert posts[newest.post_id, newest.revision].reply == offer.reply
        if newest is not None:
            assert newest.author.author_id == offer.author.author_id


@EXAMPLES
@given(STEPS)
def test_the_post_that_led_is_listed_with_its_scores(steps: list[Step]) -> None:
    for offer in said(play(steps)):
        assert (offer.led_by is None) == (offer.scores is None)
        assert offer.led_by is None or offer.led_by in {post.post_id for post in offer.posts}
        assert len(offer.posts) <= 10
        assert offer.posts_total >= len(offer.posts)


@EXAMPLES
@given(STEPS)
def test_a_new_offer_names_who_fitted_best_the_chosen_one_first(steps: list[Step]) -> None:
    for offer in said(play(steps)):
        best = offer.candidates.best or ()
        if offer.reason != "matched":
            assert best == ()
            continue
        names = [one.rep_id for one in best]
        assert names[0] == offer.rep_id
        assert len(set(names)) == len(names) == min(3, offer.candidates.eligible)
        places = [(-one.fit, one.load) for one in best[1:]]
        assert places == sorted(places)


@EXAMPLES
@given(STEPS)
def test_who_answers_is_an_account_of_the_brand_that_was_addressed(steps: list[Step]) -> None:
    for offer in said(play(steps)):
        assert offer.brand in (None, *ACCOUNTS.values())
        assert offer.reply_as == ("x:acme" if offer.brand == "Acme" else None)


@EXAMPLES
@given(STEPS)
def test_earlier_cases_are_others_that_have_ended_the_last_one_first(steps: list[Step]) -> None:
    for offer in said(play(steps)):
        earlier = offer.earlier or ()
        assert len({one.case_id for one in earlier} - {offer.case_id}) == len(earlier) <= 5
        ends = [one.at for one in earlier]
        assert ends == sorted(ends, reverse=True)
        assert all(end <= offer.decided_at for end in ends)
