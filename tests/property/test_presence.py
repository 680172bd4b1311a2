"""Presence of one rep at several desktops, against a model that keeps everything that each desktop said."""

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import Permanent
from tests.builders import presence, record, signed_in, signed_out
from tests.unit.route.desk_of_one import Desk

SAID = st.lists(
    st.tuples(
        st.sampled_from(["in", "away", "available", "out"]),
        st.sampled_from([None, "desk", "tablet"]),
        st.integers(0, 6),
        st.integers(0, 6),
    ),
    max_size=25,
)


@dataclass
class Told:
    """Holds what one sender said last."""

    seq: int
    ms: int
    is_in: bool = False


class Model:
    """States the rules of the contract, with one sentence a line."""

    def __init__(self) -> None:
        self.told: dict[str | None, Told] = {}
        self.available = False

    @property
    def at_work(self) -> bool:
        return any(told.is_in for told in self.told.values())

    def say(self, kind: str, sender: str | None, seq: int, ms: int) -> str:
        last = self.told.get(sender)
        if last is not None and seq < last.seq and not (kind == "in" and ms > last.ms):
            return "stale_seq"
        if (not self.told and kind != "in") or (kind in ("away", "available") and not self.at_work):
            return "not_signed_in"
        stays_in = kind != "out" and last is not None and last.is_in
        self.told[sender] = Told(seq, ms, is_in=kind == "in" or stays_in)
        if kind == "in" and sender is not None and None in self.told:
            self.told[None].is_in = False
        if kind == "out" and sender is None:
            for told in self.told.values():
                told.is_in = False
        if kind != "out":
            self.available = kind != "away"
        return ""


def said_to(desk: Desk, kind: str, sender: str | None, seq: int, ms: int) -> str:
    if kind == "in":
        event = record(signed_in(sender=sender, seq=seq, ms=ms), desk.offset)
    elif kind == "out":
        event = record(signed_out(sender=sender, seq=seq, ms=ms), desk.offset)
    else:
        event = record(presence(value=kind, sender=sender, seq=seq, ms=ms), desk.offset)
    try:
        desk.feed_raw(event)
    except Permanent as given_up:
        return given_up.code
    return ""


@settings(max_examples=300, deadline=None)
@given(SAID)
def test_a_rep_is_present_while_one_desktop_is_signed_in_and_no_desktop_makes_another_stale(
    said: list[tuple[str, str | None, int, int]],
) -> None:
    desk, model = Desk(), Model()
    for one in said:
        assert said_to(desk, *one) == model.say(*one), one
        assert desk.router.gauges()["reps_present"] == (model.at_work and model.available)
        desk.commit()
