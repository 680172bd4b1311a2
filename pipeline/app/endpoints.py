"""Finds Kafka and ClickHouse in the settings, or on the embedded stack when the settings name none."""

from pydantic import SecretStr

from pipeline.errors import ServiceMissing
from pipeline.local.endpoints import read_endpoints
from pipeline.settings import Settings

_REMEDY = "start the embedded stack with `earshot local up`, or set "


def resolve(settings: Settings, *, kafka: bool = True, clickhouse: bool = False) -> Settings:
    """Returns the settings with concrete addresses of the services that are asked for.

    Raises:
        ServiceMissing: an address is not set and no embedded stack is known in `state_dir`.
    """
    need_kafka = kafka and settings.kafka.bootstrap_servers is None
    need_clickhouse = clickhouse and settings.clickhouse.url is None
    if not (need_kafka or need_clickhouse):
        return settings
    # The file of the embedded stack is read only now. With all addresses set there may be none.
    endpoints = read_endpoints(settings.state_dir)
    if endpoints is None:
        variable = "EARSHOT_KAFKA__BOOTSTRAP_SERVERS" if need_kafka else "EARSHOT_CLICKHOUSE__URL"
        raise ServiceMissing(f"no address is known: {_REMEDY}{variable}")
    changes: dict[str, object] = {}
    if need_kafka:
        changes["kafka"] = settings.kafka.model_copy(update={"bootstrap_servers": endpoints.kafka_bootstrap})
    if need_clickhouse:
        changes["clickhouse"] = settings.clickhouse.model_copy(
            update={
                "url": endpoints.clickhouse_url,
                "user": endpoints.clickhouse_user,
                "password": SecretStr(endpoints.clickhouse_password),
                "reader_user": endpoints.clickhouse_reader_user,
                "reader_password": SecretStr(reader) if (reader := endpoints.clickhouse_reader_password) else None,
            }
        )
    return settings.model_copy(update=changes)
