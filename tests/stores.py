"""Databases of their own for tests, on the session's ClickHouse."""

from uuid import uuid4

from pydantic import SecretStr

from pipeline.local.endpoints import Endpoints
from pipeline.settings import ClickHouseSettings


def own_database(stack: Endpoints, name: str) -> ClickHouseSettings:
    """Returns how to reach a database that nobody else has. It is not made yet, and whoever makes it drops it."""
    return ClickHouseSettings(
        url=stack.clickhouse_url,
        user=stack.clickhouse_user,
        password=SecretStr(stack.clickhouse_password),
        database=f"{name}_{uuid4().hex}",
    )
