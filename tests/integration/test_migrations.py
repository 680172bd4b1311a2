"""Migrations run on the real ClickHouse engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from pipeline.adapters.clickhouse.migrate import (
    MIGRATIONS,
    load_migrations,
    migrate,
    migrations_pending,
    planned_statements,
    render,
)
from pipeline.adapters.clickhouse.retention import set_ttls, ttl_days_in_force
from pipeline.adapters.clickhouse.writer import ClickHouseWriter, connect
from pipeline.clock import from_ms
from pipeline.errors import Misconfigured, Permanent, ServiceMissing
from pipeline.local.endpoints import Endpoints
from pipeline.settings import ClickHouseSettings, SinkSettings
from pipeline.sink.tables import ALL_TABLES
from tests.stores import own_database

pytestmark = pytest.mark.integration


@pytest.fixture
def store(stack: Endpoints) -> Iterator[ClickHouseSettings]:
    settings = own_database(stack, "migrations")
    yield settings
    with connect(settings) as client:
        client.command(f"DROP DATABASE IF EXISTS {settings.database}")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Copies the first two migrations, to be tampered with."""
    for path in sorted(MIGRATIONS.glob("*.sql"))[:1]:
        (tmp_path / path.name).write_text(path.read_text())
    (tmp_path / "0002_things.sql").write_text(
        "CREATE TABLE IF NOT EXISTS {database}.things{local} {on_cluster} (id UInt64)\n"
        "ENGINE = {engine_replacing} ORDER BY id;\n"
    )
    return tmp_path


def test_migrations_apply_once_and_may_be_repeated(store: ClickHouseSettings) -> None:
    labels = [migration.label for migration in load_migrations()]
    assert migrations_pending(store) == labels
    assert migrate(store) == labels
    assert migrations_pending(store) == []
    assert migrate(store) == []
    assert planned_statements(store) == []


def test_a_run_that_died_in_the_middle_is_finished_by_the_next(store: ClickHouseSettings, folder: Path) -> None:
    migrate(store, folder)
    (folder / "0003_more.sql").write_text(
        "CREATE TABLE IF NOT EXISTS {database}.first (id UInt64) ENGINE = {engine_replacing} ORDER BY id;\n"
        "CREATE TABLE IF NOT EXISTS {database}.second (id Wrong) ENGINE = {engine_replacing} ORDER BY id;\n"
    )
    with pytest.raises(Exception, match="0003_more"):
        migrate(store, folder)
    assert migrations_pending(store, folder) == ["0003_more"]
    fixed = (folder / "0003_more.sql").read_text().replace("Wrong", "UInt64")
    (folder / "0003_more.sql").write_text(fixed)
    assert migrate(store, folder) == ["0003_more"]
    assert migrations_pending(store, folder) == []


def test_a_migration_that_was_changed_after_it_was_applied_is_refused(
    store: ClickHouseSettings, folder: Path
) -> None:
    migrate(store, folder)
    path = folder / "0002_things.sql"
    path.write_text(path.read_text() + "-- a word more\n")
    with pytest.raises(Misconfigured, match="0002_things was changed"):
        migrate(store, folder)
    with pytest.raises(Misconfigured, match="0002_things was changed"):
        migrations_pending(store, folder)


def test_the_tables_have_exactly_the_columns_that_the_sink_writes(store: ClickHouseSettings) -> None:
    migrate(store)
    with connect(store) as client:
        for table in ALL_TABLES:
            rows = client.query(
                "SELECT name, default_kind FROM system.columns "
                "WHERE database = {db:String} AND table = {t:String}",
                parameters={"db": store.database, "t": table.name},
            ).result_rows
            assert {name for name, _ in rows} == set(table.names), table.name
            assert {kind for _, kind in rows} == {""}, "a default is evaluated once per replica and attempt"


def test_rows_from_before_a_migration_stay_and_its_columns_say_nothing_of_them(
    store: ClickHouseSettings, tmp_path: Path
) -> None:
    for path in sorted(MIGRATIONS.glob("*.sql"))[:6]:
        (tmp_path / path.name).write_text(path.read_text())
    migrate(store, tmp_path)
    columns = ("workspace", "created_at", "platform", "post_id", "p_negative", "ver")
    ClickHouseWriter(store).insert("posts", columns, [("acme", from_ms(0), "x", "x:1", 0.5, 1)], token="before")
    assert migrate(store) == [migration.label for migration in load_migrations()[6:]]
    wider = (*columns, "offence", "complaint", "language", "language_confidence", "sentiment_weak")
    row = ("acme", from_ms(0), "x", "x:2", 0.5, 1, 0.0, 0.75, "de", 0.5, True)
    ClickHouseWriter(store).insert("posts", wider, [row], token="after")
    with connect(store) as client:
        found = client.query(
            f"SELECT post_id, {', '.join(wider[6:])} FROM {store.database}.posts FINAL ORDER BY post_id"
        ).result_rows
        said = client.query(
            f"SELECT topics, intent, urgency, intensity, cluster_id, spam, pii_kinds FROM {store.database}.posts "
            "FINAL WHERE post_id = 'x:1'"
        ).result_rows
    assert found == [("x:1", None, None, "", None, False), ("x:2", 0.0, 0.75, "de", 0.5, True)]
    assert said == [([], "", None, None, "", None, [])]


def test_words_and_ratings_from_before_keep_their_meaning_when_their_columns_change(
    store: ClickHouseSettings, tmp_path: Path
) -> None:
    for path in sorted(MIGRATIONS.glob("*.sql"))[:8]:
        (tmp_path / path.name).write_text(path.read_text())
    migrate(store, tmp_path)
    key = ("workspace", "created_at", "platform", "post_id", "ver")
    columns = (*key, "visibility", "sentiment", "action", "rating")
    words = [
        ("public", "negative", "none", 4.2),
        ("direct", "neutral", "thank", 10.0),
        ("public", "positive", "engage", 0.1),
        ("direct", "unread", "respond", None),
    ]
    rows = [("acme", from_ms(0), "x", f"x:{number}", 1, *row) for number, row in enumerate(words)]
    ClickHouseWriter(store).insert("posts", columns, rows, token="before")
    offer = ("case_id", "sentiment", "action", "channel", "decided_at", "ver")
    offers = [(str(n), word, action, where, from_ms(0), 1) for n, (where, word, action, _) in enumerate(words)]
    ClickHouseWriter(store).insert("assignments", offer, offers, token="before")
    for _ in range(2):
        migrate(store)
        with connect(store) as client:
            found = client.query(
                f"SELECT visibility, sentiment, action, rating FROM {store.database}.posts FINAL ORDER BY post_id"
            ).result_rows
            held = client.query(
                f"SELECT channel, sentiment, action FROM {store.database}.assignments FINAL ORDER BY case_id"
            ).result_rows
            exact = client.query(f"SELECT count() FROM {store.database}.posts WHERE rating = 4.2").result_rows
            (view,) = client.query(
                f"SELECT n, negative, neutral, positive, unread FROM {store.database}.sentiment_by_hour"
            ).result_rows
            # As after a run that died in the middle: the same statements come again.
            client.command(f"ALTER TABLE {store.database}.schema_migrations DELETE WHERE version = 9",
                           settings={"mutations_sync": 2})  # fmt: skip
        assert found == words
        assert held == [row[:3] for row in words]
        assert (exact, view) == ([(1,)], (4, 1, 1, 1, 1))


def test_the_updates_of_an_assignment_are_rows_of_their_own_and_a_repeat_is_none(
    store: ClickHouseSettings, tmp_path: Path
) -> None:
    for path in sorted(MIGRATIONS.glob("*.sql"))[:9]:
        (tmp_path / path.name).write_text(path.read_text())
    migrate(store, tmp_path)
    columns = ("workspace", "case_id", "attempt", "state", "decided_at", "priority", "ver")
    row = ("acme", "c", 1, "assigned", from_ms(0), 10.0, 1)
    ClickHouseWriter(store).insert("assignments", columns, [row], token="before")
    assert "0010_assignment_updates" in migrate(store)
    told = [
        ("acme", "c", 1, "assigned", from_ms(0), 10.0 + n, n, ver) for n, ver in ((0, 1), (1, 2), (1, 2), (2, 3))
    ]
    for number, again in enumerate(told):
        ClickHouseWriter(store).insert(
            "assignments", (*columns[:-1], "update", "ver"), [again], token=f"after-{number}"
        )
    with connect(store) as client:
        found = client.query(
            f"SELECT `update`, priority FROM {store.database}.assignments FINAL ORDER BY `update`"
        ).result_rows
        (key,) = client.query(
            "SELECT sorting_key FROM system.tables WHERE database = {db:String} AND name = 'assignments'",
            parameters={"db": store.database},
        ).result_rows
        # As after a run that died before it could note that it was done: the same statements come again.
        (template,) = (one.template for one in load_migrations() if one.version == 10)
        for statement in render(template, store):
            client.command(statement)
    assert found == [(0, 10.0), (1, 11.0), (2, 12.0)], "a row of before is update 0"
    assert key == ("workspace, case_id, attempt, state, update",)


def test_offers_and_steps_from_before_the_rules_and_deadlines_stay_and_say_nothing_of_them(
    store: ClickHouseSettings, tmp_path: Path
) -> None:
    for path in sorted(MIGRATIONS.glob("*.sql"))[:13]:
        (tmp_path / path.name).write_text(path.read_text())
    migrate(store, tmp_path)
    writer = ClickHouseWriter(store)
    offer = ("workspace", "case_id", "attempt", "state", "decided_at", "ver")
    writer.insert("assignments", offer, [("acme", "c", 1, "offered", from_ms(0), 1)], token="offer")
    step = ("workspace", "case_id", "event_id", "seq", "type", "at", "reason", "queue", "ver")
    writer.insert(
        "case_events", step, [("acme", "c", "e0", 0, "queued", from_ms(0), "opened", "care", 1)], token="step"
    )
    assert "0014_rules_and_deadlines" in migrate(store)
    with connect(store) as client:
        offers = client.query(
            "SELECT case_id, rule, ring, topics, first_response_due, breached, open_on_platform "
            f"FROM {store.database}.assignments FINAL"
        ).result_rows
        steps = client.query(
            "SELECT case_id, state, deadline, due_at, channel, answers_private "
            f"FROM {store.database}.case_events FINAL"
        ).result_rows
        cases = client.query(
            f"SELECT case_id, queue, is_closed, closed_at FROM {store.database}.cases"
        ).result_rows
        # As after a run that died before it could note that it was done: the same statements come again.
        (template,) = (one.template for one in load_migrations() if one.version == 14)
        for statement in render(template, store):
            client.command(statement)
    assert offers == [("c", "", 0, [], None, [], False)]
    assert steps == [("c", "", "", None, "", False)]
    assert cases == [("c", "care", False, None)]


def test_the_view_of_cases_has_a_row_a_case_with_how_it_went_and_ended(store: ClickHouseSettings) -> None:
    migrate(store)
    columns = ("workspace", "event_id", "priority", "ver", "at", "case_id", "seq", "type", "reason", "queue",
               "state", "attempt", "ring", "answers_private")  # fmt: skip
    told = [
        (0, "a", 0, "queued", "opened", "care", "waiting", 0, 0, False),
        (30, "a", 1, "ring_changed", "waited", "care", "waiting", 0, 1, False),
        (40, "a", 2, "offered", "matched", "care", "offered", 1, 1, False),
        (50, "a", 3, "timed_out", "not_answered", "care", "waiting", 1, 1, False),
        (55, "a", 4, "breached", "first_response", "care", "waiting", 1, 1, False),
        (60, "a", 5, "offered", "matched", "care", "offered", 2, 1, False),
        (70, "a", 6, "assigned", "accepted", "care", "assigned", 2, 1, False),
        (90, "a", 7, "replied", "first_reply", "care", "assigned", 2, 1, True),
        (95, "a", 8, "transferred", "transferred", "billing", "waiting", 2, 0, False),
        (99, "a", 9, "resolved", "refunded", "billing", "", 2, 0, False),
        # Of a request about the closed case no queue is said.
        (120, "a", 0, "request_refused", "unknown_case", "", "", 0, 0, False),
        (0, "b", 0, "queued", "opened", "care", "waiting", 0, 0, False),
        (10, "b", 1, "closed", "answered_elsewhere", "care", "", 0, 0, False),
        (20, "b", 2, "reopened", "direct", "care", "waiting", 0, 0, False),
    ]
    rows = [
        ("acme", f"step-{number}", 5.0, 1, from_ms(1000 * at), *step) for number, (at, *step) in enumerate(told)
    ]
    ClickHouseWriter(store).insert("case_events", columns, rows, token="steps")
    with connect(store) as client:
        found = client.query(
            "SELECT case_id, first_queue, queue, state, outcome, toUnixTimestamp(closed_at), attempts, timed_out, "
            "transferred, reopened, ring, until_assigned_s, until_reply_s, breached, public_to_private "
            f"FROM {store.database}.cases ORDER BY case_id"
        ).result_rows
    assert found == [
        ("a", "care", "billing", "closed", "refunded", 99, 2, 1, 1, 0, 1, 70.0, 90.0, ["first_response"], 1),
        ("b", "care", "care", "waiting", "", None, 0, 0, 0, 1, 0, None, None, [], 0),
    ]


def test_on_a_cluster_the_key_grows_on_the_shards_with_the_column(store: ClickHouseSettings) -> None:
    (template,) = (one.template for one in load_migrations() if one.version == 10)
    local, distributed = render(template, store.model_copy(update={"cluster": "c1"}))
    assert local.startswith(f"ALTER TABLE {store.database}.assignments_local ON CLUSTER 'c1'\n")
    assert "MODIFY ORDER BY (workspace, case_id, attempt, state, `update`)" in local
    assert distributed.startswith(f"ALTER TABLE {store.database}.assignments ON CLUSTER 'c1'\n")
    assert "MODIFY" not in distributed


@pytest.mark.parametrize("version", [7, 8])
def test_on_a_cluster_the_shards_get_a_column_before_the_table_that_reads_them(
    store: ClickHouseSettings, version: int
) -> None:
    cluster = store.model_copy(update={"cluster": "c1"})
    (template,) = (one.template for one in load_migrations() if one.version == version)
    local, distributed = render(template, cluster)
    assert local.startswith(f"ALTER TABLE {store.database}.posts_local ON CLUSTER 'c1'\n")
    assert distributed == local.replace(".posts_local ", ".posts ")
    (single,) = render(template, store)
    assert single.startswith(f"ALTER TABLE {store.database}.posts ")


def test_on_a_cluster_the_shards_get_a_type_before_the_table_that_reads_them(store: ClickHouseSettings) -> None:
    (template,) = (one.template for one in load_migrations() if one.version == 9)
    cluster = render(template, store.model_copy(update={"cluster": "c1"}))
    places = [statement.split("\n")[0].removeprefix(f"ALTER TABLE {store.database}.") for statement in cluster]
    assert places == [
        f"{table} ON CLUSTER 'c1'"
        for table in ("posts_local", "posts_local", "assignments_local", "posts", "assignments")
    ]
    assert cluster[3] == cluster[0].replace(".posts_local ", ".posts ")
    assert cluster[4] == cluster[2].replace(".assignments_local ", ".assignments ")
    assert len(render(template, store)) == 3


def test_every_table_remembers_tokens_and_replaces_by_version(store: ClickHouseSettings) -> None:
    migrate(store)
    with connect(store) as client:
        rows = client.query(
            "SELECT name, engine_full FROM system.tables WHERE database = {db:String} AND engine != 'View'",
            parameters={"db": store.database},
        ).result_rows
    assert {name for name, _ in rows} == {
        "schema_migrations",
        "posts",
        "case_events",
        "assignments",
        "refused_posts",
        "queue_gauges",
        "rep_presence",
    }
    for _, engine in rows:
        assert engine.startswith("ReplacingMergeTree(ver")
        assert "non_replicated_deduplication_window = 10000" in engine
        assert "TTL" not in engine


def test_the_keeping_time_is_set_changed_and_taken_away(store: ClickHouseSettings) -> None:
    migrate(store)
    assert set(ttl_days_in_force(store).values()) == {None}
    assert set_ttls(store, SinkSettings(ttl_days=30)) == {"posts": 30, "rep_presence": 30}
    assert ttl_days_in_force(store) == {"posts": 30, "queue_gauges": None, "rep_presence": 30}
    assert set_ttls(store, SinkSettings(ttl_days=30)) == {}
    changed = SinkSettings(gauges_ttl_days=400, presence_ttl_days=14)
    assert set_ttls(store, changed) == {"posts": None, "queue_gauges": 400, "rep_presence": 14}
    assert ttl_days_in_force(store) == {"posts": None, "queue_gauges": 400, "rep_presence": 14}


def test_the_view_counts_each_post_once_with_the_brands_own_apart(store: ClickHouseSettings) -> None:
    migrate(store)
    columns = ("workspace", "created_at", "platform", "post_id", "visibility", "own", "sentiment", "p_negative",
               "p_neutral", "p_positive", "ver", "is_deleted")  # fmt: skip
    hour = 1_767_225_600
    rows = [
        ("acme", hour, "x", "x:1", "public", False, "negative", 0.8, 0.1, 0.1, 1, 0),
        ("acme", hour, "x", "x:1", "public", False, "positive", 0.1, 0.1, 0.8, 2, 0),
        ("acme", hour + 1, "x", "x:2", "direct", False, "negative", 0.7, 0.2, 0.1, 1, 0),
        ("acme", hour + 2, "x", "x:3", "public", True, "positive", 0.0, 0.0, 1.0, 1, 0),
        ("acme", hour + 3, "x", "x:4", "public", False, "unread", None, None, None, 1, 0),
        ("acme", hour + 4, "x", "x:5", "public", False, "negative", 0.8, 0.1, 0.1, 1, 0),
        ("acme", hour + 4, "x", "x:5", "public", False, "negative", 0.8, 0.1, 0.1, 2, 1),
        ("acme", hour + 3600, "x", "x:6", "public", False, "neutral", 0.1, 0.8, 0.1, 1, 0),
    ]
    writer = ClickHouseWriter(store)
    for number, row in enumerate(rows):
        values = (row[0], from_ms(row[1] * 1000), *row[2:])
        writer.insert("posts", columns, [values], token=str(number))
    with connect(store) as client:
        found = client.query(
            "SELECT toUnixTimestamp(hour), n, negative, neutral, positive, unread, own_posts, "
            f"round(mean_sentiment, 3) FROM {store.database}.sentiment_by_hour ORDER BY hour"
        ).result_rows
    assert found == [(hour, 4, 1, 0, 1, 1, 1, 0.05), (hour + 3600, 1, 0, 1, 0, 0, 0, 0.0)]


def test_a_wrong_password_is_said_without_the_password(store: ClickHouseSettings) -> None:
    wrong = store.model_copy(update={"password": SecretStr("not-the-password")})
    with pytest.raises(Misconfigured, match="refuses user") as refused:
        migrations_pending(wrong)
    assert "not-the-password" not in str(refused.value)


def test_a_server_that_does_not_answer_is_a_missing_service(store: ClickHouseSettings) -> None:
    nobody = store.model_copy(update={"url": "http://127.0.0.1:9"})
    with pytest.raises(ServiceMissing, match="does not answer"):
        migrations_pending(nobody)


def test_an_insert_into_a_database_that_was_not_migrated_is_permanent(store: ClickHouseSettings) -> None:
    with pytest.raises(Permanent):
        ClickHouseWriter(store).insert("posts", ("post_id",), [("x:1",)], token="t")
