"""Which partition numbers a member owns, and when a kept state is true."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.adapters.kafka.transactional.ownership import complete, still_true

INPUTS = ("a", "b", "c")
PLACES = st.lists(st.tuples(st.sampled_from(INPUTS), st.integers(0, 5)), unique=True)


def test_a_number_with_all_inputs_is_owned_and_one_without_is_not() -> None:
    places = [("a", 3), ("b", 3), ("c", 3), ("c", 4), ("b", 5), ("a", 5)]
    assert complete(places, INPUTS) == ([3], {4: ("a", "b"), 5: ("c",)})


@given(places=PLACES, cut=st.lists(st.booleans(), min_size=40, max_size=40))
def test_two_members_never_own_the_same_number_however_its_inputs_are_dealt(
    places: list[tuple[str, int]], cut: list[bool]
) -> None:
    one = [place for place, mine in zip(places, cut, strict=False) if mine]
    other = [place for place in places if place not in one]
    first, second = complete(one, INPUTS)[0], complete(other, INPUTS)[0]
    assert not set(first) & set(second)
    for number in (*first, *second):
        assert {topic for topic, n in places if n == number} == set(INPUTS)


def test_a_kept_state_is_true_only_at_exactly_its_own_end() -> None:
    assert still_true(42, 42)
    assert not still_true(42, 44), "somebody else decided meanwhile"
    assert not still_true(42, 41), "the topic was made anew"
    assert not still_true(None, 42)
    assert not still_true(None, 0)
    assert still_true(0, 0), "nobody has ever decided anything"
