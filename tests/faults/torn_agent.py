"""Runs a worker whose second transaction is undone once, and which may be told to believe every answer.

It runs as `python -m tests.faults.torn_agent NAME BOOTSTRAP FOLDER renewing|trusting`. It appends what the loop
tells to `FOLDER/told.jsonl`. `FOLDER/spoilt` marks that the transaction was spoilt, also for a worker that comes
after it.
"""

import json
import secrets
import sys
from pathlib import Path

from msgspec.structs import replace

from pipeline.adapters.kafka.transactional.late_requests import DoubtRule, Verdict
from pipeline.adapters.kafka.transactional.producer import doubt_rule
from pipeline.ports.decider import Decisions
from pipeline.ports.records import Record
from pipeline.settings import KafkaSettings
from tests.faults.counting_agent import Counting, Quiet, run

SPOILT_ID = "second"


class Trusting(DoubtRule):
    """Believes every answer, as the loop would without the renewal."""

    def verdict(self, now_s: float) -> Verdict:
        return Verdict.CLEAR


class SpoiltOnce(Counting):
    """Lets the first transaction with `SPOILT_ID` hold a record that its topic refuses, so that it must be
    undone.
    """

    def __init__(self, name: str, folder: Path) -> None:
        super().__init__(f"{name}.out")
        self._narrow = f"{name}.narrow"
        self._mark = folder / "spoilt"

    def decisions(self) -> Decisions:
        decided = super().decisions()
        bodies = [json.loads(output.value or b"") for output in decided.outputs]
        if all(body["id"] != SPOILT_ID for body in bodies):
            return decided
        first = not self._mark.exists()
        self._mark.touch()
        marked = [
            replace(output, value=json.dumps(body | {"undone": first}).encode())
            for output, body in zip(decided.outputs, bodies, strict=True)
        ]
        refused = [Record(self._narrow, b"k", secrets.token_bytes(5000))] if first else []
        return Decisions((*marked, *refused), decided.changes)


class Telling(Quiet):
    """Writes down renewals and aborts."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "told.jsonl"

    def renewed(self, partition: int, reason: str, seconds: float) -> None:
        self._tell({"renewed": reason, "seconds": seconds})

    def aborted(self, partition: int, reason: str) -> None:
        self._tell({"aborted": reason})

    def _tell(self, what: dict[str, object]) -> None:
        with self._file.open("a") as file:
            file.write(json.dumps(what) + "\n")


def main(name: str, bootstrap: str, folder: Path, belief: str) -> None:
    """Runs one worker until SIGTERM."""
    # Half of it, 2 s, is the time after which a request counts as unanswered.
    kafka = KafkaSettings(bootstrap_servers=bootstrap, session_timeout_ms=6000, transaction_timeout_ms=4000)
    make_doubt = doubt_rule if belief == "renewing" else lambda _: Trusting(60.0, 60.0, 60.0)
    run(name, kafka, lambda _: SpoiltOnce(name, folder), Telling(folder), make_doubt)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), sys.argv[4])
