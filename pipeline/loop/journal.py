"""The journal entry of a transaction: what a replay needs to decide the same again."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from pipeline.ports.records import InputRecord
from schemas.cases.journal import InputRange, JournalEntry


def journal_entry(stage: str, partition: int, records: Sequence[InputRecord], **fields: Any) -> JournalEntry:
    """Returns the entry of one transaction.

    Args:
        stage: name of the stage.
        partition: number of the partition, the same for every input.
        records: the input records that it decided, in merged order.
        fields: the other fields of the entry, by name.
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
        **fields,
    )
