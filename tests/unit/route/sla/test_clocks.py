"""The clocks of a case, as a supervisor would tell what they ought to do."""

from typing import Any

from pipeline.route.sla.clocks import Clocks, Terms, start_clocks
from pipeline.route.sla.hours import AroundTheClock, OpeningHours
from schemas.policy.calendar import DAYS, Calendar
from schemas.policy.sla import Sla, SlaTarget, band_of

MINUTE = 60_000
NINE = 1_796_029_200_000
"""Monday, 30 November 2026, 09:00 UTC."""
DAY = 1440


def terms(**seconds: Any) -> Terms:
    return Terms(AroundTheClock(), SlaTarget(**seconds))


FULL = terms(first_response_s=3600, next_response_s=1800, resolution_s=6 * 3600, due_soon_s=600)


def alarms(clocks: Clocks, until: int) -> tuple[Clocks, list[tuple[int, str, str]]]:
    """Fires the timer until so many minutes after nine, and returns what it said when."""
    said: list[tuple[int, str, str]] = []
    while (due_ms := clocks.next_ms) is not None and due_ms <= NINE + until * MINUTE:
        clocks, rung = clocks.rung(due_ms, due_ms)
        said += [((due_ms - NINE) // MINUTE, *alarm) for alarm in rung]
    return clocks, said


def first_due_ms(clocks: Clocks) -> int | None:
    """Returns the earliest deadline, missed or not."""
    return min((clock.due_ms for _, clock in clocks.open() if clock.due_ms is not None), default=None)


def test_each_deadline_warns_once_and_is_missed_once() -> None:
    clocks, said = alarms(start_clocks(NINE, FULL), DAY)
    assert said == [
        (50, "first_response", "due_soon"),
        (60, "first_response", "breached"),
        (350, "resolution", "due_soon"),
        (360, "resolution", "breached"),
    ]
    assert clocks.breached == ("first_response", "resolution")
    assert clocks.next_ms is None


def test_a_case_that_comes_late_has_no_time_for_free() -> None:
    _, said = alarms(start_clocks(NINE - 45 * MINUTE, FULL), 20)
    assert said == [(5, "first_response", "due_soon"), (15, "first_response", "breached")]


def test_a_reply_meets_the_first_response_and_a_further_post_starts_the_next() -> None:
    clocks = start_clocks(NINE, FULL).answered().asked(NINE + 70 * MINUTE, FULL)
    # A second post does not put the deadline off.
    clocks = clocks.asked(NINE + 80 * MINUTE, FULL)
    _, said = alarms(clocks, 100)
    assert said == [(90, "next_response", "due_soon"), (100, "next_response", "breached")]


def test_the_clocks_run_on_after_a_reply_and_stand_still_while_the_customer_owes_an_answer() -> None:
    replied = start_clocks(NINE, FULL).answered()
    assert alarms(replied, 360)[1][-1] == (360, "resolution", "breached")
    waiting = replied.waiting(NINE + 60 * MINUTE, FULL)
    assert alarms(waiting, 10 * DAY)[1] == []
    back = waiting.asked(NINE + 160 * MINUTE, FULL).answered()
    assert alarms(back, 10 * DAY)[1] == [(450, "resolution", "due_soon"), (460, "resolution", "breached")]


def test_an_answer_that_was_received_before_the_pause_does_not_count_the_time_twice() -> None:
    waiting = start_clocks(NINE, FULL).answered().waiting(NINE + 60 * MINUTE, FULL)
    back = waiting.asked(NINE + 10 * MINUTE, FULL)
    assert back.resolution is not None
    assert back.resolution.due_ms == NINE + 360 * MINUTE


def test_no_clock_runs_after_the_case_is_resolved_and_a_reopened_one_goes_on() -> None:
    resolved = start_clocks(NINE, FULL).resolved(NINE + 30 * MINUTE, FULL)
    assert alarms(resolved, 10 * DAY)[1] == []
    again = resolved.asked(NINE + DAY * MINUTE, FULL)
    assert [name for name, _ in again.open()] == ["next_response", "resolution"]
    assert alarms(again, DAY + 30)[1] == [
        (DAY + 20, "next_response", "due_soon"),
        (DAY + 30, "next_response", "breached"),
    ]
    assert again.resolution is not None
    assert again.resolution.due_ms == NINE + (DAY + 330) * MINUTE


def test_another_band_may_only_shorten_a_deadline() -> None:
    strict, lax = terms(first_response_s=900), terms(first_response_s=7200)
    clocks = start_clocks(NINE, FULL)
    assert clocks.rebanded(lax) == clocks
    assert first_due_ms(clocks.rebanded(strict)) == NINE + 15 * MINUTE
    assert first_due_ms(clocks.rebanded(strict).rebanded(lax)) == NINE + 15 * MINUTE


def test_a_band_with_a_deadline_gives_one_that_counts_from_the_first_post() -> None:
    clocks = start_clocks(NINE, terms(first_response_s=3600)).rebanded(terms(resolution_s=3600))
    assert clocks.resolution is not None
    assert clocks.resolution.due_ms == NINE + 60 * MINUTE


def test_an_edit_of_the_calendar_moves_a_deadline_and_what_was_missed_stays_missed() -> None:
    office = Calendar.model_validate({"name": "c", "zone": "UTC", "week": {day: ["12:00-18:00"] for day in DAYS}})
    edited = Terms(OpeningHours(office), FULL.target)
    clocks, _ = alarms(start_clocks(NINE, FULL), 60)
    clocks = clocks.recounted(edited)
    assert clocks.breached == ("first_response",)
    assert first_due_ms(clocks) == NINE + 60 * MINUTE
    assert alarms(clocks, DAY)[1] == [(530, "resolution", "due_soon"), (540, "resolution", "breached")]


def test_a_warning_that_was_given_is_not_given_again_after_an_edit() -> None:
    clocks, said = alarms(start_clocks(NINE, FULL), 55)
    assert said == [(50, "first_response", "due_soon")]
    longer = terms(first_response_s=7200, due_soon_s=600)
    assert alarms(clocks.recounted(longer), DAY)[1] == [(120, "first_response", "breached")]


def test_an_edit_that_takes_the_targets_away_leaves_no_deadline() -> None:
    clocks = start_clocks(NINE, FULL).recounted(Terms(AroundTheClock(), None))
    assert (clocks.next_ms, first_due_ms(clocks)) == (None, None)


def test_the_first_target_that_fits_decides() -> None:
    sla = Sla.model_validate(
        {
            "name": "care",
            "targets": [
                {"band": ["p1"], "channel": ["direct"], "first_response_s": 300},
                {"band": ["p1", "p2"], "first_response_s": 900},
                {"resolution_s": 86_400},
            ],
        }
    )
    found = [sla.target("p1", "direct"), sla.target("p1", "public"), sla.target("p3", "direct")]
    assert found == list(sla.targets)


def test_the_bands_begin_at_70_45_and_20() -> None:
    bands = [band_of(priority) for priority in (100, 70, 69.9, 45, 44.9, 20, 19.9, 0)]
    assert bands == ["p1", "p1", "p2", "p2", "p3", "p3", "p4", "p4"]
