"""README, "Consuming assignments": the Python desktop that it names, on the real topics, with a real router."""

import json
import os
import re
import subprocess
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from confluent_kafka import Producer

from pipeline.adapters.kafka.config import producer_config
from pipeline.codec import encode
from pipeline.local.endpoints import Endpoints
from pipeline.settings import KafkaSettings
from schemas.people.casework import OfferAccepted
from schemas.people.presence import SignedIn
from schemas.topics import ASSIGNMENTS, CASE_EVENTS, REPS
from tests.consuming import CONSUMERS, EXAMPLES, python, values
from tests.pipeline_lab import ROOT, PipelineLab

pytestmark = pytest.mark.integration
REP = "ann"


@pytest.fixture
def lab(stack: Endpoints, tmp_path: Path) -> Iterator[PipelineLab]:
    made = PipelineLab(stack, tmp_path, f"consume-{uuid.uuid4().hex[:8]}", clock="processing")
    made.prepare()
    yield made
    made.close()


def send(stack: Endpoints, workspace: str, event: SignedIn | OfferAccepted) -> None:
    producer = Producer(producer_config(KafkaSettings(bootstrap_servers=stack.kafka_bootstrap)))
    producer.produce(REPS.name, encode(event), workspace.encode())
    assert producer.flush(30) == 0


def one_post(lab: PipelineLab) -> bytes:
    post = {
        "workspace": lab.workspace, "post_id": f"chirp:{uuid.uuid4().hex}", "platform": "chirp",
        "author": {"author_id": "chirp:77", "handle": "someone"}, "created_at": datetime.now(UTC).isoformat(),
        "text": "Complete outage, no internet at all since this morning, this is a disgrace",
    }  # fmt: skip
    return json.dumps(post).encode() + b"\n"


def over_before(lab: PipelineLab, stack: Endpoints) -> str:
    """Puts an offer of yesterday to the same rep on the topic, as a new desktop finds them; returns its case."""
    example = json.loads((ROOT / "schemas/published/examples/assignments/v1/valid/offered.json").read_text())
    case = str(uuid.uuid4())
    over = example | {"workspace": lab.workspace, "rep_id": REP, "case_id": case}
    producer = Producer(producer_config(KafkaSettings(bootstrap_servers=stack.kafka_bootstrap)))
    producer.produce(ASSIGNMENTS.name, json.dumps(over).encode(), case.encode())
    assert producer.flush(30) == 0
    return case


def test_the_readme_names_every_example() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for path in sorted(EXAMPLES.glob("*[cC]onsume*")):
        assert f"(deploy/examples/{path.name})" in readme
    assert set(CONSUMERS) == {"python", "node", "java"}


@pytest.mark.timeout(180)
def test_the_python_desktop_works_through_an_offer_and_a_stale_accept_is_refused(
    lab: PipelineLab, stack: Endpoints
) -> None:
    lab.start_all()
    old_case = over_before(lab, stack)
    with (lab.folder / "consumer.out").open("wb") as out:
        command = [*python(lab.folder), stack.kafka_bootstrap, lab.workspace, REP, "technical"]
        consumer = subprocess.Popen(command, stdout=out)
    try:
        lab.wait(lambda: bool(values(stack, REPS.name, lab.workspace)), 60, "the desktop signs its rep in")
        lab.earshot("ingest", "jsonl", "-", feed=one_post(lab))

        def states() -> list[str]:
            made = values(stack, ASSIGNMENTS.name, lab.workspace)
            return [record["state"] for record in made if record["case_id"] != old_case]

        lab.wait(lambda: "closed" in states(), 90, "the case was accepted, answered and closed")
        assert states() == ["offered", "assigned", "closed"]
        offer = next(o for o in values(stack, ASSIGNMENTS.name, lab.workspace) if o["case_id"] != old_case)
        late = OfferAccepted(
            workspace=lab.workspace, event_id="late-1", rep_id=REP, seq=99, occurred_at=datetime.now(UTC),
            case_id=offer["case_id"], attempt=offer["attempt"],
        )  # fmt: skip
        send(stack, lab.workspace, late)
        lab.wait(
            lambda: any(e["type"] == "request_refused" for e in values(stack, CASE_EVENTS.name, lab.workspace)),
            60, "a stale accept is answered",
        )  # fmt: skip
        assert states() == ["offered", "assigned", "closed"], "a stale accept changes nothing"
        printed = [line.split() for line in (lab.folder / "consumer.out").read_text().splitlines()]
        assert [line[:3] for line in printed] == [[state, REP, offer["case_id"]] for state in states()]
    finally:
        consumer.terminate()
        consumer.wait(30)
    said = values(stack, REPS.name, lab.workspace)
    assert [event["type"] for event in said if event.get("sender")] == [
        "signed_in", "offer_accepted", "reply_sent", "case_resolved", "signed_out"
    ], "nothing about what was over before it came"  # fmt: skip


@pytest.mark.timeout(240)
def test_a_router_that_was_down_fires_no_offer_timeout_over_accepts_that_wait_unread(
    lab: PipelineLab, stack: Endpoints
) -> None:
    policy = lab.folder / "acme.yaml"
    text = re.sub(r"offer_timeout_s: \d+", "offer_timeout_s: 20", policy.read_text()).replace(
        "version: 1\n", "version: 2\n"
    )
    policy.write_text(text.replace("schema_version: 2", "schema_version: 1"))
    lab.earshot("policy", "apply", str(policy))
    lab.start_all("--workers", "route=0")
    router = lab.start("run", "route")
    now = datetime.now(UTC)
    teams = ("technical", "billing", "care", "engage")
    signed_in = SignedIn(workspace=lab.workspace, event_id="in-1", rep_id=REP, seq=0, occurred_at=now, teams=teams)
    send(stack, lab.workspace, signed_in)
    lab.earshot("ingest", "jsonl", "-", feed=one_post(lab))
    lab.wait(lambda: bool(values(stack, ASSIGNMENTS.name, lab.workspace)), 90, "an offer")
    router.kill()
    router.wait()
    offer = values(stack, ASSIGNMENTS.name, lab.workspace)[0]
    accept = OfferAccepted(
        workspace=lab.workspace, event_id="accept-1", rep_id=REP, seq=1, occurred_at=datetime.now(UTC),
        case_id=offer["case_id"], attempt=offer["attempt"],
    )  # fmt: skip
    send(stack, lab.workspace, accept)
    time.sleep(float(os.environ.get("TEST_DOWN_S", "22")))
    # A post of long after the deadline waits on the other input: it must not overtake the accept.
    lab.earshot("ingest", "jsonl", "-", feed=one_post(lab))
    time.sleep(2)
    lab.start("run", "route")
    lab.wait(lambda: len(values(stack, ASSIGNMENTS.name, lab.workspace)) >= 2, 60, "the router goes on")
    time.sleep(3)
    first_case = [r for r in values(stack, ASSIGNMENTS.name, lab.workspace) if r["case_id"] == offer["case_id"]]
    # The post of the same author joins the case, of which its rep hears by an update.
    assert [record["state"] for record in first_case if not record.get("update")] == ["offered", "assigned"]
    events = {event["type"] for event in values(stack, CASE_EVENTS.name, lab.workspace)}
    assert "timed_out" not in events
