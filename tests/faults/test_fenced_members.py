"""Another process takes the names of all workers in their groups; none waits for ever, and nothing is lost.

A wrong `EARSHOT_KAFKA__INSTANCE_ID` does this, and so does a broker that restarts while a static member joins.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, KafkaException
from confluent_kafka.admin import AdminClient

from pipeline.adapters.kafka.config import member_config
from pipeline.app.supervise.polling import is_ready
from pipeline.errors import EXIT_RESTART
from pipeline.local.endpoints import Endpoints
from pipeline.settings import KafkaSettings
from pipeline.stages import STAGES, Stage
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


def take_the_name_of(stage: Stage, stack: Endpoints, lab: PipelineLab) -> None:
    """Joins under the name of the stage's worker until this member owns something, then leaves without a word."""
    worker = f"lab-{stage.name}"
    named = KafkaSettings(bootstrap_servers=stack.kafka_bootstrap, instance_id=worker)
    thief = Consumer(member_config(named, stage.group))
    thief.subscribe([topic.name for topic in stage.inputs])

    def owns() -> bool:
        thief.poll(0.1)
        return bool(thief.assignment())

    lab.wait(owns, 60, f"{worker} is taken over")
    thief.close()


def member(stage: Stage, stack: Endpoints) -> str | None:
    """Returns the id that the broker gave to whoever has the name of the stage's worker now.

    A process that joins gets a new one, also while it waits for its partitions. None where nobody has the name.
    """
    admin = AdminClient({"bootstrap.servers": stack.kafka_bootstrap})
    try:
        group = admin.describe_consumer_groups([stage.group])[stage.group].result(20)
    except KafkaException:
        return None  # nobody has ever joined it
    return {each.group_instance_id: each.member_id for each in group.members}.get(f"lab-{stage.name}")


def has_joined(stage: Stage, stack: Endpoints, former: str | None) -> bool:
    """Whether another member than the former one has the name of the stage's worker."""
    return member(stage, stack) not in (None, former)


def answers(lab: PipelineLab, stage: str) -> bool:
    """Whether the stage's worker says that it is ready."""
    status = lab.status()
    return status is not None and any(is_ready("127.0.0.1", worker.http_port) for worker in status.of(stage))


def ends(lab: PipelineLab, stages: Sequence[Stage]) -> set[int | None]:
    """Returns with which codes the newest processes of these stages ended."""
    status = lab.status()
    return set() if status is None else {worker.last_exit for stage in stages for worker in status.of(stage.name)}


@pytest.mark.timeout(500)
@pytest.mark.parametrize("running", [False, True], ids=["while they join", "while they run"])
def test_workers_whose_names_are_taken_come_back_and_nothing_is_lost(
    lab: PipelineLab, stack: Endpoints, running: bool
) -> None:
    posts = lab.generated(300, hours=1)
    former = {stage.name: member(stage, stack) for stage in FENCED}
    lab.start_all()
    if running:
        lab.wait(lambda: all(answers(lab, stage.name) for stage in TAKEN), what="every worker is ready")
    ingest = lab.start("ingest", "jsonl", str(posts), "--speed", "180")
    for stage in FENCED if running else TAKEN:
        if stage in FENCED:
            # Nobody is fenced who has not asked to join yet. The name may still be that of another lab's worker.
            lab.wait(partial(has_joined, stage, stack, former[stage.name]), what=f"{stage.name} joins")
        take_the_name_of(stage, stack, lab)
    assert ingest.wait(60) == 0
    lab.wait(lambda: lab.audit(settle_s=0)["not_yet"] == 0, 240, "every post is through")
    assert lab.audit()["ok"]
    # Whoever was a member was fenced. It ended with the code that asks for a restart, and was started again.
    lab.wait(lambda: ends(lab, FENCED) == {EXIT_RESTART}, what="every member that was fenced has ended")
    assert ends(lab, TAKEN) <= {None, EXIT_RESTART}
