"""ClickHouse gives back what the sink writes, column by column.

This holds for any message of the contract, and for words that only a newer release knows.
"""

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.adapters.clickhouse.migrate import migrate
from pipeline.adapters.clickhouse.writer import ClickHouseWriter, connect
from pipeline.adapters.in_memory.publisher import MemoryPublisher
from pipeline.audit.hops.row_comparison import differing
from pipeline.clock import ManualClock
from pipeline.codec import decode, encode
from pipeline.errors import Permanent
from pipeline.local.endpoints import Endpoints
from pipeline.logs import get_log
from pipeline.metrics import Metrics
from pipeline.ports.records import InputRecord
from pipeline.sink.agent import TABLES, SinkAgent, table_of
from pipeline.sink.columns import Source, Table
from pipeline.sink.tables import ALL_TABLES
from pipeline.sink.tables.cases import ASSIGNMENTS
from pipeline.sink.tables.posts import POSTS, REFUSED_POSTS
from schemas.cases.case import Assignment, CaseEvent
from schemas.cases.gauges import QueueGauge, RouteGauge
from schemas.dead_letter import decode_headers
from schemas.posts.scored import ScoredPost
from schemas.topics import SCORED
from tests.builders import START_MS, at, scored
from tests.messages import messages, of_a_newer_release
from tests.stores import own_database
from tests.unit.sink.records import assignment, case_event

pytestmark = pytest.mark.integration

TOPIC_OF = {tables[0].model: topic for topic, tables in TABLES.items()}
NOW = at(1000)
NUMBERS = count()
"""Each message is a row of its own, since ClickHouse makes one of rows with equal keys, even within one insert."""


class Shop:
    """Holds a fresh database, the sink's writer, and a look at what the database holds."""

    def __init__(self, stack: Endpoints) -> None:
        self.settings = own_database(stack, "stored")
        migrate(self.settings)
        self.writer = ClickHouseWriter(self.settings)
        self.client: Client = connect(self.settings)
        for table in ALL_TABLES:
            self.client.command(f"SYSTEM STOP MERGES {self.settings.database}.{table.name}")

    def read(self, table: Table[Any], records: Sequence[InputRecord]) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Returns the types of the columns, and the row of each record."""
        names = ", ".join(f"`{name}`" for name in table.names)
        found = self.client.query(
            f"SELECT {names} FROM {self.settings.database}.{table.name} "
            f"WHERE _offset IN ({', '.join(str(record.offset) for record in records)}) ORDER BY _offset"
        )
        return [kind.name for kind in found.column_types], [tuple(row) for row in found.result_rows]

    def agrees(self, table: Table[Any], made: Sequence[Any], records: Sequence[InputRecord]) -> None:
        """Asserts that the table holds the rows of these messages, and nothing else of these records."""
        types, rows = self.read(table, records)
        assert len(rows) == len(made)
        for message, record, row in zip(made, records, rows, strict=True):
            sent = table.row(message, Source(record, NOW))
            wrong = differing(table.names, types, sent, row)
            assert not wrong, {name: (sent[i], row[i]) for i, name in enumerate(table.names) if name in wrong}

    def close(self) -> None:
        """Takes the database away."""
        self.client.command(f"DROP DATABASE {self.settings.database}")
        self.client.close()
        self.writer.close()


@pytest.fixture(scope="module")
def shop(stack: Endpoints) -> Iterator[Shop]:
    made = Shop(stack)
    yield made
    made.close()


def alone(message: Any) -> Any:
    """Returns the message with a key that no other message has."""
    number = next(NUMBERS)
    if isinstance(message, ScoredPost):
        return message.model_copy(update={"post_id": f"{message.platform}:{number}"})
    if isinstance(message, RouteGauge):
        name = "queue" if isinstance(message.root, QueueGauge) else "rep_id"
        return RouteGauge(message.root.model_copy(update={name: f"n{number}"}))
    return message.model_copy(update={"case_id": f"case-{number}", "event_id": f"event-{number}"})


def record_of(message: Any) -> InputRecord:
    offset = next(NUMBERS)
    return InputRecord(TOPIC_OF[type(message)], offset % 7, offset, b"key", encode(message), START_MS + offset)


def by_table(
    made: Sequence[Any], records: Sequence[InputRecord]
) -> Iterator[tuple[Table[Any], list[Any], list[InputRecord]]]:
    """Yields each table with its messages and their records."""
    for table in ALL_TABLES:
        pairs = [pair for pair in zip(made, records, strict=True) if table_of(*pair, None) is table]
        if pairs:
            yield table, [message for message, _ in pairs], [record for _, record in pairs]


ANY: st.SearchStrategy[list[Any]] = st.one_of(
    *(st.lists(messages(model), min_size=1, max_size=4) for model in TOPIC_OF)
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(ANY)
def test_every_column_of_any_message_is_read_as_it_was_sent(shop: Shop, drawn: Sequence[Any]) -> None:
    made = [alone(message) for message in drawn]
    records = [record_of(message) for message in made]
    publisher = MemoryPublisher()
    agent = SinkAgent(
        shop.writer, publisher, clock=ManualClock(NOW), metrics=Metrics(), log=get_log("sink"), ttl_days=None
    )
    agent.handle(records, f"batch-{next(NUMBERS)}")
    assert publisher.delivered == []
    read = [decode(type(message), record.value) for message, record in zip(made, records, strict=True)]
    for table, its, its_records in by_table(read, records):
        shop.agrees(table, its, its_records)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(ANY)
def test_a_word_of_a_newer_release_is_stored_as_itself(shop: Shop, drawn: Sequence[Any]) -> None:
    made = [of_a_newer_release(alone(message)) for message in drawn]
    records = [record_of(message) for message in drawn]
    for table, its, its_records in by_table(made, records):
        rows = [table.row(message, Source(record, NOW)) for message, record in zip(its, its_records, strict=True)]
        shop.writer.insert(table.name, table.names, rows, token=f"newer-{next(NUMBERS)}")
        shop.agrees(table, its, its_records)


WORDS = {
    "posts": ("visibility", "sentiment", "action"),
    "case_events": ("type",),
    "assignments": ("state", "sentiment", "action", "channel"),
}


@pytest.mark.parametrize("message", [scored(), case_event(), assignment()], ids=lambda one: type(one).__name__)
def test_an_unlisted_word_reads_as_unlisted(shop: Shop, message: Any) -> None:
    made = of_a_newer_release(alone(message))
    record = record_of(message)
    table = table_of(message, record, None)
    shop.writer.insert(table.name, table.names, [table.row(made, Source(record, NOW))], token=str(record))
    _, (row,) = shop.read(table, [record])
    values = dict(zip(table.names, row, strict=True))
    assert {values[name] for name in WORDS[table.name]} == {"unlisted"}


def test_a_refused_post_is_stored_with_all_its_columns(shop: Shop) -> None:
    post = alone(scored())
    record = record_of(post)
    row = REFUSED_POSTS.row(post, Source(record, NOW))
    shop.writer.insert(REFUSED_POSTS.name, REFUSED_POSTS.names, [row], token=str(record))
    shop.agrees(REFUSED_POSTS, [post], [record])


def test_no_column_has_a_type_that_turns_what_it_cannot_hold_into_something_else(shop: Shop) -> None:
    rows = shop.client.query(
        "SELECT table, name, type FROM system.columns WHERE database = {db:String} "
        "AND has({t:Array(String)}, table) AND match(type, 'Enum|Decimal|FixedString|Date(Time)?\\\\b|BFloat')",
        parameters={"db": shop.settings.database, "t": [t.name for t in ALL_TABLES]},
    ).result_rows
    assert rows == []


def test_a_rating_is_the_number_that_was_given(shop: Shop) -> None:
    post = alone(scored(rating=4.2))
    record = record_of(post)
    shop.writer.insert(POSTS.name, POSTS.names, [POSTS.row(post, Source(record, NOW))], token=str(record))
    found = shop.client.query(
        f"SELECT count() FROM {shop.settings.database}.posts WHERE rating = 4.2 AND _offset = {record.offset}"
    ).result_rows
    assert found == [(1,)]


def test_a_number_below_zero_is_a_dead_letter_and_its_neighbours_are_stored(shop: Shop) -> None:
    counts = {"eligible": 1, "present": 1, "excluded": {"away": -1}}
    made = [alone(assignment()), alone(assignment(candidates=counts)), alone(assignment())]
    records = [record_of(message) for message in made]
    publisher = MemoryPublisher()
    agent = SinkAgent(
        shop.writer, publisher, clock=ManualClock(NOW), metrics=Metrics(), log=get_log("sink"), ttl_days=None
    )
    agent.handle(records, f"batch-{next(NUMBERS)}")
    [letter] = publisher.delivered
    info = decode_headers(letter.headers)
    assert (letter.value, info.source.offset, info.field) == (records[1].value, records[1].offset, "excluded")
    shop.agrees(ASSIGNMENTS, [made[0], made[2]], [records[0], records[2]])


@pytest.mark.parametrize("value", [None, "seven", [1], -1], ids=repr)
def test_a_value_that_its_column_cannot_hold_blocks_its_batch_and_ends_nothing(shop: Shop, value: object) -> None:
    post = alone(scored(text="words that no error repeats"))
    record = record_of(post)
    row = list(POSTS.row(post, Source(record, NOW)))
    row[POSTS.names.index("policy_version")] = value
    with pytest.raises(Permanent, match="store_refuses: 1 rows for posts") as refused:
        shop.writer.insert(POSTS.name, POSTS.names, [row], token=f"bad-{next(NUMBERS)}")
    assert "words" not in str(refused.value)
    good = POSTS.row(post, Source(record, NOW))
    shop.writer.insert(POSTS.name, POSTS.names, [good], token=f"good-{next(NUMBERS)}")
    shop.agrees(POSTS, [post], [record])


def test_models_and_topics_are_those_of_the_sink() -> None:
    assert TOPIC_OF.keys() == {ScoredPost, CaseEvent, Assignment, RouteGauge}
    assert TABLES[SCORED.name][0] is POSTS
