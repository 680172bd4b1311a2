"""What clients are told about themselves."""

import socket

import pytest

from pipeline.adapters.kafka.config import consumer_config, instance_id, member_config
from pipeline.errors import Misconfigured
from pipeline.settings import KafkaSettings, load_settings


def test_a_member_has_a_name_only_where_one_is_set_and_a_reader_never() -> None:
    nameless = KafkaSettings(bootstrap_servers="b:1")
    named = KafkaSettings(bootstrap_servers="b:1", instance_id="route-1")
    assert "group.instance.id" not in member_config(nameless, "g")
    assert member_config(named, "g")["group.instance.id"] == "route-1"
    assert "group.instance.id" not in consumer_config(named, "g"), "it joins no group"


def test_host_in_a_name_is_the_machines_name() -> None:
    assert instance_id(KafkaSettings(instance_id="blue-{host}-1")) == f"blue-{socket.gethostname()}-1"


@pytest.mark.parametrize("name", ["", "two words", "{hostname}", "a/b"])
def test_a_name_that_kafka_would_refuse_is_refused_at_start(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("EARSHOT_KAFKA__INSTANCE_ID", name)
    with pytest.raises(Misconfigured, match="EARSHOT_KAFKA__INSTANCE_ID"):
        load_settings()
