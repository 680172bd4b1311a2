"""A list of customers is loaded on the real broker: all of it or nothing, and open cases hear of it."""

import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from pipeline.adapters.kafka.config import producer_config
from pipeline.adapters.kafka.links.at_once import publish_at_once
from pipeline.adapters.kafka.links.known import KnownCustomers
from pipeline.adapters.kafka.partitioner import partition_of
from pipeline.adapters.kafka.reader import read_topic
from pipeline.app.customers.asked import LoadRequest, LoadSummary
from pipeline.app.customers.loading import load_customers
from pipeline.clock import SystemClock
from pipeline.codec import encode
from pipeline.ports.records import Record
from pipeline.settings import KafkaSettings
from schemas.cases.case import CaseCurrent
from schemas.topics import CASES, CUSTOMERS, SIGNALS
from tests.builders import at, author
from tests.enrich_lab import wait_for

pytestmark = pytest.mark.integration


@pytest.fixture
def name() -> str:
    return f"crm-{uuid.uuid4().hex[:8]}"


def load(kafka: KafkaSettings, tmp_path: Path, workspace: str, *rows: str, **more: Any) -> LoadSummary:
    path = tmp_path / "crm.csv"
    path.write_text("\n".join(["customer id,x handle,value", *rows]) + "\n", encoding="utf-8")
    request = LoadRequest(str(path), workspace, **more)
    return load_customers(lambda: kafka, request, SystemClock(), lambda _: None)


def links(kafka: KafkaSettings, workspace: str) -> dict[str, Any]:
    """Author id to the customer id that stands now; None where the link was taken back."""
    found: dict[str, Any] = {}
    for message in read_topic(kafka, CUSTOMERS.name):
        of, _, author_id = (message.key() or b"").decode().partition("/")
        if of == workspace:
            found[author_id] = None if message.value() is None else json.loads(message.value())["customer_id"]
    return found


def test_a_list_with_a_mistake_leaves_all_as_it_was(kafka: KafkaSettings, tmp_path: Path, name: str) -> None:
    assert load(kafka, tmp_path, name, "C-1,ann,0.9", "C-2,bo,0.1").sent
    assert not load(kafka, tmp_path, name, "C-3,ann,0.9", "C-4,bo,7").sent
    assert links(kafka, name) == {"x:ann": "C-1", "x:bo": "C-2"}


def test_what_fails_half_way_is_seen_by_nobody(kafka: KafkaSettings, name: str) -> None:
    def records() -> Any:
        yield Record(CUSTOMERS.name, f"{name}/x:ann".encode(), b'{"customer_id": "C-1"}')
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="disk"):
        publish_at_once(kafka, "earshot-customers", records())
    assert links(kafka, name) == {}


def test_a_list_that_replaces_takes_back_what_it_lacks_and_touches_no_other_workspace(
    kafka: KafkaSettings, tmp_path: Path, name: str
) -> None:
    other = f"{name}-2"
    load(kafka, tmp_path, other, "C-9,ann,0.9")
    load(kafka, tmp_path, name, "C-1,ann,0.9", "C-2,bo,0.1")
    assert load(kafka, tmp_path, name, "C-1,ann,0.9").taken_back == 0
    assert links(kafka, name)["x:bo"] == "C-2"
    done = load(kafka, tmp_path, name, "C-1,ann,0.9", replace=True)
    assert (done.links, done.taken_back) == (1, 1)
    assert links(kafka, name) == {"x:ann": "C-1", "x:bo": None}
    assert links(kafka, other) == {"x:ann": "C-9"}


def test_a_worker_knows_the_links_of_the_partitions_that_it_owns(
    kafka: KafkaSettings, tmp_path: Path, name: str
) -> None:
    rows = [f"C-{number},a{number},0.5" for number in range(40)]
    load(kafka, tmp_path, name, *rows)
    owned: set[int] = {0}

    def home(key: bytes) -> int:
        return partition_of(key, 4)

    def known_as(number: int) -> str | None:
        found = known.customer_of(name, f"x:a{number}")
        return None if found is None else found.customer_id

    known = KnownCustomers(kafka, lambda: owned, home, lambda: pytest.fail("the links were not read"))
    known.start()
    try:
        by_home = {home(f"{name}/x:a{number}".encode()): number for number in range(40)}
        assert sorted(by_home) == [0, 1, 2, 3]
        # Also of a partition that is owned only now.
        owned.add(2)
        assert [known_as(by_home[partition]) for partition in (0, 2)] == [f"C-{by_home[0]}", f"C-{by_home[2]}"]
        assert known.customer_of(name, "x:nobody") is None
        kept = [one for one in rows if one != rows[by_home[0]]]
        load(kafka, tmp_path, name, *kept, replace=True)
        wait_for(lambda: known_as(by_home[0]) is None, 30)
        owned.discard(2)
        # What was given away and comes back is as the topic has it now.
        load(kafka, tmp_path, name, f"D-1,a{by_home[2]},0.5")
        owned.add(2)
        wait_for(lambda: known_as(by_home[2]) == "D-1", 30)
    finally:
        known.close()


def test_a_record_that_is_no_link_links_nobody_and_stops_nothing(kafka: KafkaSettings, name: str) -> None:
    producer = Producer(producer_config(kafka))
    producer.produce(CUSTOMERS.name, key=f"{name}/x:ann", value=b"{")
    producer.produce(CUSTOMERS.name, key=f"{name}/x:bo", value=b'{"workspace": "acme"}')
    producer.flush(30)
    known = KnownCustomers(
        kafka,
        lambda: {0, 1, 2, 3},
        lambda key: partition_of(key, 4),
        lambda: pytest.fail("the links were not read"),
    )
    known.start()
    try:
        assert known.customer_of(name, "x:ann") is None
        assert known.customer_of(name, "x:bo") is None
    finally:
        known.close()


def test_open_cases_hear_of_a_value_that_has_changed(kafka: KafkaSettings, tmp_path: Path, name: str) -> None:
    case = CaseCurrent(
        workspace=name, case_id="0" * 8 + "-0000-5000-8000-" + "0" * 12, state="waiting", queue="q", team="t",
        priority=10, attempt=0, root_post_id="x:1", author=author("ann"), posts_total=1, queued_at=at(),
        respond_by=at(), updated_at=at(), event_seq=0,
    )  # fmt: skip
    producer = Producer(producer_config(kafka))
    producer.produce(CASES.name, key=case.case_id.encode(), value=encode(case))
    producer.flush(30)
    try:
        assert load(kafka, tmp_path, name, "C-1,ann,0.9", "C-2,bo,0.9").signals == 1
        assert load(kafka, tmp_path, name, "C-1,ann,0.8", "C-2,bo,0.8").signals == 0
        assert load(kafka, tmp_path, name, "C-2,bo,0.8", replace=True).signals == 1
        told = [json.loads(message.value()) for message in read_topic(kafka, SIGNALS.name)]
        mine = [(one["author_id"], one["kind"], one["step"]) for one in told if one["workspace"] == name]
        assert mine == [("x:ann", "value", 4), ("x:ann", "value", -4)]
    finally:
        producer.produce(CASES.name, key=case.case_id.encode(), value=None)
        producer.flush(30)
