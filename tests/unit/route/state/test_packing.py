"""Packed texts come back whole, and are small once the packer has learnt what they repeat."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.route.cases.briefs import open_brief
from pipeline.route.inputs import read
from pipeline.route.messages import ScoredPost
from pipeline.route.state.packing import SAMPLES, Packer
from tests.builders import record, scored


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
