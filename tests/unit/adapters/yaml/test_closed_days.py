"""Dates go into the file of a policy, and nothing else in it moves."""

from datetime import date

import pytest

from pipeline.adapters.yaml.closed_days import with_closed_days
from pipeline.errors import Misconfigured

HEAD = """\
calendars:   # when we are there
  -   name: uk
      zone: "Europe/London" # winter and summer
      week: { mon: [ '08:00-12:00' ] }
"""
TAIL = """\

# Who answers
queues:
- {  name: care  }
"""
DAYS = {date(2026, 12, 25): "Christmas Day", date(2027, 1, 1): "New Year's Day"}


def test_a_calendar_without_dates_gets_them_after_its_zone() -> None:
    before, after = HEAD.split("      week", 1)
    added = "      closed:\n        - 2026-12-25 # Christmas Day\n        - 2027-01-01 # New Year's Day\n"
    assert with_closed_days(HEAD + TAIL, 0, DAYS) == f"{before}{added}      week{after}{TAIL}"


def test_dates_go_between_those_that_are_there_and_comments_stay_where_they_are() -> None:
    text = HEAD + (
        "      closed:\n"
        "      # ours\n"
        "      - 2026-12-24 # a party\n"
        "      - '2026-12-31'\n"
        "      # and what the board says\n" + TAIL
    )
    assert with_closed_days(text, 0, DAYS) == text.replace(
        "# a party\n", "# a party\n      - 2026-12-25 # Christmas Day\n"
    ).replace("'2026-12-31'\n", "'2026-12-31'\n      - 2027-01-01 # New Year's Day\n")


def test_a_date_before_all_others_comes_first() -> None:
    text = f"{HEAD}      closed:\n        - 2027-06-01\n{TAIL}"
    amended = with_closed_days(text, 0, {date(2026, 12, 25): "Christmas Day"})
    assert amended == text.replace("        - 2027", "        - 2026-12-25 # Christmas Day\n        - 2027")


@pytest.mark.parametrize("listed", ["[]", "[2026-12-31]"])
def test_a_list_on_one_line_gets_a_line_for_each_date(listed: str) -> None:
    amended = with_closed_days(f"{HEAD}      closed: {listed} # of the bank\n{TAIL}", 0, DAYS)
    old = "        - 2026-12-31\n" if listed != "[]" else ""
    assert amended == (
        f"{HEAD}      closed: # of the bank\n        - 2026-12-25 # Christmas Day\n{old}"
        f"        - 2027-01-01 # New Year's Day\n{TAIL}"
    )


def test_the_line_ends_of_windows_stay_and_a_last_line_without_end_too() -> None:
    text = f"{HEAD}      closed: [2026-12-31]".replace("\n", "\r\n")
    amended = with_closed_days(text, 0, DAYS)
    assert amended.endswith("        - 2027-01-01 # New Year's Day")
    assert amended.count("\n") == amended.count("\r\n") == 7


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("calendars:\n  - {name: uk, zone: UTC}\n", "2: calendars[0]: give each field of the calendar a line"),
        (
            f"{HEAD}      closed: [2026-12-31,\n        2027-06-01]\n",
            "5: calendars[0]: give each date under closed",
        ),
        (
            f"days: &days\n  - 2026-12-31\n{HEAD}      closed: *days\n",
            "4: calendars[0]: the calendar shares its dates with another part",
        ),
        (HEAD.replace('"Europe/London"', ">-\n        UTC"), "2: calendars[0]: give each zone and date one"),
        (
            f"{HEAD}      closed:\n        -\n          2026-12-31\n",
            "2: calendars[0]: give each zone and date one",
        ),
        (
            f"days: &days {{closed: [2026-12-31]}}\n{HEAD}      <<: *days\n",
            "3: calendars[0]: write out zone and closed, which come from another part",
        ),
        (
            f"{HEAD}      closed: []\n".replace("\n", "\r"),
            "2: calendars[0]: end each line as Unix or Windows",
        ),
    ],
)
def test_what_no_line_can_be_put_into_is_refused_with_its_line(text: str, said: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        with_closed_days(text, 0, DAYS)
    assert str(refused.value).startswith(said)
