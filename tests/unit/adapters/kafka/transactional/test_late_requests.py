"""When a late copy of a request may still be on its way."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.adapters.kafka.transactional.late_requests import ClientStatistics, DoubtRule, Verdict


def rule() -> DoubtRule:
    made = DoubtRule(unanswered_s=5.0, backoff_s=0.1, patience_s=2.0)
    made.transaction_begins()
    return made


def test_a_quick_transaction_is_clear_whatever_the_statistics_say() -> None:
    doubt = rule()
    doubt.call_returned(10.0, 10.026)
    doubt.observe(ClientStatistics(10.1, retries=3, disconnects=1))
    assert doubt.verdict(10.1) is Verdict.CLEAR


def test_what_lasted_as_long_as_the_socket_timeout_renews_at_once() -> None:
    doubt = rule()
    doubt.call_returned(10.0, 15.0)
    assert doubt.verdict(15.0) is Verdict.RENEW
    assert doubt.reason == "unanswered"


def test_a_slow_transaction_is_open_until_a_later_reading_clears_it() -> None:
    doubt = rule()
    doubt.observe(ClientStatistics(9.9, retries=4, disconnects=2))
    doubt.transaction_begins()
    doubt.call_returned(10.0, 10.2)
    assert doubt.verdict(10.2) is Verdict.UNKNOWN_YET
    doubt.observe(ClientStatistics(10.19, retries=4, disconnects=2))
    assert doubt.verdict(10.3) is Verdict.UNKNOWN_YET, "that one was taken before the end"
    doubt.observe(ClientStatistics(10.2, retries=4, disconnects=2))
    assert doubt.verdict(10.4) is Verdict.CLEAR


def test_a_slow_transaction_during_which_something_was_sent_again_renews() -> None:
    for reading, reason in (
        (ClientStatistics(10.3, retries=5, disconnects=2), "sent_again"),
        (ClientStatistics(10.1, retries=5, disconnects=2), "sent_again"),
        (ClientStatistics(10.3, retries=4, disconnects=3), "disconnected"),
    ):
        doubt = rule()
        doubt.observe(ClientStatistics(9.9, retries=4, disconnects=2))
        doubt.transaction_begins()
        doubt.call_returned(10.0, 10.2)
        doubt.observe(reading)
        assert doubt.verdict(10.3) is Verdict.RENEW
        assert doubt.reason == reason


def test_the_quick_half_of_a_transaction_does_not_hide_the_slow_half() -> None:
    doubt = rule()
    doubt.call_returned(10.0, 10.2)
    doubt.call_returned(10.2, 10.22)
    assert doubt.verdict(10.3) is Verdict.UNKNOWN_YET


def test_the_shortest_back_off_counts_and_not_the_usual_one() -> None:
    doubt = rule()
    doubt.call_returned(10.0, 10.085)
    assert doubt.verdict(10.1) is Verdict.UNKNOWN_YET, "librdkafka may wait only 80 of its 100 ms"


def test_without_a_reading_it_renews_in_the_end() -> None:
    doubt = rule()
    doubt.call_returned(10.0, 10.2)
    assert doubt.verdict(12.1) is Verdict.UNKNOWN_YET
    assert doubt.verdict(12.2) is Verdict.RENEW
    assert doubt.reason == "no_reading"


def test_an_undone_transaction_renews_and_a_new_producer_is_clear_and_counts_from_zero() -> None:
    doubt = rule()
    doubt.observe(ClientStatistics(9.0, retries=7, disconnects=7))
    doubt.transaction_failed()
    assert doubt.verdict(10.0) is Verdict.RENEW
    doubt.renewed(10.0)
    doubt.observe(ClientStatistics(10.1, retries=0, disconnects=0))
    assert doubt.verdict(10.1) is Verdict.CLEAR
    doubt.transaction_begins()
    doubt.call_returned(11.0, 11.2)
    doubt.observe(ClientStatistics(11.3, retries=1, disconnects=0))
    assert doubt.verdict(11.3) is Verdict.RENEW


def test_what_a_new_producer_repeated_to_get_its_id_is_not_its_first_transactions() -> None:
    doubt = rule()
    doubt.renewed(10.0)
    assert doubt.verdict(10.1) is Verdict.UNKNOWN_YET, "its first reading is awaited"
    assert doubt.verdict(12.0) is Verdict.CLEAR, "for a while"
    doubt.observe(ClientStatistics(10.2, retries=2, disconnects=1))
    doubt.transaction_begins()
    doubt.call_returned(10.3, 10.5)
    doubt.observe(ClientStatistics(10.6, retries=2, disconnects=1))
    assert doubt.verdict(10.6) is Verdict.CLEAR


@given(
    waits=st.lists(st.floats(0, 8), min_size=1, max_size=4),
    readings=st.lists(st.tuples(st.floats(0, 40), st.integers(0, 3), st.integers(0, 3)), max_size=6),
    sent_again_at=st.integers(0, 3),
)
def test_whatever_was_sent_again_is_never_clear_before_a_renewal(
    waits: list[float], readings: list[tuple[float, int, int]], sent_again_at: int
) -> None:
    """A second sending needs the back-off; any reading taken after it counts it."""
    doubt, now_s, again_s = rule(), 100.0, None
    for number, wait_s in enumerate(waits):
        if number == sent_again_at:
            wait_s += 0.081
            again_s = now_s + 0.081
        doubt.call_returned(now_s, now_s + wait_s)
        now_s += wait_s
    if again_s is None:
        return
    for taken_s, *_ in sorted(readings):
        doubt.observe(ClientStatistics(99.0 + taken_s, int(99.0 + taken_s >= again_s), 0))
        assert doubt.verdict(max(now_s, 99.0 + taken_s)) is not Verdict.CLEAR
