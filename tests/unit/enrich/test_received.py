from datetime import timedelta

import pytest

from pipeline.clock import from_ms
from pipeline.errors import Permanent
from pipeline.ports.times import check_time
from tests.unit.enrich.posts import WRITTEN, WRITTEN_MS, received

HOUR_MS = 3_600_000


def test_received_at_is_the_append_time_and_on_the_event_clock_the_writing_time() -> None:
    post = received(delay_ms=5000)
    assert post.received_at("processing") == from_ms(WRITTEN_MS + 5000)
    assert post.received_at("event") == WRITTEN


@pytest.mark.parametrize(("delay_ms", "backfill"), [(24 * HOUR_MS, False), (24 * HOUR_MS + 1, True)])
def test_older_than_live_within_is_backfill_but_never_on_the_event_clock(delay_ms: int, backfill: bool) -> None:
    post = received(delay_ms=delay_ms)
    assert post.is_backfill(24 * 3600, "processing") is backfill
    assert post.is_backfill(24 * 3600, "event") is False


def test_a_post_from_more_than_24_h_ahead_is_refused() -> None:
    check_time(WRITTEN, WRITTEN_MS - 24 * HOUR_MS)
    with pytest.raises(Permanent) as refused:
        check_time(WRITTEN, WRITTEN_MS - 24 * HOUR_MS - 1)
    assert (refused.value.code, refused.value.field) == ("created_in_future", "created_at")


def test_a_far_future_year_is_refused() -> None:
    with pytest.raises(Permanent, match="created_in_future"):
        check_time(WRITTEN + timedelta(days=365 * 60), WRITTEN_MS)
