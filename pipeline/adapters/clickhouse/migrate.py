"""Migrates the ClickHouse tables with numbered SQL templates, which are applied in order and are safe to repeat.

It takes `deploy/clickhouse/NNNN_name.sql` and the settings, makes the tables, and keeps their state in
`schema_migrations`. No step is destructive, and a migration that was applied is never changed.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from pipeline.adapters.clickhouse.writer import connect, translate
from pipeline.clock import to_ms
from pipeline.errors import Misconfigured
from pipeline.settings import ClickHouseSettings

MIGRATIONS = Path(__file__).resolve().parents[3] / "deploy" / "clickhouse"
"""Folder of the templates. It lies beside the other deployment files, where operators look for them."""
WINDOW = 10_000
"""Blocks whose tokens are remembered per table. They cover a day with an insert each 10 s, or 3 hours with an
insert a second."""
WINDOW_S = 604_800
"""Seconds for which a cluster remembers tokens. A week is longer than a weekend's outage, and the default is
one hour (`replicated_deduplication_window_seconds` in `system.merge_tree_settings` of 26.9)."""

_FILE = re.compile(r"^(\d{4})_([a-z0-9_]+)\.sql$")
_CLUSTER_ONLY = "-- cluster only"


@dataclass(frozen=True)
class Migration:
    """One numbered template."""

    version: int
    name: str
    template: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the template with unified line ends, so that a checkout on Windows has the same."""
        return hashlib.sha256(self.template.replace("\r\n", "\n").encode()).hexdigest()

    @property
    def label(self) -> str:
        """Number and name, such as `0002_posts`."""
        return f"{self.version:04d}_{self.name}"


def load_migrations(folder: Path = MIGRATIONS) -> list[Migration]:
    """Returns all migrations in order.

    Raises:
        Misconfigured: the folder has none, a file is misnamed, or numbers are doubled or missing.
    """
    migrations = []
    for path in sorted(folder.glob("*.sql")):
        match = _FILE.match(path.name)
        if match is None:
            raise Misconfigured(f"{path}: migrations are named NNNN_name.sql")
        migrations.append(Migration(int(match[1]), match[2], path.read_text(encoding="utf-8")))
    if [migration.version for migration in migrations] != list(range(1, len(migrations) + 1)):
        raise Misconfigured(f"{folder}: migrations must be numbered 0001, 0002, ... without gaps")
    if not migrations:
        raise Misconfigured(f"{folder}: no migrations; they come with the repository, in deploy/clickhouse")
    return migrations


def render(template: str, settings: ClickHouseSettings) -> list[str]:
    """Returns the statements of one template, for one node or for a cluster.

    Raises:
        Misconfigured: the template names an unknown {placeholder}.
    """
    cluster = settings.cluster
    state_path = ""
    windows = f"non_replicated_deduplication_window = {WINDOW}"
    if cluster:
        windows = (
            f"replicated_deduplication_window = {WINDOW}, replicated_deduplication_window_seconds = {WINDOW_S}"
        )
        # The state table is the same on every shard, so its path has no {shard} and a replica is named with its
        # shard. With a path per shard each shard would know only its own migrations.
        state_path = f"'/clickhouse/all/{settings.database}/{{table}}', '{{shard}}-{{replica}}', "
    values = {
        "database": settings.database,
        "cluster": cluster or "",
        "on_cluster": f"ON CLUSTER '{cluster}'" if cluster else "",
        "local": "_local" if cluster else "",
        "windows": windows,
        "engine_replacing": "ReplicatedReplacingMergeTree" if cluster else "ReplacingMergeTree",
        "state_path": state_path,
    }

    def fill(match: re.Match[str]) -> str:
        if match[1] not in values:
            raise Misconfigured(f"migration names an unknown placeholder {{{match[1]}}}")
        return values[match[1]]

    statements = []
    for part in re.split(r";[ \t]*(?:\n|$)", template):
        lines = [line for line in part.splitlines() if not line.startswith("--")]
        wanted = cluster or not any(line.startswith(_CLUSTER_ONLY) for line in part.splitlines())
        if wanted and any(line.strip() for line in lines):
            statements.append(re.sub(r"\{(\w+)\}", fill, "\n".join(lines).strip()))
    return statements


def migrations_pending(settings: ClickHouseSettings, folder: Path = MIGRATIONS) -> list[str]:
    """Returns the labels of the migrations that are not completed on the server, in order.

    Raises:
        Misconfigured: an applied migration was changed afterwards.
        ServiceMissing: nobody answers.
    """
    with connect(settings) as client:
        return [migration.label for migration in _pending(client, settings, load_migrations(folder))]


def migrate(settings: ClickHouseSettings, folder: Path = MIGRATIONS) -> list[str]:
    """Applies what is pending and returns its labels. It is safe to repeat, also after a crash in the middle.

    Raises:
        Misconfigured: an applied migration was changed.
        ServiceMissing: nobody answers.
        Permanent or Transient: the server refuses a statement.
    """
    with connect(settings) as client:
        pending = _pending(client, settings, load_migrations(folder))
        for migration in pending:
            # The first migration creates the table that holds its own state, so nothing can be recorded before it.
            if migration.version > 1:
                _record(client, settings, migration, "started")
            for statement in render(migration.template, settings):
                _run(client, statement, migration.label)
            _record(client, settings, migration, "completed")
        return [migration.label for migration in pending]


def planned_statements(settings: ClickHouseSettings, folder: Path = MIGRATIONS) -> list[str]:
    """Returns the statements that `migrate` would run now."""
    with connect(settings) as client:
        pending = _pending(client, settings, load_migrations(folder))
    return [statement for migration in pending for statement in render(migration.template, settings)]


def _pending(client: Client, settings: ClickHouseSettings, migrations: list[Migration]) -> list[Migration]:
    states = _states(client, settings)
    for migration in migrations:
        state, checksum = states.get(migration.version, ("", migration.checksum))
        if state == "completed" and checksum != migration.checksum:
            raise Misconfigured(
                f"{migration.label} was changed after it was applied: restore the file and put the change into a "
                "new migration"
            )
    return [migration for migration in migrations if states.get(migration.version, ("", ""))[0] != "completed"]


def _states(client: Client, settings: ClickHouseSettings) -> dict[int, tuple[str, str]]:
    try:
        exists = client.query(
            "SELECT count() FROM system.tables WHERE database = {db:String} AND name = 'schema_migrations'",
            parameters={"db": settings.database},
        ).result_rows[0][0]
        if not exists:
            return {}
        rows = client.query(
            f"SELECT version, state, checksum FROM {settings.database}.schema_migrations FINAL"  # noqa: S608 - a checked name
        ).result_rows
    except ClickHouseError as error:
        raise translate(error, "reading the state of migrations", show=True) from None
    return {int(version): (str(state), str(checksum)) for version, state, checksum in rows}


def _record(client: Client, settings: ClickHouseSettings, migration: Migration, state: str) -> None:
    now = datetime.now(UTC)
    # The table keeps the row with the highest `ver`, and doubled, "completed" wins also in the millisecond of
    # "started".
    ver = to_ms(now) * 2 + (state == "completed")
    row = (migration.version, migration.name, migration.checksum, state, now, ver)
    try:
        client.insert(
            "schema_migrations",
            [row],
            column_names=("version", "name", "checksum", "state", "at", "ver"),
            database=settings.database,
            settings={"async_insert": 0, "insert_deduplication_token": f"{migration.label}/{ver}"},
        )
    except ClickHouseError as error:
        raise translate(error, f"recording {migration.label}", show=True) from None


def _run(client: Client, statement: str, label: str) -> None:
    try:
        client.command(statement)
    except ClickHouseError as error:
        raise translate(error, label, show=True) from None
