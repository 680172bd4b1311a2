"""The desktops that README names, each in its language, work 200 offers on the real stack to the end."""

import json
import signal
import subprocess
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.local.endpoints import Endpoints
from schemas.topics import ASSIGNMENTS, CASE_EVENTS, REPS
from tests.consuming import CONSUMERS, installed, values
from tests.pipeline_lab import PipelineLab

pytestmark = pytest.mark.integration
OFFERS = 200


@pytest.fixture
def lab(stack: Endpoints, tmp_path: Path) -> Iterator[PipelineLab]:
    made = PipelineLab(stack, tmp_path, f"desktops-{uuid.uuid4().hex[:8]}", clock="processing")
    made.prepare()
    yield made
    made.close()


def test_every_language_is_installed_on_the_machine_of_the_long_tests() -> None:
    assert installed() == list(CONSUMERS)


def posts(lab: PipelineLab) -> bytes:
    """Makes complaints of as many people, so each opens a case of its own."""
    made = [
        {
            "workspace": lab.workspace, "post_id": f"chirp:{uuid.uuid4().hex}", "platform": "chirp",
            "author": {"author_id": f"chirp:{n}", "handle": f"someone{n}"},
            "created_at": datetime.now(UTC).isoformat(),
            "text": f"Complete outage, no internet at all since {n} hours, this is a disgrace",
        }
        for n in range(OFFERS)
    ]  # fmt: skip
    return b"".join(json.dumps(post).encode() + b"\n" for post in made)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("language", installed())
def test_a_desktop_works_through_200_offers_and_leaves_nothing_open(
    lab: PipelineLab, stack: Endpoints, language: str
) -> None:
    command = CONSUMERS[language](lab.folder)
    lab.start_all()
    with (lab.folder / "desktop.out").open("wb") as out:
        desktop = subprocess.Popen(
            [*command, stack.kafka_bootstrap, lab.workspace, "ann", "technical"], stdout=out, stderr=out
        )
    try:
        lab.wait(lambda: bool(values(stack, REPS.name, lab.workspace)), 120, "the desktop signs its rep in")
        started = time.monotonic()
        lab.earshot("ingest", "jsonl", "-", feed=posts(lab))

        def states() -> Counter[str]:
            return Counter(record["state"] for record in values(stack, ASSIGNMENTS.name, lab.workspace))

        lab.wait(lambda: states()["closed"] >= OFFERS, 400, "every case was accepted, answered and closed")
        took_s = time.monotonic() - started
        assert states() == {"offered": OFFERS, "assigned": OFFERS, "closed": OFFERS}
    finally:
        desktop.send_signal(signal.SIGTERM)
        desktop.wait(60)
    events = Counter(event["type"] for event in values(stack, CASE_EVENTS.name, lab.workspace))
    assert events == dict.fromkeys(("queued", "offered", "assigned", "replied", "resolved"), OFFERS)
    said = values(stack, REPS.name, lab.workspace)
    assert Counter(event["type"] for event in said) == {
        "signed_in": 1, "offer_accepted": OFFERS, "reply_sent": OFFERS, "case_resolved": OFFERS, "signed_out": 1
    }  # fmt: skip
    assert [event["seq"] for event in said] == sorted(event["seq"] for event in said)
    print(f"{language}: {OFFERS} offers accepted, answered and closed in {took_s:.1f} s")  # noqa: T201
    assert lab.audit()["ok"]
