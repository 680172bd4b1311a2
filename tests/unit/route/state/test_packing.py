"""Packed texts come back whole, and are small once the packer has learnt what they repeat."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.route.cases.briefs import open_brief
from pipeline.route.inputs import read
from pipeline.route.messages import ScoredPost
from pipeline.route.state.brief import Brief
from pipeline.route.state.packing import SAMPLES, Packer
from tests.builders import record, scored, signed_in
from tests.unit.route.desk_of_one import Desk


def test_cases_are_offered_with_their_texts_whether_packed_before_or_after_the_packer_has_learnt() -> None:
    desk, numbers = Desk(), range(SAMPLES + 50)
    desk.feed(*(scored(f"p{number}", by=f"author{number}", text=f"text {number}") for number in numbers))
    offered = desk.feed(signed_in(capacity=100), *(signed_in(f"r{more}", capacity=100) for more in (2, 3)))
    texts = {said.posts[0].post_id: said.posts[0].text for said in offered.assignments}
    assert texts == {f"x:p{number}": f"text {number}" for number in numbers}


def test_a_post_joins_a_brief_that_was_packed() -> None:
    desk = Desk()
    desk.feed(scored("p1", text="first"))
    desk.feed(scored("p2", text="second", ms=1))
    [offer] = desk.feed(signed_in()).assignments
    assert [post.text for post in offer.posts] == ["first", "second"]


def test_a_brief_of_one_post_is_written_as_the_pieces_of_any_brief_are() -> None:
    opened = Brief(brief(1))
    assert opened.parts().joined() == opened


def brief(number: int) -> bytes:
    post = read(record(scored(f"p{number}", by=f"author{number}", text=f"{number * 7919} reasons to be angry")))
    assert isinstance(post, ScoredPost)
    return bytes(open_brief(post))


@given(st.lists(st.binary(max_size=300)))
def test_any_text_comes_back_whole(texts: list[bytes]) -> None:
    packer = Packer()
    assert [packer.unpack(packer.pack(text)) for text in texts] == texts


@pytest.mark.parametrize("first", [b"", b"x", b"the same " * 20])
def test_texts_that_teach_nothing_are_packed_all_the_same(first: bytes) -> None:
    packer = Packer()
    packed = [packer.pack(first) for _ in range(SAMPLES)] + [packer.pack(brief(1))]
    assert [packer.unpack(one) for one in packed] == [first] * SAMPLES + [brief(1)]


def test_briefs_take_a_quarter_once_the_packer_knows_them_and_those_from_before_are_still_read() -> None:
    packer, briefs = Packer(), [brief(number) for number in range(SAMPLES + 50)]
    packed = [packer.pack(text) for text in briefs]
    assert [packer.unpack(one) for one in packed] == briefs
    late = slice(SAMPLES, None)
    assert sum(map(len, packed[late])) < sum(map(len, briefs[late])) / 4
