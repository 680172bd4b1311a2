"""Runs one transaction whose commit is in doubt, and one after it that must be undone, through the real loop."""

import json
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka.admin import AdminClient, NewTopic

from pipeline.errors import EXIT_RESTART
from tests.faults.kafka_lab import Lab
from tests.faults.proxied_broker import Proxy
from tests.faults.torn_agent import SPOILT_ID

KEY = "k1"


@dataclass(frozen=True)
class Seen:
    """Tells what one run showed."""

    ids: list[str]
    """These are the ids of `out`, as a read_committed reader sees them."""
    undone: int
    """Returns the records among them that belong to the transaction that the loop has undone."""
    reasons: list[str]
    """Lists the reasons of renewals, in order."""
    aborts: int
    late: int
    """Aborts because the brokers took too long, which a busy machine adds."""
    restarts: int


class Worker:
    """Runs `torn_agent`, and runs it again whenever it says that it must be restarted."""

    def __init__(self, *words: str) -> None:
        self._command = [sys.executable, "-m", "tests.faults.torn_agent", *words]
        self._stopping = False
        self.restarts = 0
        self._process = subprocess.Popen(self._command, start_new_session=True)
        self._thread = threading.Thread(target=self._keep)
        self._thread.start()

    def _keep(self) -> None:
        while self._process.wait() == EXIT_RESTART and not self._stopping:
            self.restarts += 1
            self._process = subprocess.Popen(self._command, start_new_session=True)

    def close(self) -> None:
        self._stopping = True
        self._process.kill()
        self._thread.join()
        self._process.kill()
        self._process.wait()


def torn(direct: str, proxied: str, proxy: Proxy, folder: Path, *, cut: bool, renewing: bool = True) -> Seen:
    """Sends inputs of one transaction each. The proxy holds the end of the first, and the second is undone once.

    Args:
        direct: the address of the broker.
        proxied: its address through the proxy.
        proxy: the proxy in between.
        folder: empty; takes the worker's notes.
        cut: whether the proxy also closes the connection on which it holds the request.
        renewing: the loop as it is, or, if False, one that believes every answer.
    """
    lab = Lab(direct)
    admin = AdminClient({"bootstrap.servers": direct})
    narrow = NewTopic(f"{lab.name}.narrow", 1, 1, config={"max.message.bytes": "500"})
    for future in admin.create_topics([narrow]).values():
        future.result(30)
    worker = Worker(lab.name, proxied, str(folder), "renewing" if renewing else "trusting")
    try:
        send(lab, "warm")
        lab.wait(lambda: "warm" in ids(lab))
        proxy.arm(f"{lab.name}.out", cut=cut)
        send(lab, "first")
        lab.wait(lambda: "first" in ids(lab))
        send(lab, SPOILT_ID)
        lab.wait(lambda: (folder / "spoilt").exists() and proxy.released)
        send(lab, "third")
        lab.wait(lambda: "third" in ids(lab))
    finally:
        worker.close()
    values = lab.values("out")
    told = [json.loads(line) for line in (folder / "told.jsonl").read_text().splitlines()] if renewing else []
    return Seen(
        [value["id"] for value in values],
        sum(value.get("undone", False) for value in values),
        [line["renewed"] for line in told if "renewed" in line],
        sum("aborted" in line for line in told),
        sum("took so long" in line.get("aborted", "") for line in told),
        worker.restarts,
    )


def send(lab: Lab, name: str) -> None:
    lab.send("a", {"id": name, "k": KEY}, KEY)
    lab.flush()


def ids(lab: Lab) -> list[str]:
    return [value["id"] for value in lab.values("out")]
