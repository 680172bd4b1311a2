"""`Ordered` gives the smallest live name, whatever came and went."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.route.state.ordering import SLACK, Ordered

STEPS = st.lists(st.tuples(st.integers(0, 9), st.none() | st.integers(0, 5)), max_size=300)


@given(STEPS)
def test_the_first_is_the_smallest_live_key(steps: list[tuple[int, int | None]]) -> None:
    ordered: Ordered[int, tuple[int, int]] = Ordered()
    model: dict[int, tuple[int, int]] = {}
    for name, rank in steps:
        if rank is None:
            ordered.discard(name)
            model.pop(name, None)
        else:
            ordered.set(name, (rank, name))
            model[name] = (rank, name)
        assert len(ordered) == len(model)
        expected = min(((key, name) for name, key in model.items()), default=None)
        assert ordered.first() == expected


def test_outdated_entries_do_not_pile_up() -> None:
    ordered: Ordered[str, tuple[int]] = Ordered()
    for rank in range(10_000):
        ordered.set("one", (rank,))
    assert len(ordered._heap) <= SLACK + 3
