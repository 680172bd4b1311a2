"""Twenty kills of a router, five that stand still, and three restarts of the broker, all under load."""

import os
from pathlib import Path
from random import SystemRandom

import pytest

from tests.faults.router_faults import Plan, faulty_run

pytestmark = pytest.mark.integration
SEED = "FAULTS_SEED"
"""With this variable a run draws the same faults again. What they meet, the machine decides too."""


@pytest.mark.timeout(1800)
def test_nothing_is_lost_or_doubled_and_no_timer_either(tmp_path: Path) -> None:
    seed = int(os.environ.get(SEED, SystemRandom().randrange(10**6)))
    outcome = faulty_run(tmp_path, Plan(seed, kills=20, stops=5, broker_restarts=3, posts_per_s=4.0))
    assert outcome.damage == []
    assert outcome.audit_ok
    offered = [event for event in outcome.history.events if event.body["type"] == "offered"]
    assert len(offered) >= 100, "people were at work"
