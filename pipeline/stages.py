"""The stages in the order of the flow, with what each reads and writes, derived from `schemas/topics.py`.

In: the contract's topics. Out: `STAGES`. Never here: code of a stage.
"""

from dataclasses import dataclass

from schemas.topics import TOPICS, Topic

ORDER = ("ingest", "enrich", "route", "trends", "sink")
"""A listing of folders cannot show the order; this is the only place that states it."""


@dataclass(frozen=True)
class Stage:
    """One stage of the flow."""

    name: str

    @property
    def reads(self) -> tuple[Topic, ...]:
        """Topics that it consumes, its own state left out."""
        return tuple(
            topic for topic in TOPICS if self.name in topic.consumers and self.name not in topic.producers
        )

    @property
    def writes(self) -> tuple[Topic, ...]:
        """Topics that it produces to, its own state left out."""
        return tuple(
            topic for topic in TOPICS if self.name in topic.producers and self.name not in topic.consumers
        )

    @property
    def state(self) -> tuple[Topic, ...]:
        """Changelogs that only it writes and restores from."""
        return tuple(topic for topic in TOPICS if self.name in topic.producers and self.name in topic.consumers)

    @property
    def dead_letters(self) -> tuple[Topic, ...]:
        """Where it puts records that it gives up."""
        return tuple(topic.dlq for topic in self.reads if topic.dead_letters)

    @property
    def runs(self) -> bool:
        """Whether it is a lasting process: it reads a topic. Ingest ends with its file."""
        return bool(self.reads)


STAGES: tuple[Stage, ...] = tuple(Stage(name) for name in ORDER)


def running_stages() -> tuple[str, ...]:
    """The stages that `earshot run all` starts, in the order of the flow."""
    return tuple(stage.name for stage in STAGES if stage.runs)
