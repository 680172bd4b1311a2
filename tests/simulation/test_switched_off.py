"""Each guarantee is switched off in turn, and the checks report the damage within a few days.

Without these tests nobody would know that the days meet the faults which the guarantees are for.
"""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from confluent_kafka import TopicPartition

from pipeline.adapters.kafka.transactional import member
from pipeline.adapters.kafka.transactional.late_requests import DoubtRule, Verdict
from pipeline.adapters.kafka.transactional.partition_loop import PartitionLoop
from pipeline.adapters.kafka.transactional.producer import doubt_rule
from pipeline.loop.broker_time import BrokerTime
from pipeline.loop.inputs.merge import InputBuffers
from pipeline.loop.inputs.unread import Unread
from pipeline.loop.live_edge import LIVE_MS
from pipeline.loop.now import Now
from pipeline.route.router import Router
from pipeline.settings import KafkaSettings
from tests.simulation.day import play
from tests.simulation.invariants import JUMP_MS, published_after_ms

DAYS = 40
"""So many days must be enough to see the damage. Each guarantee needs some of them on which nothing shows."""
Off = pytest.MonkeyPatch


class Trusting(DoubtRule):
    """Believes every answer, so that no producer is ever renewed."""

    def verdict(self, now_s: float) -> Verdict:
        return Verdict.CLEAR


def found(kinds: Sequence[str], make_doubt: Callable[[KafkaSettings], DoubtRule] = doubt_rule) -> set[str]:
    """Returns the checks that report the first damage."""
    for seed in range(DAYS):
        day = play(seed, kinds, make_doubt)
        if day.damage:
            return {said.partition(":")[0] for said in day.damage}
    return set()


def test_without_renewal_a_late_copy_ends_the_next_transaction() -> None:
    assert "offsets_without_gap" in found(["torn"], lambda _: Trusting(60.0, 60.0, 60.0))


def test_without_the_question_for_the_end_a_timer_overtakes_an_answer(monkeypatch: Off) -> None:
    monkeypatch.setattr(Unread, "_are_at_end", lambda *_: True)
    assert "no_timer_overtakes_an_answer" in found(["slow_fetches"])


def test_without_the_live_edge_offers_are_published_after_their_time(monkeypatch: Off) -> None:
    begin = Router.__init__

    def begin_live(router: Router, *args: Any) -> None:
        begin(router, *args)
        router._live = router._was_live = True

    monkeypatch.setattr(Router, "__init__", begin_live)
    monkeypatch.setattr(Router, "set_live", lambda *_: True)
    assert "no_offer_published_after_its_time" in found(["outage"])


def test_without_a_look_at_the_time_before_the_commit_silent_brokers_publish_offers_that_are_over(
    monkeypatch: Off,
) -> None:
    good = [seed for seed in range(DAYS) if not play(seed, ["silence_in_call"]).damage]
    monkeypatch.setattr(PartitionLoop, "_is_too_late", lambda *_: False)
    assert any(play(seed, ["silence_in_call"]).damage for seed in good)


LATEST_MS = LIVE_MS + 250
"""Where nothing holds up a loop at its live edge, an offer is published so long after its time at most."""


def latest_offer_ms(kinds: Sequence[str]) -> int:
    """Returns how much of its time an offer had lost at worst, where the stage's time was right."""
    return max(
        late_ms
        for seed in range(DAYS)
        for late_ms in published_after_ms(play(seed, kinds).history)
        if late_ms < JUMP_MS / 2
    )


def test_where_now_stands_still_with_a_broker_s_clock_offers_come_late(monkeypatch: Off) -> None:
    assert latest_offer_ms(["broker_clock"]) <= LATEST_MS
    monkeypatch.setattr(Now, "is_late", lambda *_: False)
    assert latest_offer_ms(["broker_clock"]) > LATEST_MS


def test_without_the_time_of_before_a_restart_a_broker_that_jumped_is_believed(monkeypatch: Off) -> None:
    monkeypatch.setattr(BrokerTime, "was_restored", lambda *_: None)
    assert found(["broker_clock", "kill"])


def test_where_a_receipt_counts_from_when_it_was_read_the_time_falls_behind_and_offers_come_late(
    monkeypatch: Off,
) -> None:
    take = BrokerTime.was_written
    assert latest_offer_ms(["torn", "broker_clock"]) <= LATEST_MS
    monkeypatch.setattr(BrokerTime, "was_written", lambda time, said: take(time, said._replace(sent=said.told)))
    assert latest_offer_ms(["torn", "broker_clock"]) > LATEST_MS


def test_without_the_undoing_of_an_abort_the_state_is_ahead_of_the_log(monkeypatch: Off) -> None:
    monkeypatch.setattr(Router, "abort", Router.commit)
    assert {"each_post_told_once", "events_without_gap"} & found(["refusals"])


def test_without_putting_back_what_an_abort_undid_inputs_are_lost(monkeypatch: Off) -> None:
    monkeypatch.setattr(InputBuffers, "put_back", lambda *_: None)
    assert "offsets_without_gap" in found(["refusals"])


def test_without_the_positions_of_the_group_inputs_are_read_again(monkeypatch: Off) -> None:
    monkeypatch.setattr(member, "start_of", lambda _, __, place: TopicPartition(place.topic, place.partition, 0))
    assert "offsets_without_gap" in found(["kill"])


def test_without_the_check_of_what_was_kept_a_state_of_before_is_used_again(monkeypatch: Off) -> None:
    monkeypatch.setattr(member, "still_true", lambda *_: True)
    assert found(["expulsion", "stall"])
