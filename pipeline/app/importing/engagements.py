"""Sends what a connector knows of engagement to its topic, from JSON lines with one Engagement each.

There is no manifest. An engagement has an id, and one that is sent again counts once as long as its author's row
remembers the id, so that a run that was broken off is simply begun again.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice

from pipeline.adapters.kafka.publisher import KafkaPublisher
from pipeline.adapters.kafka.reach import reach, require_topic
from pipeline.app.endpoints import resolve
from pipeline.app.importing.place import open_place
from pipeline.codec import decode, encode
from pipeline.errors import Permanent
from pipeline.ingest.jsonl import of_workspace
from pipeline.ingest.lines import Line, numbered
from pipeline.ingest.look.container import contents
from pipeline.ingest.rejections import Rejections
from pipeline.ports.records import Publisher, Record, deliver
from pipeline.settings import Settings
from schemas.posts.engagement import Engagement
from schemas.topics import ENGAGEMENTS, post_key

METADATA_TIMEOUT_S, DELIVERY_TIMEOUT_S = 15.0, 120.0
BATCH_LINES = 1000
"""So many are sent before their delivery is awaited."""


@dataclass
class Sent:
    """What the lines were."""

    sent: int = 0
    refused: int = 0


def send_file(settings: Settings, file: str, workspace: str | None, say: Callable[[str], None]) -> Sent:
    """Sends a file, or standard input for `-`, and returns when the brokers have all of it.

    Args:
        settings: resolved or not.
        file: its name; packed or not.
        workspace: for engagements that state none.
        say: takes each line for the operator, such as a bad line as FILE:LINE: code: field: detail.

    Raises:
        ServiceMissing: no broker answers.
        Misconfigured: the file cannot be read, the brokers refuse us, or the topic does not exist.
        Transient: the brokers did not take a record.
        MustRestart: the same.
    """
    with ExitStack() as stack:
        place = open_place(file, stack)
        kafka = resolve(settings).kafka
        require_topic(reach(kafka, METADATA_TIMEOUT_S), kafka, ENGAGEMENTS.name, METADATA_TIMEOUT_S)
        rejections = Rejections(place.name, say)
        lines = numbered(contents(place.stream, place.name), place.name)
        sent = send_engagements(lines, KafkaPublisher(kafka, DELIVERY_TIMEOUT_S), workspace, rejections)
    rejections.end()
    say(f"{place.name}: {sent.sent} engagements sent, {sent.refused} lines refused")
    return sent


def send_engagements(
    lines: Iterable[Line], publisher: Publisher, workspace: str | None, refuse: Callable[[int, Permanent], None]
) -> Sent:
    """Sends the lines in their order, and returns when the brokers have all of them. Blank lines are passed over.

    Args:
        lines: of the file.
        publisher: used by nobody else.
        workspace: for engagements that state none.
        refuse: told the number of each bad line and the reason; the others are sent all the same.

    Raises:
        Transient: the brokers did not take a record.
        MustRestart: the same, and the publisher is of no use any more.
    """
    done = Sent()
    records = _records(lines, workspace, refuse, done)
    while batch := list(islice(records, BATCH_LINES)):
        deliver(publisher, batch)
        done.sent += len(batch)
    return done


def _records(
    lines: Iterable[Line], workspace: str | None, refuse: Callable[[int, Permanent], None], done: Sent
) -> Iterator[Record]:
    for line in lines:
        if not line.raw.strip():
            continue
        try:
            whole = line.raw if workspace is None else of_workspace(line.raw, workspace)
            engagement = decode(Engagement, whole)
        except Permanent as reason:
            done.refused += 1
            refuse(line.number, reason)
            continue
        key = post_key(engagement.workspace, engagement.target_author_id)
        yield Record(ENGAGEMENTS.name, key, encode(engagement))
