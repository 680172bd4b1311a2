"""Writes the engine's own configuration, which says what clients may do.

The engine itself enforces grants and constraints of settings. The few ways out that it leaves are closed in
`closed_names`.
"""

import uuid
from pathlib import Path

PRIVILEGES = (
    "SHOW",
    "SELECT",
    "INSERT",
    "ALTER",
    "CREATE DATABASE",
    "CREATE TABLE",
    "CREATE VIEW",
    "CREATE FUNCTION",
    "CREATE TEMPORARY TABLE",
    "DROP",
    "UNDROP TABLE",
    "TRUNCATE",
    "OPTIMIZE",
    "KILL QUERY",
    "dictGet",
    "SYSTEM FLUSH",
    "SYSTEM MERGES",
    "SYSTEM VIEWS",
)
"""Grants for everything that tables need. There is no source (FILE, URL, S3, MYSQL, ...), dictionary, user, backup
or shutdown among them."""

FIXED_SETTINGS = ("dialect", "format_schema", "format_template_resultset", "format_template_row")
"""Settings that nobody may change. `dialect` would change how SQL is read after it was checked, and the others
name files that the engine opens."""

OVERLAY = "_shell"
"""Default database of the engine, which lays a view of the file system over it. Nobody else uses a database of
that name."""


SYSTEM_DATABASES = ("system", "INFORMATION_SCHEMA", "information_schema", OVERLAY)
"""Databases that only the engine may change. The engine ends, or starts no more, when one of them is gone."""

CHANGES = ("ALTER", "CREATE DATABASE", "CREATE TABLE", "CREATE VIEW", "DROP", "TRUNCATE", "UNDROP TABLE")
"""Grants that are revoked there. A rename needs DROP and CREATE too."""


def write_configuration(folder: Path) -> Path:
    """Writes the engine's configuration and its `default` database below `folder`, and returns the file to start
    with.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    users = folder / "users.xml"
    users.write_text(_users(), encoding="utf-8")
    config = folder / "config.xml"
    config.write_text(
        f"<clickhouse><users_config>{users}</users_config><default_database>{OVERLAY}</default_database>"
        f"<user_scripts_path>{folder / 'none'}</user_scripts_path><timezone>UTC</timezone></clickhouse>\n",
        encoding="utf-8",
    )
    return config


def ensure_default_database(data: Path) -> None:
    """Makes `default` an ordinary database, as on a real server. The engine starts only where that database
    exists."""
    metadata = data / "metadata"
    metadata.mkdir(parents=True, exist_ok=True)
    statement = metadata / "default.sql"
    # The file is written once, so that the database keeps its id over restarts.
    if not statement.exists():
        text = f"ATTACH DATABASE default\nUUID '{uuid.uuid4()}'\nENGINE = Atomic\n"
        statement.write_text(text, encoding="utf-8")
    # The engine makes this link with the first table. If it found the link at a start, it would load `default`
    # twice ("Mapping for table with UUID already exists") and hang. It makes the link anew when it needs it.
    if (metadata / "default").is_symlink():
        (metadata / "default").unlink()


def _users() -> str:
    """Describes one user, `default`, because the engine knows no other when it is embedded. The HTTP server checks
    who may be that user."""
    fixed = "".join(f"<{name}><const/></{name}>" for name in FIXED_SETTINGS)
    revoked = "".join(f"<query>REVOKE {', '.join(CHANGES)} ON {name}.*</query>" for name in SYSTEM_DATABASES)
    return (
        "<clickhouse>\n"
        # Version 26.3 turned async_insert on by default. Here the answer to an insert means that the rows are
        # stored.
        f"<profiles><default><async_insert>0</async_insert><constraints>{fixed}</constraints></default></profiles>\n"
        "<quotas><default/></quotas>\n"
        "<users><default><password></password><networks><ip>::/0</ip></networks>"
        "<profile>default</profile><quota>default</quota>"
        f"<grants><query>GRANT {', '.join(PRIVILEGES)} ON *.*</query>{revoked}</grants></default></users>\n"
        "</clickhouse>\n"
    )
