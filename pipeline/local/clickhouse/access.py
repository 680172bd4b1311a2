"""What the embedded ClickHouse engine lets its clients do, as its own configuration.

In: the server's data folder. Out: the files that the engine reads at start. The engine itself enforces grants
and setting constraints; the few doors that it leaves open are closed in `doors`.
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
"""Everything that tables need; no source (FILE, URL, S3, MYSQL, ...), no dictionary, user, backup, shutdown."""

FIXED_SETTINGS = ("dialect", "format_schema", "format_template_resultset", "format_template_row")
"""`dialect` would change how SQL is read after it was checked; the others name files that the engine opens."""

OVERLAY = "_shell"
"""The engine lays a view of the file system over its default database; so that is one that nobody uses."""


SYSTEM_DATABASES = ("system", "INFORMATION_SCHEMA", "information_schema", OVERLAY)
"""The engine ends, or starts no more, when one of them is gone; nobody but the engine changes them."""

CHANGES = ("ALTER", "CREATE DATABASE", "CREATE TABLE", "CREATE VIEW", "DROP", "TRUNCATE", "UNDROP TABLE")
"""What is not allowed there; a rename needs DROP and CREATE too."""


def write_configuration(folder: Path) -> Path:
    """Writes the engine's configuration and its `default` database below `folder`; returns the file to start with.

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
    """Makes `default` an ordinary database, as on a real server; the engine starts only where it exists."""
    metadata = data / "metadata"
    metadata.mkdir(parents=True, exist_ok=True)
    statement = metadata / "default.sql"
    if not statement.exists():
        text = f"ATTACH DATABASE default\nUUID '{uuid.uuid4()}'\nENGINE = Atomic\n"
        statement.write_text(text, encoding="utf-8")
    # The engine makes this link with the first table, and on finding it again would load `default` twice
    # ("Mapping for table with UUID already exists") and hang. It makes it anew when it needs it.
    if (metadata / "default").is_symlink():
        (metadata / "default").unlink()


def _users() -> str:
    """One user, `default`: the engine knows no other when embedded; the HTTP server checks who may be it."""
    fixed = "".join(f"<{name}><const/></{name}>" for name in FIXED_SETTINGS)
    revoked = "".join(f"<query>REVOKE {', '.join(CHANGES)} ON {name}.*</query>" for name in SYSTEM_DATABASES)
    return (
        "<clickhouse>\n"
        # 26.3 turned async_insert on by default; here the answer to an insert means that the rows are stored.
        f"<profiles><default><async_insert>0</async_insert><constraints>{fixed}</constraints></default></profiles>\n"
        "<quotas><default/></quotas>\n"
        "<users><default><password></password><networks><ip>::/0</ip></networks>"
        "<profile>default</profile><quota>default</quota>"
        f"<grants><query>GRANT {', '.join(PRIVILEGES)} ON *.*</query>{revoked}</grants></default></users>\n"
        "</clickhouse>\n"
    )
