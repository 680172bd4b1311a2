"""While the broker is away, every stage shows it in time, says little, loses nothing and comes back."""

import time
from pathlib import Path

import pytest

from tests.broker_lab import STAGES, broker_lab, looking

pytestmark = pytest.mark.integration


@pytest.mark.timeout(600)
def test_a_stopped_broker_is_shown_by_every_stage_and_nothing_is_lost(tmp_path: Path) -> None:
    with broker_lab(tmp_path, "away") as lab:
        posts = lab.generated(300, hours=1)
        lab.start_all()
        lab.start_desk()
        with looking(lab) as looks:
            lab.wait(lambda: all(looks.readyz(stage)[0] == 200 for stage in STAGES), what="all are ready")
            assert {looks.value(stage, "broker_answers") for stage in STAGES} == {1.0}
            lab.start("ingest", "jsonl", str(posts), "--speed", "180")
            lab.wait(lambda: (looks.value("sink", "rows_inserted_total") or 0) > 0, what="posts flow")
            silent_s = time.time()
            lab.silence("TERM")
            lab.wait(
                lambda: all(looks.value(stage, "broker_answers") == 0.0 for stage in STAGES)
                and all("no Kafka broker has answered" in looks.readyz(stage)[1] for stage in STAGES),
                timeout_s=120, what="every stage says that no broker answers",
            )  # fmt: skip
            assert {looks.value(stage, "ready") for stage in STAGES} == {0.0}
            lab.wait(lambda: all(lab.events(stage, "no_broker_answers", silent_s) for stage in STAGES))
            lines = {stage: len([1 for at_s, _ in lab.lines(stage) if at_s >= silent_s]) for stage in STAGES}
            lab.end_silence("TERM")
            lab.wait(
                lambda: all(looks.readyz(stage)[0] == 200 for stage in STAGES),
                timeout_s=240, what="all are ready again",
            )  # fmt: skip
            assert lab.events("sink", "a_broker_answers_again", silent_s)
        # Without the filter enrich alone writes some 65 a second.
        assert max(lines.values()) <= 15, lines
        assert "no Kafka broker has answered" in (lab.folder / "ingest-jsonl.log").read_text()
        assert lab.audit()["ok"]
