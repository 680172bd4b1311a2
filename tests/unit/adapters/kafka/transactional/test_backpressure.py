"""An input of which too much waits is paused, and comes back when half of it is decided."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.adapters.kafka.transactional.backpressure import BUFFER_BATCHES, BUFFER_BYTES, Waiting, must_pause
from tests.unit.adapters.kafka.transactional.fake_group import SPEC, Cluster, Member

LIMIT = Waiting(100, 1000)
FULL = BUFFER_BATCHES * SPEC.batch_size
_amounts = st.builds(Waiting, st.integers(0, 200), st.integers(0, 2000))


def test_either_limit_pauses() -> None:
    assert not must_pause(Waiting(99, 999), LIMIT, paused=False)
    assert must_pause(Waiting(100, 0), LIMIT, paused=False)
    assert must_pause(Waiting(1, 1000), LIMIT, paused=False)


def test_a_paused_input_is_resumed_at_half_of_both() -> None:
    assert must_pause(Waiting(51, 0), LIMIT, paused=True)
    assert must_pause(Waiting(0, 501), LIMIT, paused=True)
    assert not must_pause(Waiting(50, 500), LIMIT, paused=True)


@given(_amounts)
def test_the_same_amount_never_pauses_and_resumes(waiting: Waiting) -> None:
    paused = must_pause(waiting, LIMIT, paused=False)
    assert must_pause(waiting, LIMIT, paused=paused) == paused


@pytest.fixture
def member(monkeypatch: pytest.MonkeyPatch) -> Member:
    return Member(Cluster(), monkeypatch)


def records(first: int, count: int) -> list[tuple[str, int, int]]:
    return [("a", 0, offset) for offset in range(first, first + count)]


def test_a_member_resumes_an_input_when_half_of_it_is_decided(member: Member) -> None:
    found: list[tuple[int, str]] = []

    def look() -> None:
        found.append(
            (member.heard.commits, [step for step, topic, _ in member.consumer.pauses if topic == "a"][-1])
        )

    # Nothing is decided while input b is not known to be read to its end, so that a fills up.
    fills = [member.reads(*records(number * 1000, 1000)) for number in range(FULL // 1000)]
    member.play(member.gets(("a", 0), ("b", 0)), *fills, look, member.ends(("b", 0, 0)), look, look)
    assert found == [(0, "pause"), (1, "pause"), (2, "resume")]


def test_a_member_pauses_an_input_at_so_many_bytes(member: Member) -> None:
    large = member.reads(*records(0, 17), value=b"x" * (BUFFER_BYTES // 16))
    member.play(member.gets(("a", 0), ("b", 0)), large)
    assert member.consumer.pauses[-1] == ("pause", "a", 0)
