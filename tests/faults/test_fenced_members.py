"""Another process takes the names of all workers in their groups; none waits for ever, and nothing is lost.

A wrong `EARSHOT_KAFKA__INSTANCE_ID` does this, and so does a broker that restarts while a static member joins.
"""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from confluent_kafka import Consumer

from pipeline.adapters.kafka.config import member_config
from pipeline.app.supervise.polling import is_ready
from pipeline.errors import EXIT_RESTART
from pipeline.local.endpoints import Endpoints
from pipeline.settings import KafkaSettings
from pipeline.stages import STAGES
from tests.pipeline_lab import PipelineLab

pytestmark = pytest.mark.integration
TAKEN = [stage for stage in STAGES if stage.lasts]
FENCED = [stage for stage in TAKEN if stage.name != "enrich"]
"""A running enrich cannot be fenced by a client of another library, because the broker refuses the other's
protocol. One of its own kind makes it join anew. While enrich joins, it is itself the one that is refused."""


@pytest.fixture
def lab(stack: Endpoints, tmp_path: Path) -> Iterator[PipelineLab]:
    made = PipelineLab(stack, tmp_path, f"fenced-{uuid4().hex[:8]}")
    made.prepare()
    yield made
    made.close()


def take_the_name_of(worker: str, group: str, topics: list[str], stack: Endpoints, lab: PipelineLab) -> None:
    """Joins under the worker's name until this member owns something, then leaves without a word."""
    named = KafkaSettings(bootstrap_servers=stack.kafka_bootstrap, instance_id=worker)
    thief = Consumer(member_config(named, group))
    thief.subscribe(topics)

    def owns() -> bool:
        thief.poll(0.1)
        return bool(thief.assignment())

    lab.wait(owns, 60, f"{worker} is taken over")
    thief.close()


def answers(lab: PipelineLab, stage: str) -> bool:
    """Whether the stage's worker says that it is ready."""
    status = lab.status()
    return status is not None and any(is_ready("127.0.0.1", worker.http_port) for worker in status.of(stage))


@pytest.mark.timeout(500)
@pytest.mark.parametrize("running", [False, True], ids=["while they join", "while they run"])
def test_workers_whose_names_are_taken_come_back_and_nothing_is_lost(
    lab: PipelineLab, stack: Endpoints, running: bool
) -> None:
    posts = lab.generated(300, hours=1)
    lab.start_all()
    if running:
        lab.wait(lambda: all(answers(lab, stage.name) for stage in TAKEN), what="every worker is ready")
    ingest = lab.start("ingest", "jsonl", str(posts), "--speed", "180")
    taken = FENCED if running else TAKEN
    for stage in taken:
        topics = [topic.name for topic in stage.inputs]
        take_the_name_of(f"lab-{stage.name}", stage.group, topics, stack, lab)
    assert ingest.wait(60) == 0
    lab.wait(lambda: lab.audit(settle_s=0)["not_yet"] == 0, 240, "every post is through")
    assert lab.audit()["ok"]
    status = lab.status()
    assert status is not None
    # Whoever was a member was fenced. It ended with the code that asks for a restart, and was started again.
    ends = {worker.last_exit for stage in taken for worker in status.of(stage.name)}
    assert ends <= {None, EXIT_RESTART}
    assert EXIT_RESTART in ends
    assert not running or ends == {EXIT_RESTART}
