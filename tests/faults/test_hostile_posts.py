"""Posts that were made to stop a worker cost themselves and nobody else, on the real broker."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.adapters.kafka.reader import read_topic
from pipeline.settings import KafkaSettings
from schemas.dead_letter import decode_headers
from schemas.topics import RAW
from tests.enrich_lab import Raw, environment_of, good, ids, scored, send, wait_for, worker
from tests.faults.planted_worker import PLANTED
from tests.faults.supervised import restarts, supervised

pytestmark = pytest.mark.integration


def given_up(kafka: KafkaSettings, workspace: str) -> dict[bytes | None, str]:
    """Maps the value of each dead letter of a workspace to its code."""
    return {
        message.value(): decode_headers(message.headers()).code
        for message in read_topic(kafka, RAW.dlq.name)
        if (message.key() or b"").startswith(workspace.encode())
    }


def all_scored_but(kafka: KafkaSettings, workspace: str, records: int, planted: dict[int, Raw]) -> bool:
    wanted = {f"x:{number}" for number in range(records)} - {f"x:{number}" for number in planted}
    return set(ids(scored(kafka, workspace))) == wanted and len(given_up(kafka, workspace)) == len(planted)


@pytest.mark.timeout(400)
def test_three_posts_of_65_000_signs_among_400_stop_nothing(
    kafka: KafkaSettings, workspace: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    hostile = {100: "@" * 65_533 + " 1", 101: "@" * 65_000 + "1 2", 300: "212 555 0123 " * 5_000}
    with worker(kafka, tmp_path) as process:
        send(kafka, [good(workspace, 1000)])
        wait_for(lambda: len(scored(kafka, workspace)) == 1, 90)
        started = time.monotonic()
        send(kafka, [good(workspace, number, hostile.get(number)) for number in range(400)])
        wait_for(lambda: len(ids(scored(kafka, workspace))) == 401, 90)
        record_property("seconds until all were scored", round(time.monotonic() - started, 1))
        assert process.poll() is None
    assert given_up(kafka, workspace) == {}


@pytest.mark.timeout(400)
def test_a_post_that_holds_the_interpreter_is_dead_lettered_and_its_neighbours_are_scored(
    kafka: KafkaSettings, workspace: str, tmp_path: Path
) -> None:
    planted = {17: good(workspace, 17, f"please {PLANTED} now")}
    send(kafka, [planted.get(number) or good(workspace, number) for number in range(30)])
    environment = {**environment_of(kafka, tmp_path), "EARSHOT_ENRICH__INFERENCE_TIMEOUT_S": "5"}
    with supervised(["-m", "tests.faults.planted_worker", "30", "quick"], tmp_path, environment):
        wait_for(lambda: all_scored_but(kafka, workspace, 30, planted), 200)
        assert restarts(tmp_path) >= 4, "once in a batch, three times alone"
    assert given_up(kafka, workspace) == {record.value: "stops_worker" for record in planted.values()}
