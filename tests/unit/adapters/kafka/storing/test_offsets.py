"""Where a partition goes on, and when to try again."""

import pytest

from pipeline.adapters.kafka.storing.offsets import decode_announced_end, encode_announced_end, resume_point
from pipeline.adapters.kafka.storing.retries import back_off_s
from pipeline.errors import Misconfigured


def test_an_announced_end_survives_the_metadata() -> None:
    assert decode_announced_end(encode_announced_end(2**40)) == 2**40


@pytest.mark.parametrize("behind", ["\x01", "}", "0", "\ufffd{", '{"end": 7}', "leader"])
def test_what_the_client_reads_behind_the_metadata_changes_no_announcement(behind: str) -> None:
    assert decode_announced_end(encode_announced_end(60) + behind) == 60


@pytest.mark.parametrize("metadata", [None, "", "leader-epoch=3", "[]", '{"end": "x"}', '{"end": -1}', "{"])
def test_metadata_of_other_tools_announces_nothing(metadata: str | None) -> None:
    assert decode_announced_end(metadata) is None


def test_a_new_group_starts_at_the_beginning_of_the_log() -> None:
    assert resume_point("t[0]", -1001, None, 7, 90) == (7, None)


def test_a_known_group_goes_on_where_it_was_and_cuts_where_it_announced() -> None:
    assert resume_point("t[0]", 50, encode_announced_end(60), 7, 90) == (50, 60)
    assert resume_point("t[0]", 90, "", 7, 90) == (90, None)


def test_records_that_retention_took_first_are_named() -> None:
    with pytest.raises(Misconfigured, match=r"t\[0\]: records 5 to 6 were deleted"):
        resume_point("t[0]", 5, None, 7, 90)


def test_a_log_that_is_shorter_than_what_was_stored_is_refused() -> None:
    with pytest.raises(Misconfigured, match="the log ends at 90, but offsets up to 91 were stored"):
        resume_point("t[0]", 91, None, 7, 90)


def test_failures_are_retried_soon_then_slowly_and_for_ever() -> None:
    assert [back_off_s(n) for n in (1, 2, 3, 4, 5, 6, 1000)] == [0.5, 1.0, 2.0, 4.0, 8.0, 30.0, 30.0]
