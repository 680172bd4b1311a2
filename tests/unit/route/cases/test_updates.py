"""Whoever has a case, or is offered it, hears of each post that joins it."""

import pytest

from tests.builders import accept, cluster, reject, resolve, scored, signed_in
from tests.unit.route.desk_of_one import Desk


def numbers(answer: object) -> list[tuple[str, int, str]]:
    return [(said.state, said.update, said.reason) for said in answer.assignments]  # type: ignore[attr-defined]


def test_a_post_that_joins_reaches_the_rep_who_is_offered_the_case() -> None:
    desk = Desk()
    [offer] = desk.feed(signed_in(), scored("p1")).assignments
    answer = desk.after(5).feed(scored("p2", ms=5))
    assert numbers(answer) == [("offered", 1, "post_joined")]
    [update] = answer.assignments
    assert (update.attempt, update.rep_id, update.expires_at) == (1, "r1", offer.expires_at)
    assert [post.post_id for post in update.posts] == ["x:p1", "x:p2"]
    assert update.assignment_id != offer.assignment_id


def test_my_number_reaches_the_rep_who_has_the_case() -> None:
    desk = Desk()
    [offer] = desk.feed(signed_in(), scored("p1")).assignments
    desk.feed(accept(offer.case_id))
    number = scored("p2", action="none", visibility="direct", text="ok, my number is [phone]", ms=9)
    answer = desk.feed(number)
    assert numbers(answer) == [("assigned", 1, "post_joined")]
    assert answer.assignments[0].posts[-1].text == "ok, my number is [phone]"
    assert answer.team_topics == ["assignments.acme.care"]


def test_updates_count_on_and_begin_anew_with_the_next_state_and_offer() -> None:
    desk = Desk()
    [offer] = desk.feed(signed_in(), scored("p1")).assignments
    said = [desk.feed(scored("p2", ms=1)), desk.feed(scored("p3", ms=2)), desk.feed(accept(offer.case_id))]
    said += [desk.feed(scored("p4", ms=3)), desk.feed(resolve(offer.case_id))]
    assert [(state, update) for answer in said for state, update, _ in numbers(answer)] == [
        ("offered", 1), ("offered", 2), ("assigned", 0), ("assigned", 1), ("closed", 0),
    ]  # fmt: skip


def test_updates_begin_anew_after_a_refusal() -> None:
    desk = Desk()
    [offer] = desk.feed(signed_in(), scored("p1")).assignments
    desk.feed(scored("p2", ms=1))
    assert numbers(desk.feed(reject(offer.case_id))) == [("released", 0, "declined"), ("offered", 0, "matched")]
    assert numbers(desk.feed(scored("p3", ms=2))) == [("offered", 1, "post_joined")]


@pytest.mark.parametrize("deleted", [False, True])
def test_what_is_edited_or_deleted_reaches_the_rep(deleted: bool) -> None:
    desk = Desk()
    offer = desk.feed(signed_in(), scored("p1"), scored("p2", ms=1)).assignments[0]
    desk.feed(accept(offer.case_id))
    answer = desk.feed(scored("p2", ms=1, revision=1, text="edited", deleted=deleted))
    assert numbers(answer) == [("assigned", 1, "post_changed")]
    assert [post.text for post in answer.assignments[0].posts] == ["text of p1", *([] if deleted else ["edited"])]


def test_what_is_only_counted_tells_the_rep_nothing() -> None:
    desk = Desk()
    desk.feed(signed_in(), scored("p1", cluster=cluster(3)))
    fans = [scored(f"r{n}", f"fan{n}", "none", repost_of="x:p1") for n in range(3)]
    assert desk.feed(*fans, scored("c1", "bob", cluster=cluster(3))).assignments == []


def test_an_edit_that_comes_late_tells_the_rep_nothing() -> None:
    desk = Desk()
    desk.feed(signed_in(), scored("p1", revision=2))
    assert desk.feed(scored("p1", revision=1)).assignments == []


def test_a_case_that_waits_has_nobody_to_tell() -> None:
    desk = Desk()
    desk.feed(scored("p1"))
    assert desk.feed(scored("p2")).assignments == []
