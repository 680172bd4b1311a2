"""The journal entry of a transaction: what a replay needs to decide the same again."""

from collections.abc import Sequence
from itertools import groupby

from pipeline.ports.records import InputRecord
from schemas.cases.journal import InputRange, JournalEntry


def journal_entry(
    stage: str,
    partition: int,
    records: Sequence[InputRecord],
    *,
    started_ms: int,
    now_ms: int,
    follows_clock: bool,
    timers: int,
    dead_letters: int,
    outputs: int,
) -> JournalEntry:
    """Returns the entry of one transaction.

    Args:
        stage: name of the stage.
        partition: number of the partition, the same for every input.
        records: the input records that it decided, in merged order.
        started_ms: the stage's `now` before it, milliseconds since the epoch.
        now_ms: the stage's `now` at its end.
        follows_clock: whether `now` followed the clock at its end.
        timers: number of timers that fired.
        dead_letters: number of the records that were given up.
        outputs: number of output records.
    """
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    for record in records:
        first.setdefault(record.topic, record.offset)
        last[record.topic] = record.offset
    topics = sorted(first)
    runs = groupby(record.topic for record in records)
    return JournalEntry(
        stage=stage,
        partition=partition,
        inputs=tuple(
            InputRange(topic=topic, partition=partition, first=first[topic], next=last[topic] + 1)
            for topic in topics
        ),
        merged=tuple((topics.index(topic), len(list(run))) for topic, run in runs),
        started_ms=started_ms,
        now_ms=now_ms,
        clock=follows_clock,
        timers_fired=timers,
        dead_letters=dead_letters,
        outputs=outputs,
    )
