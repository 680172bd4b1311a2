"""Two posts of one batch that hold the interpreter for 90 s each, with the real model and shipped limits."""

from pathlib import Path

import pytest

from pipeline.adapters.kafka.admin import ensure_topics
from pipeline.local.endpoints import Endpoints
from pipeline.settings import KafkaSettings
from schemas.topics import all_topics
from tests.enrich_lab import good, new_workspace, send, wait_for
from tests.faults.planted_worker import PLANTED
from tests.faults.supervised import restarts, supervised
from tests.faults.test_hostile_posts import all_scored_but, given_up

pytestmark = pytest.mark.integration


@pytest.mark.timeout(2400)
@pytest.mark.parametrize("workers", [1, 2])
def test_two_posts_of_one_batch_that_hold_the_interpreter_for_90_s_are_dead_lettered_and_400_are_scored(
    stack: Endpoints, tmp_path: Path, workers: int
) -> None:
    kafka = KafkaSettings(bootstrap_servers=stack.kafka_bootstrap)
    ensure_topics(kafka, all_topics())
    workspace = new_workspace(kafka)
    planted = {number: good(workspace, number, f"please {PLANTED} now") for number in (150, 200)}
    send(kafka, [planted.get(number) or good(workspace, number) for number in range(402)])
    environment = {
        "EARSHOT_KAFKA__BOOTSTRAP_SERVERS": stack.kafka_bootstrap,
        "EARSHOT_STATE_DIR": str(tmp_path),
    }
    with supervised(["-m", "tests.faults.planted_worker", "90"], tmp_path, environment, workers):
        wait_for(lambda: all_scored_but(kafka, workspace, 402, planted), 2000)
        assert restarts(tmp_path) >= 4
    assert given_up(kafka, workspace) == {record.value: "stops_worker" for record in planted.values()}
