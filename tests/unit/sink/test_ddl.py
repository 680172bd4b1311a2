"""Statements from the lists of columns, for a node and for a cluster: no column is without a migration."""

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.adapters.clickhouse.migrate import MIGRATIONS, load_migrations, render
from pipeline.cli.migrate import draft
from pipeline.errors import Misconfigured
from pipeline.settings import ClickHouseSettings
from pipeline.sink.columns import Column
from pipeline.sink.ddl import add_columns, create_table, declared, next_migration
from pipeline.sink.dictionary import dictionary
from pipeline.sink.tables import ALL_TABLES
from pipeline.sink.tables.cases import ASSIGNMENTS
from pipeline.sink.tables.posts import POSTS
from schemas.posts.scored import ScoredPost

TEMPLATES = [migration.template for migration in load_migrations()]
IRONY: Column[ScoredPost] = Column(
    "irony",
    "Nullable(Float32)",
    lambda p, _: 0.5,
    "that the text doesn't mean what it says",
    "probability, 0..1",
)
PLACE = POSTS.names.index("cluster_id") + 1
WIDER = replace(POSTS, columns=(*POSTS.columns[:PLACE], IRONY, *POSTS.columns[PLACE:]))
NODE, CLUSTER = ClickHouseSettings(database="d"), ClickHouseSettings(database="d", cluster="c1")


@pytest.mark.parametrize("table", ALL_TABLES, ids=lambda table: table.name)
def test_the_migrations_bring_exactly_the_columns_of_the_lists(table) -> None:  # type: ignore[no-untyped-def]
    assert declared(table, TEMPLATES) == set(table.names)
    assert len(set(table.names)) == len(table.names)


def test_nothing_is_missing_and_a_new_column_is() -> None:
    assert next_migration(ALL_TABLES, TEMPLATES) == ""
    template = next_migration([WIDER, ASSIGNMENTS], TEMPLATES)
    assert template == add_columns(WIDER, [IRONY])
    assert next_migration([WIDER], [*TEMPLATES, template]) == ""


def test_a_new_column_comes_to_the_shards_first_and_alike_to_the_table_that_reads_them() -> None:
    template = add_columns(WIDER, [IRONY])
    column = (
        "    ADD COLUMN IF NOT EXISTS irony Nullable(Float32) "
        "COMMENT 'that the text doesn''t mean what it says' AFTER cluster_id"
    )
    assert render(template, NODE) == [f"ALTER TABLE d.posts \n{column}"]
    assert render(template, CLUSTER) == [
        f"ALTER TABLE d.posts_local ON CLUSTER 'c1'\n{column}",
        f"ALTER TABLE d.posts ON CLUSTER 'c1'\n{column}",
    ]


def test_a_new_table_is_created_whole() -> None:
    table = replace(ASSIGNMENTS, name="offers")
    template = next_migration([table], TEMPLATES)
    assert template == create_table(table)
    assert declared(table, [template]) == set(table.names)
    assert len(render(template, NODE)) == 1
    local, distributed = render(template, CLUSTER)
    assert local.startswith("CREATE TABLE IF NOT EXISTS d.offers_local ON CLUSTER 'c1' (\n")
    assert "ENGINE = ReplicatedReplacingMergeTree(ver)\nPARTITION BY toYYYYMM(decided_at)\n" in local
    assert "ORDER BY (workspace, case_id, attempt, state, `update`)" in local
    assert distributed == (
        "CREATE TABLE IF NOT EXISTS d.offers ON CLUSTER 'c1' AS d.offers_local\n"
        "ENGINE = Distributed('c1', d, offers_local, cityHash64(case_id))"
    )


def test_a_draft_is_the_next_file_or_none(tmp_path: Path) -> None:
    assert draft("nothing", MIGRATIONS) is None
    for path in sorted(MIGRATIONS.glob("*.sql"))[:9]:
        (tmp_path / path.name).write_text(path.read_text())
    written = draft("updates", tmp_path)
    assert written == tmp_path / "0010_updates.sql"
    assert "ADD COLUMN IF NOT EXISTS `update` UInt32" in written.read_text()
    with pytest.raises(Misconfigured, match="small letters"):
        draft("../updates", tmp_path)


def test_every_column_says_what_it_means_and_numbers_of_a_scale_say_their_unit() -> None:
    for table in ALL_TABLES:
        assert [column.name for column in table.columns if not column.comment] == []
        assert [column.name for column in table.columns if "Float" in column.type and not column.unit] == [
            "reason_weights"
        ] * (table in (POSTS, ASSIGNMENTS))


def test_the_dictionary_has_a_row_a_column_and_no_bar_breaks_it() -> None:
    rows = [line for line in dictionary(ALL_TABLES).splitlines() if line.startswith("| `")]
    assert len(rows) == sum(len(table.columns) for table in ALL_TABLES)
    assert {row.replace("\\|", "").count("|") for row in rows} == {5}
