"""Derived ids are uuid5 of RFC 9562, as the library makes them."""

from uuid import uuid5

from hypothesis import given
from hypothesis import strategies as st

from pipeline.route import ids


@given(st.text(max_size=50), st.text(max_size=50), st.integers(0, 100))
def test_ids_are_uuid5_of_the_namespace(workspace: str, post_id: str, revision: int) -> None:
    workspace, post_id = (text.encode(errors="replace").decode() for text in (workspace, post_id))
    expected = str(uuid5(ids.NAMESPACE, f"case/{workspace}/{revision}/{post_id}"))
    assert ids.case_id(workspace, post_id, revision) == expected


def test_ids_of_different_things_differ() -> None:
    made = {
        ids.case_id("a", "x:1", 0),
        ids.refusal_id("a", "x:1", 0),
        ids.event_id("a", 0),
        ids.request_refusal_id("a", "0"),
        ids.caseless_id("revealed", "a", "0"),
        ids.assignment_id("a", 1, "offered"),
        ids.assignment_id("a", 1, "assigned"),
        ids.assignment_id("a", 2, "offered"),
    }
    assert len(made) == 8
