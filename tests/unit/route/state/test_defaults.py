"""What is left out of the changelog depends on values only, never on which of two equal objects is held."""

from msgspec import NODEFAULT, Struct
from msgspec.structs import fields

from pipeline.route.sla.clocks import Clock, Clocks
from pipeline.route.state.changelog import decode, encode
from pipeline.route.state.entities import Closed, Kept

HELD_ONCE = (None, True, False, (), "", *range(257))
"""Python holds each of these once, so that a value which equals the default is the default."""


def kinds(of: type[Struct]) -> list[type[Struct]]:
    return [of, *(kind for each in of.__subclasses__() for kind in kinds(each))]


def test_every_default_that_is_left_out_is_an_object_of_which_there_is_one() -> None:
    every: list[type[Struct]] = [*kinds(Kept), Clock, Clocks]
    for kind in every:
        if kind.__struct_config__.omit_defaults:
            for field in fields(kind):
                held_once = any(field.default is value for value in HELD_ONCE)
                assert field.default is NODEFAULT or held_once, f"{kind.__name__}.{field.name}"


def test_a_closed_case_that_was_restored_is_written_as_before() -> None:
    for outcome in (None, "resolved", "idle"):
        closed = Closed(closed_ms=1, until_ms=2, root_post_id="x:p", author_id="x:a", outcome=outcome)
        written = encode("closed", closed)
        restored = decode("closed/acme/c1", written, {})
        assert isinstance(restored, Closed)
        assert encode("closed", restored) == written
