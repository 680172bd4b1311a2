"""What is left out of the changelog depends on values only, never on which of two equal objects is held."""

import json

from msgspec import NODEFAULT, Struct
from msgspec.structs import fields

from pipeline.route.sla.clocks import Clock, Clocks
from pipeline.route.state.changelog import decode, encode
from pipeline.route.state.entities import NO_EXTRAS, Case, Closed, Kept, Times

HELD_ONCE = (None, True, False, (), "", *range(257), NO_EXTRAS)
"""Python holds each of these once, so that a value which equals the default is the default. A case sees to it that
the last one is held once, too."""


def kinds(of: type[Struct]) -> list[type[Struct]]:
    return [of, *(kind for each in of.__subclasses__() for kind in kinds(each))]


def test_every_default_that_is_left_out_is_an_object_of_which_there_is_one() -> None:
    every: list[type[Struct]] = [*kinds(Kept), Clock, Clocks]
    for kind in every:
        if kind.__struct_config__.omit_defaults:
            for field in fields(kind):
                held_once = any(field.default is value for value in HELD_ONCE)
                assert field.default is NODEFAULT or held_once, f"{kind.__name__}.{field.name}"


CASE = Case(
    workspace="acme", case_id="c1", root_post_id="x:p", author_id="x:a", queue="care", team="care", skills=(),
    action="respond", priority=50.0, channel="public", state="waiting", attempt=0, refused=(), offer=None, seq=0,
    posts_total=1, queued_at_ms=1, respond_by_ms=0, replied_at_ms=None, updated_at_ms=1, trace_ms=1,
)  # fmt: skip


def test_a_case_that_has_nothing_besides_any_more_is_written_as_one_that_never_had() -> None:
    ringed = CASE._replace(ring=2, seq=1)
    assert (ringed.extras.ring, ringed.seq) == (2, 1)
    back = ringed._replace(ring=0, seq=0)
    assert back.extras is NO_EXTRAS
    assert encode("case", back) == encode("case", CASE)


def test_what_an_earlier_release_wrote_of_a_case_side_by_side_is_read_as_its_extras() -> None:
    fields = json.loads(encode("case", CASE)) | {"v": 6, "ring": 1, "times": {"until_ms": 7}, "brand": None}
    restored = decode("case/acme/c1", json.dumps(fields).encode(), {})
    assert restored == CASE._replace(ring=1, times=Times(until_ms=7))
    plain = decode("case/acme/c1", json.dumps(fields | {"ring": 0, "times": None}).encode(), {})
    assert isinstance(plain, Case)
    assert plain.extras is NO_EXTRAS


def test_a_closed_case_that_was_restored_is_written_as_before() -> None:
    for outcome in (None, "resolved", "idle"):
        closed = Closed(closed_ms=1, until_ms=2, root_post_id="x:p", author_id="x:a", outcome=outcome)
        written = encode("closed", closed)
        restored = decode("closed/acme/c1", written, {})
        assert isinstance(restored, Closed)
        assert encode("closed", restored) == written
