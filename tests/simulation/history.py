"""What the logs of a cluster hold after a day: inputs, and what readers of committed records were given."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from pipeline.adapters.in_memory.kafka.cluster import SimulatedCluster
from schemas.topics import ACTIONABLE, ASSIGNMENTS, CASE_EVENTS, CASES, JOURNAL, REPS

Times = Mapping[tuple[str, int], list[float]]


class Written(NamedTuple):
    """One record of a log."""

    topic: str
    partition: int
    offset: int
    append_ms: int
    at_s: float
    """The true time at which it was appended, which no clock of the cluster need show."""
    serial: int
    key: str
    body: Any
    """Decoded JSON; None for a tombstone and for what is no JSON."""


@dataclass(frozen=True)
class History:
    """The logs of one day. Records of outputs are in the order of their transactions."""

    inputs: list[Written]
    assignments: list[Written]
    events: list[Written]
    cases: list[Written]
    journal: list[Written]
    letters: list[Written]
    offsets: list[tuple[int, Mapping[tuple[str, int], int]]]
    """Number of a transaction with the positions that it committed, in the order in which they took effect."""
    outcomes: Mapping[int, bool]
    """Number of a transaction to whether it was committed."""
    serials: set[int]
    """The transactions that committed records of outputs, changelog or journal."""
    ends: Mapping[tuple[str, int], int]
    """Where each input ends."""
    end_s: float
    end_ms: int
    """The true time at the end."""
    calm_from_s: float
    """From then on nothing went wrong."""
    clock_jumped: bool = False
    """Whether the clock of a broker ever jumped, so that append times tell no durations."""


def history_of(
    cluster: SimulatedCluster, times: Times, group: str, calm_from_s: float, *, clock_jumped: bool = False
) -> History:
    """Reads everything as a reader of committed records does."""
    read = {name: list(_read(cluster, times, name)) for name in cluster.topics if name != "route.state"}
    inputs = (ACTIONABLE.name, REPS.name)
    return History(
        inputs=sorted((record for name in inputs for record in read[name]), key=lambda record: record.at_s),
        **{
            field: sorted(read[topic], key=lambda record: (record.serial, record.partition, record.offset))
            for field, topic in {
                "assignments": ASSIGNMENTS.name, "events": CASE_EVENTS.name, "cases": CASES.name,
                "journal": JOURNAL.name,
            }.items()
        },
        letters=[record for name in inputs for record in read[f"{name}.dlq"]],
        offsets=cluster.group(group).history,
        outcomes=cluster.transactions.outcomes,
        serials={record.serial for name in read if name not in inputs for record in read[name]},
        ends={(name, number): log.high for name in inputs for number, log in enumerate(cluster.topics[name])},
        end_s=cluster.time.now_s,
        end_ms=cluster.clock_ms(),
        calm_from_s=calm_from_s,
        clock_jumped=clock_jumped,
    )  # fmt: skip


def ms_of(text: str) -> int:
    """Returns the milliseconds since the epoch of a time as the contract writes it."""
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def _read(cluster: SimulatedCluster, times: Times, topic: str) -> Iterable[Written]:
    for number, log in enumerate(cluster.topics[topic]):
        at_s = times[topic, number]
        parses = not topic.startswith("assignments.")
        for entry in log.committed():
            yield Written(
                topic, number, entry.offset, entry.append_ms, at_s[entry.offset], entry.serial,
                (entry.key or b"").decode(), decoded(entry.value) if parses else None,
            )  # fmt: skip


def decoded(value: bytes | None) -> Any:
    """Returns the JSON of a value, None where it has none."""
    try:
        return None if value is None else orjson.loads(value)
    except ValueError:
        return None
