"""Notes beside the commits of Faust: every commit carries them, none moves an offset back, unread ones stay."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

import pytest
from aiokafka.structs import OffsetAndMetadata
from faust.types import TP

from pipeline.adapters.faust.notes import CommitNotes

TOPIC = "posts.raw"
A, B, OTHER = TP(TOPIC, 0), TP(TOPIC, 1), TP("other", 0)


class FakeGroup:
    """Faust's consumer and app, and what the group's coordinator has."""

    def __init__(self, standing: dict[TP, OffsetAndMetadata]) -> None:
        self.consumer_generation_id = 1
        self.consumer = self
        self.owned = set(standing)
        self._thread = self
        self.standing = standing
        self.noted: Any = None

    def assignment(self) -> set[TP]:
        return self.owned

    async def call_thread(self, function: Callable[[], Awaitable[None]]) -> None:
        await function()

    def _ensure_consumer(self) -> "FakeGroup":
        return self

    @property
    def _coordinator(self) -> "FakeGroup":
        return self

    async def fetch_committed_offsets(self, places: Iterable[TP]) -> dict[TP, OffsetAndMetadata]:
        return {place: self.standing[place] for place in places if place in self.standing}

    async def beginning_offsets(self, places: Iterable[TP]) -> dict[TP, int]:
        return dict.fromkeys(places, 2)

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        await self.noted({place: OffsetAndMetadata(offset, "") for place, offset in offsets.items()}, self.commit)
        return True

    async def commit(self, offsets: Mapping[TP, OffsetAndMetadata]) -> None:
        self.standing |= offsets


@pytest.fixture
def group() -> FakeGroup:
    return FakeGroup({A: OffsetAndMetadata(5, "from before"), B: OffsetAndMetadata(9, "")})


@pytest.fixture
def notes(group: FakeGroup) -> CommitNotes:
    app: Any = group
    made = CommitNotes(app, TOPIC)
    group.noted = made._commit
    return made


async def test_the_notes_that_stand_are_told_once_an_assignment(notes: CommitNotes, group: FakeGroup) -> None:
    assert await notes.assigned() == {0: "from before"}
    assert await notes.assigned() is None
    group.consumer_generation_id = 2
    assert await notes.assigned() == {0: "from before"}


async def test_a_note_is_written_without_moving_the_offset(notes: CommitNotes, group: FakeGroup) -> None:
    await notes.assigned()
    notes.keep({0: "begun"})
    await notes.write({0})
    assert group.standing == {A: OffsetAndMetadata(5, "begun"), B: OffsetAndMetadata(9, "")}


async def test_a_commit_carries_what_is_kept_and_takes_away_what_is_not(
    notes: CommitNotes, group: FakeGroup
) -> None:
    await notes.assigned()
    notes.keep({1: "begun"})
    await group._commit({A: 7, B: 10, OTHER: 3})
    assert group.standing == {
        A: OffsetAndMetadata(7, ""), B: OffsetAndMetadata(10, "begun"), OTHER: OffsetAndMetadata(3, ""),
    }  # fmt: skip


async def test_a_note_that_comes_after_a_commit_does_not_move_the_offset_back(
    notes: CommitNotes, group: FakeGroup
) -> None:
    await notes.assigned()
    await group._commit({A: 8})
    notes.keep({0: "begun"})
    await group._commit({A: 5})
    assert group.standing[A] == OffsetAndMetadata(8, "begun")


async def test_before_the_notes_are_read_nothing_erases_them(notes: CommitNotes, group: FakeGroup) -> None:
    notes.keep({0: "begun"})
    await notes.write({0})
    assert group.standing[A] == OffsetAndMetadata(5, "from before")
    await group._commit({A: 7})
    assert group.standing[A] == OffsetAndMetadata(7, "from before")
    assert await notes.assigned() == {0: "from before"}
    await group._commit({A: 8})
    assert group.standing[A] == OffsetAndMetadata(8, "from before"), "until the reader says otherwise"
    notes.keep({})
    await group._commit({A: 9})
    assert group.standing[A] == OffsetAndMetadata(9, "")


async def test_of_a_partition_that_is_lost_nothing_is_written(notes: CommitNotes, group: FakeGroup) -> None:
    await notes.assigned()
    group.owned = {B}
    notes.keep({0: "begun", 1: "begun"})
    await notes.write({0, 1})
    assert group.standing == {A: OffsetAndMetadata(5, "from before"), B: OffsetAndMetadata(9, "begun")}


async def test_where_nothing_is_committed_the_note_stands_at_the_beginning_of_the_log(
    notes: CommitNotes, group: FakeGroup
) -> None:
    del group.standing[B]
    await notes.assigned()
    notes.keep({1: "begun"})
    await notes.write({1})
    assert group.standing[B] == OffsetAndMetadata(2, "begun")
