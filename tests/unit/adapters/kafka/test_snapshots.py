"""Snapshots are read whole, and only those from which a journal can be followed."""

from collections.abc import Iterator
from typing import Any, cast

from pipeline.adapters.kafka.reader import TopicReader, Window
from pipeline.adapters.kafka.snapshots import Snapshot, snapshots
from pipeline.loop.now import NOW_KEY as NOW


class FakeMessage:
    """One record of the topic."""

    def __init__(self, key: bytes, value: bytes | None) -> None:
        self._key, self._value = key, value

    def key(self) -> bytes:
        return self._key

    def value(self) -> bytes | None:
        return self._value


class FakeReader:
    """A topic with one partition, 0."""

    def __init__(self, *records: tuple[bytes, bytes | None]) -> None:
        self._messages = [FakeMessage(*record) for record in records]

    def window(self, _: str) -> Window:
        return Window({0: 0}, {0: len(self._messages)})

    def read(self, _: str, __: Window) -> Iterator[FakeMessage]:
        return iter(self._messages)


def kept(*records: tuple[bytes, bytes | None], partition: int = 0) -> list[Snapshot]:
    reader = cast(TopicReader, cast(Any, FakeReader(*records)))
    return list(snapshots(reader, "route.snapshots", partition))


def test_each_snapshot_has_the_live_entries_of_its_own_time() -> None:
    first, second = kept(
        (b"a", b"1"),
        (b"b", b"1"),
        (b"b", None),
        (NOW, b"1000 7 processing"),
        (b"a", b"2"),
        (NOW, b"2000 9 processing"),
    )
    assert (first.number, first.entries) == (7, {b"a": b"1", NOW: b"1000 7 processing"})
    assert (second.number, second.entries) == (9, {b"a": b"2", NOW: b"2000 9 processing"})


def test_a_state_of_a_release_without_numbers_is_passed_over() -> None:
    [after] = kept((b"a", b"1"), (NOW, b"1000"), (b"b", b"1"), (NOW, b"2000 1 processing"))
    assert (after.number, sorted(after.entries)) == (1, [b"b", NOW])


def test_a_partition_that_the_topic_does_not_have_holds_no_snapshot() -> None:
    assert kept((NOW, b"1000 1 processing"), partition=3) == []
