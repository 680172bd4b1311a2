"""Rows are equal or differ by the types of their columns, and samples stay the same."""

from datetime import UTC, datetime

import pytest

from pipeline.audit.collect.sample import Sample
from pipeline.audit.hops.row_comparison import differing
from pipeline.ports.records import InputRecord

MOMENT = datetime(2026, 1, 1, 12, 30, 0, 125_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "sent", "stored"),
    [
        ("LowCardinality(String)", "unlisted", "unlisted"),
        ("Nullable(Float32)", 0.1, 0.10000000149011612),
        ("Array(Float32)", (0.1, 0.5), [0.10000000149011612, 0.5]),
        ("DateTime64(3, 'UTC')", MOMENT, MOMENT.replace(tzinfo=None)),
        ("Nullable(UInt64)", None, None),
        ("Map(LowCardinality(String), UInt64)", {"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ("UInt8", True, 1),
    ],
)
def test_a_value_that_its_column_holds_is_equal(kind: str, sent: object, stored: object) -> None:
    assert differing(("c",), (kind,), (sent,), (stored,)) == []


@pytest.mark.parametrize(
    ("kind", "sent", "stored"),
    [
        ("Enum8('public' = 0)", "unlisted", "public"),
        ("Nullable(Float64)", 4.2, 4.199999809265137),
        ("Nullable(Float32)", 0.1, 0.1000001),
        ("Nullable(Float32)", 0.0, None),
        ("DateTime64(3, 'UTC')", MOMENT, MOMENT.replace(microsecond=124_000, tzinfo=None)),
        ("Array(String)", ("a", "b"), ["b", "a"]),
        ("String", "", None),
        ("Map(LowCardinality(String), UInt64)", {"a": 1}, {"a": 1, "b": 0}),
    ],
)
def test_a_value_that_became_another_is_named_by_its_column(kind: str, sent: object, stored: object) -> None:
    assert differing(("a", "b"), ("String", kind), ("x", sent), ("x", stored)) == ["b"]


def records(count: int) -> list[InputRecord]:
    return [InputRecord("posts.scored", n % 3, n // 3, None, b"", 0) for n in range(count)]


def test_a_sample_is_the_same_whatever_the_order_and_grows_with_the_topic() -> None:
    forth, back, longer = Sample(50), Sample(50), Sample(50)
    for record in records(1000):
        forth.offer(record)
    for record in reversed(records(1000)):
        back.offer(record)
    assert forth.records == back.records
    assert len(forth.records) == 50
    assert {record.partition for record in forth.records} == {0, 1, 2}
    for record in records(2000):
        longer.offer(record)
    kept = set(forth.records) & set(longer.records)
    assert 10 < len(kept) < 40, "about half of the places go to the newer half"


def test_a_small_topic_is_compared_whole() -> None:
    sample = Sample(50)
    for record in records(20):
        sample.offer(record)
    assert len(sample.records) == 20
