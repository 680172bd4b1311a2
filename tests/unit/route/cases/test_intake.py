"""Opening, joining, collapsing: each post is queued, joined or refused, exactly once."""

from datetime import timedelta
from typing import Any

import pytest

from pipeline.codec import encode
from pipeline.route import ids
from schemas.cases.case import Assignment
from schemas.posts.scored import ScoredPost, TriageAction
from tests.builders import WORKSPACE, accept, author, policy, reply, scored, signed_in, topics
from tests.unit.route.desk_of_one import Desk


def test_an_actionable_post_opens_a_case_in_its_queue() -> None:
    answer = Desk().feed(scored("p1", priority=61.5, skills=("refund",)))
    [event] = answer.events
    assert (event.type, event.reason, event.seq, event.queue, event.team) == (
        "queued",
        "opened",
        0,
        "care",
        "care",
    )
    assert (event.post_id, event.revision, event.priority) == ("x:p1", 0, 61.5)
    [case] = answer.current
    assert (case.state, case.attempt, case.root_post_id, case.event_seq) == ("waiting", 0, "x:p1", 0)
    assert case.case_id == ids.case_id(WORKSPACE, "x:p1", 0)


def test_the_first_response_is_due_from_when_the_post_was_received_and_not_from_when_it_was_queued() -> None:
    desk = Desk()
    [case] = desk.after(3600).feed(scored("p1", queue="billing")).current
    assert case.respond_by == case.queued_at - timedelta(seconds=3600 - 1800)


def test_a_second_actionable_post_of_the_author_joins_and_raises_the_priority() -> None:
    desk = Desk()
    [opened] = desk.feed(scored("p1", priority=20.0)).current
    answer = desk.feed(scored("p2", queue="fans", priority=80.0))
    [event] = answer.events
    assert (event.type, event.reason, event.case_id) == ("joined", "same_author", opened.case_id)
    assert (event.priority, event.queue) == (80.0, "care"), "no second department answers the same person"
    assert answer.current[0].posts_total == 2


def test_a_join_never_lowers_the_priority() -> None:
    desk = Desk()
    desk.feed(scored("p1", priority=80.0))
    assert desk.feed(scored("p2", priority=20.0)).events[0].priority == 80.0


def test_a_join_changes_the_waiting_order() -> None:
    desk = Desk()
    desk.feed(scored("a", by="ann", priority=10.0), scored("b", by="bob", priority=20.0))
    desk.feed(scored("c", by="ann", priority=30.0))
    [offer] = desk.feed(signed_in(capacity=1)).assignments
    assert offer.author.author_id == "x:ann"


@pytest.mark.parametrize(
    ("over", "reason"),
    [
        ({"in_reply_to": "x:p1"}, "reply"),
        ({"quote_of": "x:p1"}, "quote"),
        ({"in_reply_to": "x:acme-1", "in_reply_to_author": "x:acme"}, "same_author"),
        ({"visibility": "direct"}, "direct"),
        ({"revision": 1}, "edit"),
    ],
)
def test_context_of_the_author_of_an_open_case_joins(over: dict[str, Any], reason: str) -> None:
    desk = Desk()
    desk.feed(scored("p1"))
    assert desk.feed(scored("p2", action="none", **over)).steps == [("joined", reason)]


def test_context_without_a_case_is_refused_under_the_id_that_it_would_have_had() -> None:
    [event] = Desk().feed(scored("p9", action="none", visibility="direct")).events
    assert (event.type, event.reason, event.seq, event.post_id) == ("refused", "no_case", 0, "x:p9")
    assert event.case_id == ids.case_id(WORKSPACE, "x:p9", 0)


def test_a_public_remark_about_something_else_does_not_join() -> None:
    desk = Desk()
    desk.feed(scored("p1", topics=topics("billing")))
    assert desk.feed(scored("p2", action="none", topics=topics("shops"))).steps == [("refused", "unrelated")]


def test_reposts_of_a_case_are_counted_without_their_text() -> None:
    desk = Desk()
    desk.feed(scored("p1"))
    answer = desk.feed(*(scored(f"r{n}", by=f"fan{n}", action="none", repost_of="x:p1") for n in range(3)))
    assert answer.steps == [("joined", "repost")] * 3
    assert answer.current[0].posts_total == 4
    [offer] = desk.feed(signed_in()).assignments
    assert [p.post_id for p in offer.posts] == ["x:p1"]


def test_a_repost_of_an_unknown_post_is_refused() -> None:
    assert Desk().feed(scored("r", action="none", repost_of="x:p1")).steps == [("refused", "repost")]


def test_the_brands_own_reply_joins_and_is_shown_as_own() -> None:
    desk = Desk()
    desk.feed(scored("p1"), scored("p2", ms=20))
    own = scored("o1", by="acme", action="none", own=True, in_reply_to="x:p1", ms=10)
    assert desk.feed(own).steps[0] == ("joined", "own_reply")
    [offer] = desk.feed(signed_in()).assignments
    assert [(p.post_id, p.own) for p in offer.posts] == [("x:p1", False), ("x:o1", True), ("x:p2", False)]
    assert offer.author.author_id == "x:ann"


def test_the_brands_own_post_is_refused() -> None:
    assert Desk().feed(scored("o1", by="acme", action="none", own=True)).steps == [("refused", "own_post")]


def test_an_edit_replaces_the_text_and_an_older_one_does_not() -> None:
    desk = Desk()
    desk.feed(scored("p1", text="first"))
    desk.feed(scored("p1", revision=2, text="third"), scored("p1", revision=1, text="second"))
    [offer] = desk.feed(signed_in()).assignments
    assert [(p.revision, p.text) for p in offer.posts] == [(2, "third")]
    assert offer.posts_total == 1


def test_deleting_the_only_post_cancels_a_waiting_case() -> None:
    desk = Desk()
    [opened] = desk.feed(scored("p1")).current
    answer = desk.feed(scored("p1", action="none", revision=1, deleted=True, text=None))
    assert answer.steps == [("joined", "deleted"), ("canceled", "deleted")]
    assert answer.tombstones == [opened.case_id]
    assert desk.feed(signed_in()).assignments == []


def test_deleting_the_only_post_rescinds_an_offer() -> None:
    desk = Desk()
    desk.feed(scored("p1"), signed_in())
    answer = desk.feed(scored("p1", action="none", revision=1, deleted=True))
    assert answer.states == [("released", "canceled", "r1")]
    assert desk.router.gauges() == {"waiting": 0, "offered": 0, "assigned": 0, "reps_present": 1}


def test_deleting_the_only_post_of_an_assigned_case_leaves_it_with_its_rep() -> None:
    desk = Desk()
    [offer] = desk.feed(scored("p1"), signed_in()).assignments
    desk.feed(accept(offer.case_id))
    answer = desk.feed(scored("p1", action="none", revision=1, deleted=True))
    assert answer.steps == [("joined", "deleted")]
    assert answer.current[0].state == "assigned"


def test_a_deleted_text_is_gone_and_a_late_edit_does_not_bring_it_back() -> None:
    desk = Desk()
    desk.feed(scored("p1", text="secret"), scored("p2", ms=5))
    desk.feed(scored("p1", action="none", revision=2, deleted=True))
    assert desk.feed(scored("p1", revision=1, text="secret, edited")).steps == [("joined", "edit")]
    [offer] = desk.feed(signed_in()).assignments
    assert [p.post_id for p in offer.posts] == ["x:p2"]


def test_deleting_a_post_of_no_case_is_refused() -> None:
    assert Desk().feed(scored("p1", action="none", deleted=True)).steps == [("refused", "no_case")]


def test_without_a_policy_a_post_is_refused() -> None:
    desk = Desk()
    desk.take(None)
    assert desk.feed(scored("p1")).steps == [("refused", "no_policy")]


@pytest.mark.parametrize(("default", "queue"), [(None, "care"), ("fans", "fans")])
def test_a_post_whose_queue_the_policy_does_not_have_goes_to_the_default_queue(
    default: str | None, queue: str
) -> None:
    [event] = Desk(policy(default_queue=default)).feed(scored("p1", queue="gone")).events
    assert (event.type, event.reason, event.queue) == ("queued", "queue_gone", queue)


def test_an_edit_after_the_case_was_closed_opens_one_with_another_id() -> None:
    desk = Desk()
    [first] = desk.feed(scored("p1")).current
    desk.feed(scored("p1", action="none", revision=1, deleted=True))
    [second] = desk.feed(scored("p1", revision=2)).current
    assert second.root_post_id == first.root_post_id
    assert second.case_id != first.case_id


def test_cases_of_two_workspaces_do_not_mix() -> None:
    desk = Desk()
    desk.router.take_policy("other", encode(policy(workspace="other")), 0)
    answer = desk.feed(scored("p1"), scored("p1", workspace="other"), signed_in())
    assert answer.types == ["queued", "queued", "offered"]
    assert [a.workspace for a in answer.assignments] == [WORKSPACE]


def test_context_is_the_newest_ten_posts_cut_to_two_thousand_characters() -> None:
    desk = Desk()
    desk.feed(*(scored(f"p{n:02}", ms=n, text="é" * 3000, priority=n) for n in range(12)))
    [offer] = desk.feed(signed_in()).assignments
    assert [p.post_id for p in offer.posts] == [f"x:p{n:02}" for n in range(2, 12)]
    assert {(p.text, p.chars) for p in offer.posts} == {("é" * 2000, 3000)}
    assert offer.posts_total == 12


def test_the_most_urgent_post_gives_action_and_sentiment_and_the_newest_the_author() -> None:
    desk = Desk()
    desk.feed(scored("p1", action="thank", queue="fans", priority=10.0))
    desk.feed(scored("p2", action="respond", priority=90.0, author=author("ann", followers=7)))
    desk.feed(scored("p3", action="engage", priority=5.0, author=author("ann", followers=8)))
    [offer] = desk.feed(signed_in(teams=("social",))).assignments
    assert (offer.action, offer.priority, offer.queue) == ("respond", 90.0, "fans")
    assert offer.author.followers == 8


def test_who_wrote_in_private_is_answered_in_private() -> None:
    desk = Desk()
    desk.feed(scored("p1"), scored("p2", visibility="direct"), scored("p3"))
    assert desk.feed(signed_in()).assignments[0].channel == "direct"


def test_current_state_is_published_once_a_case_and_transaction() -> None:
    desk = Desk()
    [offer] = desk.feed(scored("p1"), signed_in()).assignments
    answer = desk.feed(accept(offer.case_id), reply(offer.case_id))
    [current] = answer.current
    assert (current.state, current.event_seq) == ("assigned", 3)
    assert current.replied_at is not None


def test_context_joins_a_case_and_opens_none() -> None:
    desk = Desk()
    assert desk.feed(scored("p1", action="context")).steps == [("refused", "no_case")]
    desk.feed(scored("p2", topics=topics("billing")))
    assert desk.feed(scored("p3", action="context", in_reply_to="x:p2")).steps == [("joined", "reply")]
    other = scored("p4", action="context", topics=topics("router"))
    assert desk.feed(other).steps == [("refused", "unrelated")]


def offered(*posts: ScoredPost) -> Assignment:
    desk = Desk()
    desk.feed(*posts)
    [assignment] = desk.feed(signed_in()).assignments
    return assignment


def test_a_case_that_is_answered_in_private_has_the_direct_channel() -> None:
    private = scored("p1", action="respond_privately")
    assert (offered(private).action, offered(private).channel) == ("respond_privately", "direct")
    assert offered(scored("p2")).channel == "public"
    assert offered(scored("p2"), private).channel == "direct"


@pytest.mark.parametrize(("first", "second"), [("escalate", "moderate"), ("engage", "escalate")])
def test_a_case_keeps_the_action_that_owes_the_author_most(first: TriageAction, second: TriageAction) -> None:
    assert offered(scored("p1", action=first), scored("p2", action=second)).action == "escalate"


def test_a_post_that_was_refused_opens_a_case_once_it_is_pulled() -> None:
    desk = Desk()
    assert desk.feed(scored("p1", action="none", in_reply_to="x:p0")).steps == [("refused", "no_case")]
    pulled = scored("p1", in_reply_to="x:p0", pull_id="one")
    assert desk.feed(pulled).steps == [("queued", "opened")]
    assert desk.feed(pulled).steps == []
