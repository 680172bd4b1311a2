"""Which time a record counts at, and what the changelog keeps of the stage's time."""

from pipeline.loop.now import FUTURE_TOLERANCE_MS, Now, StoredNow
from pipeline.loop.spec import StageSpec
from tests.unit.loop.test_driver import Noting, record


def now(*, event_clock: bool) -> Now:
    made = Now(StageSpec("test", ("a", "b"), "state", "journal", event_clock=event_clock), Noting())
    made.ms = 500
    return made


def test_a_record_counts_at_its_append_time_and_on_the_event_clock_at_its_own() -> None:
    made = now(event_clock=False)
    made.bound_ms = 10_000
    assert made.time_of(record("a", 0, 10_000, 7)) == 10_000
    assert made.time_of(record("a", 0, 10_001, 7)) == 500, "a broker that is not believed says nothing"
    on_event_clock = now(event_clock=True)
    assert on_event_clock.time_of(record("a", 0, 10_000, 7)) == 7
    assert on_event_clock.time_of(record("a", 0, 10_000, None)) == 500, "an unreadable time counts as now"


def test_a_wrong_date_far_ahead_does_not_drag_now_along() -> None:
    made, far = now(event_clock=True), 10_000 + FUTURE_TOLERANCE_MS
    assert made.time_of(record("a", 0, 10_000, far)) == far
    assert made.time_of(record("a", 0, 10_000, far + 1)) == 500


def test_what_the_changelog_keeps_reads_back_as_it_was_written_and_so_does_that_of_older_releases() -> None:
    assert StoredNow(1_000, 7).encode() == b"1000 7 processing"
    assert StoredNow(1_000, 7, event_clock=True).encode() == b"1000 7 event"
    for stored in (StoredNow(1_000, 7), StoredNow(0, 1, event_clock=True)):
        assert StoredNow.decode(stored.encode()) == stored
    assert StoredNow.decode(b"1000") == StoredNow(1_000, 0), "before the number only the time was written"
