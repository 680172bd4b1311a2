"""A policy that changes while posts stream refuses none of them, and takes the waiting cases along."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.settings import KafkaSettings
from schemas.policy.policy import Policy
from schemas.policy.queues import Queue
from schemas.topics import ACTIONABLE, CASE_EVENTS
from tests.builders import policy, scored, signed_in
from tests.faults.route_lab import RouteLab

pytestmark = pytest.mark.integration
PAUSE_S = 0.01
TEAM_AFTER = {"care": "care", "billing": "money", "fresh": "new", "gone": "care"}


@pytest.fixture
def lab(kafka: KafkaSettings, tmp_path: Path) -> Iterator[RouteLab]:
    made = RouteLab(kafka, tmp_path)
    yield made
    made.close()


def with_queues(lab: RouteLab, version: int, **teams: str) -> Policy:
    queues = tuple(Queue(name=name, team=team) for name, team in teams.items())
    return policy(workspace=lab.workspace, version=version, queues=queues, default_queue="care")


class Load(threading.Thread):
    """Sends posts without end. Each queue gets every fourth.

    From `newer` on they are triaged by version 2, as by an enrich that was told sooner than the router. Those for
    the withdrawn queue were on their way already.
    """

    def __init__(self, lab: RouteLab) -> None:
        super().__init__(daemon=True)
        self._lab = lab
        self.newer, self.ending = threading.Event(), threading.Event()
        self.sent: dict[str, str] = {}
        """Maps each post to its queue."""

    def run(self) -> None:
        while not self.ending.wait(PAUSE_S):
            number, newer = len(self.sent), self.newer.is_set()
            queue = ("care", "billing", "gone", "fresh" if newer else "gone")[number % 4]
            version = 2 if newer and queue != "gone" else 1
            self.sent[f"x:p{number}"] = queue
            self._lab.send(
                scored(
                    f"p{number}", f"a{number}", workspace=self._lab.workspace, queue=queue, policy_version=version
                )
            )


def teams(lab: RouteLab) -> dict[str, str]:
    """Maps the post that opened each case to the team that has the case now."""
    newest = sorted(lab.told(CASE_EVENTS.name, lab.workspace), key=lambda told: int(told.value["seq"]))
    roots = {told.value["case_id"]: told.value["post_id"] for told in newest if told.value["type"] == "queued"}
    return {roots[told.value["case_id"]]: told.value["team"] for told in newest if "team" in told.value}


def test_new_moved_and_withdrawn_queues_refuse_no_post_and_take_the_waiting_cases_along(lab: RouteLab) -> None:
    lab.apply(with_queues(lab, 1, care="care", billing="care", gone="old"))
    lab.start()
    load = Load(lab)
    load.start()
    try:
        lab.wait(lambda: len(lab.events(lab.workspace, "queued")) > 40, "cases wait")
        load.newer.set()
        lab.apply(with_queues(lab, 2, care="care", billing="money", fresh="new"))
        lab.wait(lambda: "new" in teams(lab).values(), "the new queue has cases")
        time.sleep(1)
    finally:
        load.ending.set()
        load.join()
    lab.wait(lambda: len(lab.events(lab.workspace, "queued")) >= len(load.sent), "every post is a case")
    wanted = {post: TEAM_AFTER[queue] for post, queue in load.sent.items()}
    lab.wait(lambda: teams(lab) == wanted, "every case is with the team of its queue")
    assert lab.events(lab.workspace, "refused") == []
    assert lab.dead_letters(lab.workspace) == []
    queued = Counter(event["post_id"] for event in lab.events(lab.workspace, "queued"))
    assert queued == Counter(told.value["post_id"] for told in lab.told(ACTIONABLE.name, lab.workspace))
    before = [event for event in lab.events(lab.workspace, "queued") if event["team"] == "old"]
    assert before, "some cases waited in the withdrawn queue"
    reasons = Counter(event["reason"] for event in lab.events(lab.workspace, "requeued"))
    assert reasons.keys() == {"queue_moved", "queue_gone"}
    lab.send(signed_in("r1", teams=("money",), capacity=100).model_copy(update={"workspace": lab.workspace}))
    moved = sum(team == "money" for team in wanted.values())
    lab.wait(lambda: len(lab.offers(lab.workspace)) == min(100, moved), "the new team is offered the moved cases")
