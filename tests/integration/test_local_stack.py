"""The embedded stack: the session's servers are real and empty."""

import clickhouse_connect
import pytest
from confluent_kafka.admin import AdminClient

from pipeline.local.endpoints import Endpoints

pytestmark = pytest.mark.integration


def test_session_fixture_serves_kafka_and_clickhouse(stack: Endpoints) -> None:
    assert AdminClient({"bootstrap.servers": stack.kafka_bootstrap}).list_topics(timeout=10).brokers
    client = clickhouse_connect.get_client(
        dsn=stack.clickhouse_url, username=stack.clickhouse_user, password=stack.clickhouse_password
    )
    assert client.command("SELECT 1") == 1
