"""Routers that are killed, frozen and without a broker under load lose and double nothing, timers included."""

from pathlib import Path

import pytest

from tests.faults.router_faults import Plan, faulty_run

pytestmark = pytest.mark.integration


@pytest.mark.timeout(600)
def test_nothing_is_lost_or_doubled_and_no_timer_either(tmp_path: Path) -> None:
    outcome = faulty_run(tmp_path, Plan(seed=1, kills=3, stops=1, broker_restarts=1))
    assert outcome.damage == []
    assert outcome.audit_ok
    offered = [event for event in outcome.history.events if event.body["type"] == "offered"]
    assert len(offered) >= 20, "people were at work"
