"""What a reading's event may hold, and where a reading may look."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.app.offline import reveal
from pipeline.app.offline.reveal import RevealRequest, parse_source, plain_text, quotes
from pipeline.clock import ManualClock, from_ms
from pipeline.errors import Misconfigured
from pipeline.settings import Settings
from schemas.base import SourcePosition
from tests.builders import START_MS, post

TEXT = "Please call me on +44 20 7946 0123 or write to ann.lee@mail.example, @ann_lee, the card was charged twice"
SOURCE = SourcePosition(topic="posts.raw", partition=0, offset=0)


@pytest.mark.parametrize(
    "reason",
    [
        "the CARD was charged",
        "call +44 20 7946 0123",
        "number 7946-0123",
        "0123",
        "mail to Ann.Lee@mail.example",
        "ask @ann_lee",
    ],
)
def test_a_reason_that_repeats_the_post_is_told(reason: str) -> None:
    assert quotes(reason, TEXT)


@pytest.mark.parametrize(
    "reason", ["identity_check", "to call the customer back", "ticket 99887766", "charged twice", "", "call me"]
)
def test_a_reason_of_its_own_words_is_none(reason: str) -> None:
    assert not quotes(reason, TEXT)


@given(st.text(max_size=200), st.text(max_size=300))
def test_any_reason_can_be_compared_with_any_text(reason: str, text: str) -> None:
    assert quotes(reason, text) in (True, False)


@given(
    st.lists(st.sampled_from(["please", "call", "me", "back", "today", "now"]), min_size=4, max_size=30), st.data()
)
def test_four_words_in_a_row_are_a_quotation(words: list[str], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(words) - 4))
    assert quotes("because: " + "  ".join(words[at : at + 4]).upper(), " ".join(words))


def test_a_position_is_read_as_it_is_written() -> None:
    assert parse_source("posts.raw/3/17") == SourcePosition(topic="posts.raw", partition=3, offset=17)
    assert parse_source("posts.raw.dlq/0/0").topic == "posts.raw.dlq"


@pytest.mark.parametrize(
    "text",
    [
        "", "posts.raw", "posts.raw/1", "posts.raw/-1/0", "posts.raw/1/2/3", "posts.scored/0/0",
        "posts.raw/0/9999999999999999999", "posts.raw/4294967296/0",
    ],
)  # fmt: skip
def test_only_positions_of_plain_text_are_taken(text: str) -> None:
    with pytest.raises(Misconfigured, match=r"^--source: "):
        parse_source(text)


def test_title_and_text_are_the_plain_text() -> None:
    assert plain_text(post(title="T", text="words")) == "T\nwords"
    assert plain_text(post(deleted=True, text=None)) == ""


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"workspace": "Not a slug"}, "--workspace: "),
        ({"post_id": "no-platform"}, "POST_ID: "),
        ({"rep_id": "two words"}, "--rep: "),
        ({"reason": " "}, "--reason: "),
        ({"reason": "r" * 201}, "--reason: "),
    ],
)
def test_a_wrong_argument_is_named_before_anything_is_read(wrong: dict[str, str], said: str) -> None:
    request = RevealRequest("acme", "x:1", "r1", "identity_check")._replace(**wrong)
    with pytest.raises(Misconfigured) as refused:
        # Settings without any address: a read would fail otherwise.
        reveal.reveal(Settings(), request, SOURCE, ManualClock(from_ms(START_MS)))
    assert str(refused.value).startswith(said)
    assert "rrr" not in str(refused.value), "it may be a text in the wrong place"


def test_two_readings_have_two_ids_and_the_event_clock_is_not_moved() -> None:
    request = RevealRequest("acme", "x:p1", "r1", "identity_check")
    first, second = (reveal._event(request, 0, from_ms(ms), from_ms(ms)) for ms in (START_MS, START_MS + 1))
    assert first.event_id != second.event_id
    now = from_ms(START_MS + 10**9)
    assert reveal._occurred_at("event", post(), now) == post().created_at
    assert reveal._occurred_at("processing", post(), now) == now
