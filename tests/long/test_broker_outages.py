"""Outages of two minutes under a trickle of posts, one after another: the broker is stopped, killed, frozen."""

import time
from pathlib import Path

import pytest

from tests.broker_lab import STAGES, BrokerLab, Fault, Looks, broker_lab, looking

pytestmark = pytest.mark.integration
SILENCE_S = 120.0
SHOWN_WITHIN_S = 15.0
LINES_AT_BEGIN = 15
"""The first line of each kind that the clients have."""
LINES_A_MINUTE = 2


@pytest.mark.timeout(1800)
def test_two_minutes_without_a_broker_are_shown_told_briefly_and_lose_nothing(tmp_path: Path) -> None:
    with broker_lab(tmp_path, "outage") as lab:
        posts = lab.generated(1500, hours=3)
        lab.start_all()
        lab.start_desk()
        with looking(lab) as looks:
            lab.wait(lambda: all(looks.readyz(stage)[0] == 200 for stage in STAGES), what="all are ready")
            faults: tuple[Fault, ...] = ("TERM", "KILL", "STOP")
            for fault in faults:
                sender = lab.start("ingest", "jsonl", str(posts), "--speed", "30")
                time.sleep(10)
                _outage(lab, looks, fault)
                # Its own patience is two minutes as well: either it is still at work, or it says that Kafka is
                # missing, and the next call takes the run up.
                if sender.poll() is None:
                    sender.terminate()
                assert sender.wait(60) in (0, 3)
        lab.earshot("ingest", "jsonl", str(posts))
        assert lab.audit(settle_s=240)["ok"]


def _outage(lab: BrokerLab, looks: Looks, fault: Fault) -> None:
    began_s = time.time()
    lab.silence(fault)
    time.sleep(SILENCE_S - (time.time() - began_s))
    ended_s = time.time()
    lab.end_silence(fault)
    back_s = time.time()
    lab.wait(lambda: all(looks.readyz(stage)[0] == 200 for stage in STAGES), what=f"ready after {fault}")
    for stage in STAGES:
        shown_s = looks.first(stage, 503, began_s)
        lines = [line for at_s, line in lab.lines(stage) if began_s <= at_s < ended_s]
        status = lab.status()
        assert status is not None
        print(  # noqa: T201 - figures for whoever runs it with `pytest -s`
            f"{fault} {stage}: 503 after {shown_s:.1f} s, {len(lines)} lines in {ended_s - began_s:.0f} s, "
            f"ready {looks.first(stage, 200, back_s) or 0.0:.1f} s after its return, "
            f"{status.of(stage)[0].restarts} restarts so far"
        )
        assert shown_s is not None
        assert shown_s <= SHOWN_WITHIN_S
        assert len(lines) <= LINES_AT_BEGIN + LINES_A_MINUTE * SILENCE_S / 60
        assert lab.events(stage, "no_broker_answers", began_s)
