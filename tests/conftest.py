"""Provides the fixtures that every kind of test shares, which are the real Kafka and the real ClickHouse."""

import atexit
import fcntl
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import settings

from pipeline.adapters.kafka.admin import ensure_topics
from pipeline.local.endpoints import Endpoints
from pipeline.local.stack import down, up
from pipeline.settings import KafkaSettings, load_settings
from schemas.topics import all_topics
from tests.enrich_lab import new_workspace

# No test asserts wall-clock speed, because what is slow on a busy machine is not wrong.
settings.register_profile("earshot", deadline=None)
settings.load_profile("earshot")


@pytest.fixture(scope="session")
def stack() -> Iterator[Endpoints]:
    """Runs Kafka (one broker) and ClickHouse, which are empty at the start of the session.

    With EARSHOT_KAFKA__BOOTSTRAP_SERVERS and EARSHOT_CLICKHOUSE__URL set, these real servers are used instead.
    """
    settings = load_settings()
    if settings.kafka.bootstrap_servers and settings.clickhouse.url:
        clickhouse = settings.clickhouse
        yield Endpoints(
            settings.kafka.bootstrap_servers,
            settings.clickhouse.url,
            clickhouse.user,
            clickhouse.password.get_secret_value(),
            clickhouse.reader_user,
            clickhouse.reader_password.get_secret_value() if clickhouse.reader_password else "",
        )
        return
    base = Path(tempfile.gettempdir()) / f"earshot-tests-{os.getuid()}"
    _sweep(base)
    state_dir = base / str(uuid.uuid4())
    state_dir.mkdir(parents=True)
    with _owner(state_dir):
        # This also runs when pytest is interrupted in a way that skips teardown. A second call finds nothing to
        # stop.
        atexit.register(down, state_dir, wipe=True, grace_s=0)
        try:
            yield up(state_dir, brokers=1)
        finally:
            down(state_dir, wipe=True, grace_s=0)
            shutil.rmtree(state_dir)


@pytest.fixture(scope="session")
def kafka(stack: Endpoints) -> KafkaSettings:
    """Returns the settings of the real Kafka, which has every topic of the contract."""
    settings = KafkaSettings(bootstrap_servers=stack.kafka_bootstrap)
    ensure_topics(settings, all_topics())
    return settings


@pytest.fixture
def workspace(kafka: KafkaSettings) -> str:
    """Returns a workspace of the test's own, with a policy that sends smoke and questions to a queue."""
    return new_workspace(kafka)


@contextmanager
def _owner(state_dir: Path) -> Iterator[None]:
    """Holds a lock as long as this test run lives. The kernel frees it when the run is killed."""
    with (state_dir / "owner.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


def _sweep(base: Path) -> None:
    """Ends the stacks that killed test runs left behind."""
    for folder in base.glob("*/"):
        try:
            with _owner(folder):
                down(folder, wipe=True, grace_s=0)
                shutil.rmtree(folder)
        except BlockingIOError:
            continue  # its run still lives
