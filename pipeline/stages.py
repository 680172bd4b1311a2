"""Holds the table of stages, with one row for each in the order of the flow.

What a stage reads and writes is derived from `schemas/topics.py`. Commands, workers, metrics, the audit and the
demo take the stages from here. What cannot import Python (the import contracts of `pyproject.toml`, compose,
Prometheus, the README) is compared with this table by `tests/contract/test_stages.py`.
"""

from dataclasses import dataclass
from typing import Literal

from schemas.topics import JOURNAL, POLICY_LOG, TOPICS, Topic

Liveness = Literal["beats", "beats and commits"]
"""How a worker shows that it still works. With `beats`, /healthz fails once the loop has not come round for two
minutes. With `beats and commits`, the worker also ends itself when its commits stand still while records wait,
because Faust can lose a commit without an error."""


@dataclass(frozen=True)
class Stage:
    """One row of the table."""

    name: str
    """Its folder, its module in `app/stages` and its service in compose bear the same name."""
    settings: str | None = None
    """Section of `pipeline.settings.Settings` that belongs to this stage alone."""
    liveness: Liveness | None = None
    """It is None for a stage without a lasting process."""
    port: int = 8080
    """Port on which its container serves /metrics, /healthz and /readyz. `earshot run all` chooses other ports."""

    @property
    def group(self) -> str:
        """The consumer group that all its workers join."""
        return group_of(self.name)

    @property
    def reads(self) -> tuple[Topic, ...]:
        """Topics that it consumes. Its own state is left out."""
        return tuple(topic for topic in TOPICS if self.name in topic.consumers and topic not in self.state)

    @property
    def inputs(self) -> tuple[Topic, ...]:
        """Topics that its consumer group commits. The policies have no group, because each worker reads them
        whole."""
        return tuple(topic for topic in self.reads if topic.dead_letters)

    @property
    def writes(self) -> tuple[Topic, ...]:
        """Topics that it produces to. Its own state is left out."""
        return tuple(topic for topic in TOPICS if self.name in topic.producers and topic not in self.state)

    @property
    def outputs(self) -> tuple[Topic, ...]:
        """Topics that its results go to, which is what it writes without what only a replay reads."""
        return tuple(topic for topic in self.writes if topic not in (JOURNAL, POLICY_LOG))

    @property
    def state(self) -> tuple[Topic, ...]:
        """Changelogs, which are the topics that only this stage writes and only it reads."""
        return tuple(topic for topic in TOPICS if topic.producers == topic.consumers == (self.name,))

    @property
    def dead_letters(self) -> tuple[Topic, ...]:
        """Where it puts records that it gives up."""
        return tuple(topic.dlq for topic in self.inputs)

    @property
    def topics(self) -> tuple[Topic, ...]:
        """Every topic that must exist before a worker can start."""
        return (*self.reads, *self.state, *self.dead_letters, *self.writes)

    @property
    def lasts(self) -> bool:
        """Whether it is a lasting process, which is so when it reads a topic. Ingest ends with its file."""
        return bool(self.inputs)


STAGES: tuple[Stage, ...] = (
    Stage("ingest"),
    Stage("enrich", settings="enrich", liveness="beats and commits"),
    Stage("route", settings="route", liveness="beats"),
    Stage("trends"),  # no topic names it yet, so nothing runs
    Stage("sink", settings="sink", liveness="beats"),
)


def group_of(stage: str) -> str:
    """Returns the consumer group of a stage's workers. A changed name would leave all committed offsets behind."""
    return f"earshot-{stage}"


def stage_of(name: str) -> Stage:
    """Returns the row of a stage."""
    return next(stage for stage in STAGES if stage.name == name)


def inputs_by_group() -> dict[str, list[str]]:
    """Maps the consumer group of each lasting stage to the topics that it commits, in the order of the flow."""
    return {stage.group: [topic.name for topic in stage.inputs] for stage in lasting_stages()}


def lasting_stages() -> tuple[Stage, ...]:
    """Returns the stages that `earshot run all` starts, in the order of the flow."""
    return tuple(stage for stage in STAGES if stage.lasts)


def running_stages() -> tuple[str, ...]:
    """Returns the names of the lasting stages."""
    return tuple(stage.name for stage in lasting_stages())
