"""The people of a simulated day: customers who post, and reps who answer what the committed log offers them.

They write to the input topics and read nothing but committed assignments, as real desktops do.
"""

from dataclasses import dataclass
from math import ceil
from random import Random
from typing import Any

import orjson

from pipeline.adapters.in_memory.kafka.cluster import SimulatedCluster
from pipeline.codec import encode
from pipeline.route.moments import rfc3339
from schemas.policy.queues import Queue
from schemas.policy.rules import TriageRule
from schemas.policy.staffing import Lease
from schemas.topics import ACTIONABLE, ASSIGNMENTS, REPS
from tests import builders

POST = orjson.loads(builders.scored().model_dump_json(exclude_none=True))
SIGNED_IN = orjson.loads(builders.signed_in().model_dump_json(exclude_none=True))
BEAT = orjson.loads(builders.beat().model_dump_json(exclude_none=True))
REQUEST = orjson.loads(builders.accept("c").model_dump_json(exclude_none=True))
QUEUES = (
    Queue(name="care", team="care", offer_timeout_s=8, first_response_s=3600),
    Queue(name="fans", team="social", offer_timeout_s=5, first_response_s=3600),
)
OTHER_QUEUES = (
    Queue(name="vip", team="care", offer_timeout_s=5, first_response_s=3600),
    Queue(name="care", team="social", offer_timeout_s=8, first_response_s=3600),
)
"""Beside the queues above one is new, one has moved to another team, and one is gone."""
BEAT_S = 10.0
"""A desktop that sends heartbeats sends one so often. The lease is the shortest that there is."""
TEAMS = tuple(sorted({queue.team for queue in QUEUES}))
PULSES_S = (0.0, 2.0, 3.0, 4.0)
"""People act at any time, or all together in pulses so far apart, which then share transactions."""


@dataclass(frozen=True)
class Hours:
    """What a day is like. Times are true seconds since its beginning."""

    posts: int = 52
    """So many come to each workspace."""
    posts_s: float = 45.0
    """They come for so long."""
    work_s: float = 75.0
    """Reps work for so long."""
    end_s: float = 140.0
    accepts: float = 0.8
    """Share of the offers that are accepted. Of the rest, half are rejected and half expire."""
    beats: float = 0.9
    """Chance that another heartbeat follows one. A desktop that falls silent is signed out at work."""


SHORT = Hours()


@dataclass
class Rep:
    """A rep and what the desktop knows."""

    rep_id: str
    teams: list[str]
    skills: list[str]
    capacity: int
    seq: int = 0


def queues_of(version: int) -> tuple[Queue, ...]:
    """Returns the queues of a version of the policy."""
    return QUEUES if version % 2 else OTHER_QUEUES


def policy_of(workspace: str, version: int) -> bytes:
    """Returns a version of a policy as it is published."""
    rules = (TriageRule(name="rest", action="respond", queue="care"),)
    policy = builders.policy(
        workspace=workspace,
        version=version,
        queues=queues_of(version),
        oldest_every=3,
        rules=rules,
        missed_offers=2,
        lease=Lease(seconds=30),
    )
    return encode(policy)


class Desk:
    """One workspace.

    Args:
        cluster: whose topics it writes and reads.
        chance: of everything that people do.
        workspace: its name.
        hours: what the day is like.
    """

    def __init__(self, cluster: SimulatedCluster, chance: Random, workspace: str, hours: Hours) -> None:
        self._cluster, self._chance, self._workspace, self._hours = cluster, chance, workspace, hours
        self._pulse_s = chance.choice(PULSES_S)
        self.policy_version = 1
        """By which posts are triaged."""
        self._serial = 0
        self._read = [0] * len(cluster.topics[ASSIGNMENTS.name])
        self._looking = False
        self._reps = {
            rep.rep_id: rep
            for rep in (
                Rep("r0", ["care"], ["es"], 1 + chance.randrange(2)),
                Rep("r1", ["care", "social"], [], 2),
                Rep("r2", ["social"], ["es"], 1 + chance.randrange(3)),
            )
        }
        for rep in self._reps.values():
            self._later(0.1 + chance.random() * 3, self._sign_in, rep)
            if chance.random() < 0.7:
                self._later(3.2, self._beat, rep)
        for number in range(hours.posts):
            self._later(0.5 + chance.random() * hours.posts_s, self._post, number)
        for log in cluster.topics[ASSIGNMENTS.name]:
            log.watchers.append(self._look_soon)

    def _later(self, seconds: float, action: Any, *args: Any) -> None:
        at_s = self._cluster.time.now_s + seconds
        if self._pulse_s:
            at_s = ceil(at_s / self._pulse_s) * self._pulse_s + self._chance.random() * 0.003
        self._cluster.time.call_at(at_s, lambda: action(*args))

    def _post(self, number: int) -> None:
        chance, now = self._chance, rfc3339(self._cluster.clock_ms())
        post = POST | {
            "workspace": self._workspace, "post_id": f"x:p{number}", "text": f"text {number}",
            "created_at": now, "received_at": now,
            "author": {"author_id": f"x:a{chance.randrange(60)}", "handle": "ann"},
            "triage": POST["triage"] | {
                "policy_version": self.policy_version,
                "queue": queues_of(self.policy_version)[chance.random() > 0.7].name,
                "priority": chance.choice([10.0, 50.0, 90.0]),
                "skills": ["es"] if chance.random() < 0.2 else [],
            },
            "source": {"topic": "posts.raw", "partition": 0, "offset": number},
        }  # fmt: skip
        body = orjson.dumps(post | self._in_conversation(number))
        self._append(ACTIONABLE.name, body)
        if chance.random() < 0.05:  # enrich sends at least once
            self._later(chance.random() * 5, self._append, ACTIONABLE.name, body)
        if chance.random() < 0.02:
            self._append(ACTIONABLE.name, body[:-20])

    def _in_conversation(self, number: int) -> dict[str, Any]:
        """Returns what a post is that has to do with an earlier one, which some of them have."""
        chance = self._chance
        earlier = f"x:p{chance.randrange(max(1, number))}"
        kind = chance.choice(("", "", "", "", "reply", "repost", "own", "copy"))
        idle: dict[str, Any] = {
            "action": "none",
            "queue": None,
            "priority": 0.0,
            "skills": [],
            "policy_version": 1,
            "reasons": [],
        }
        if kind == "reply":
            return {"in_reply_to": earlier}
        if kind == "repost":
            return {"repost_of": earlier, "triage": idle}
        if kind == "own":
            return {"in_reply_to": earlier, "own": True, "triage": idle, "author": {"author_id": "x:acme"}}
        if kind == "copy":
            near = {
                "id": f"{chance.randrange(3):016x}",
                "kind": "copy",
                "size": 2,
                "first_seen": POST["created_at"],
            }
            return {"cluster": near}
        return {}

    def _append(self, topic: str, body: bytes) -> None:
        # A desktop's records keep their order, also those that wait for silent brokers.
        at_s = max(self._cluster.time.now_s, self._cluster.brokers.silent_until_s)
        self._cluster.time.call_at(at_s, lambda: self._cluster.append(topic, self._workspace.encode(), body))

    def _event(self, template: dict[str, Any], rep: Rep, **fields: Any) -> None:
        self._serial += 1
        rep.seq += 1
        now = rfc3339(self._cluster.clock_ms())
        body = template | {
            "workspace": self._workspace, "event_id": f"{self._workspace}-{self._serial}", "rep_id": rep.rep_id,
            "seq": rep.seq, "occurred_at": now,
        }  # fmt: skip
        self._append(REPS.name, orjson.dumps(body | fields))

    def _sign_in(self, rep: Rep) -> None:
        self._event(SIGNED_IN, rep, teams=rep.teams, skills=rep.skills, capacity=rep.capacity)

    def _beat(self, rep: Rep) -> None:
        self._event(BEAT, rep)
        if self._cluster.time.now_s < self._hours.work_s and self._chance.random() < self._hours.beats:
            self._later(BEAT_S, self._beat, rep)

    def _look_soon(self) -> None:
        if not self._looking:
            self._looking = True
            self._cluster.time.call_in(0.01 + self._chance.random() * 0.1, self._look)

    def _look(self) -> None:
        self._looking = False
        for number, log in enumerate(self._cluster.topics[ASSIGNMENTS.name]):
            stable = log.stable
            for entry in log.read(self._read[number], stable, committed=True):
                said = orjson.loads(entry.value or b"{}")
                if said["workspace"] == self._workspace:
                    self._react(said)
            self._read[number] = stable

    def _react(self, said: dict[str, Any]) -> None:
        if self._cluster.time.now_s > self._hours.work_s or said.get("update"):
            return
        rep, chance = self._reps[said["rep_id"]], self._chance
        about = {"case_id": said["case_id"], "attempt": said["attempt"]}
        if said["state"] == "offered":
            mood = chance.random()
            if mood < self._hours.accepts:
                self._later(0.2 + chance.random() * 3, self._ask, rep, "offer_accepted", about)
            elif mood < (1 + self._hours.accepts) / 2:
                self._later(0.2 + chance.random() * 3, self._ask, rep, "offer_rejected", about)
        elif said["state"] == "assigned":
            self._later(0.5 + chance.random() * 6, self._ask, rep, "case_resolved", about)
            if chance.random() < 0.2:
                self._later(0.2 + chance.random() * 3, self._ask, rep, *self._other_work(about))
        elif said["reason"] == "timed_out":
            self._later(0.5 + chance.random() * 4, self._sign_in, rep)

    def _other_work(self, about: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Returns what a rep may do with an accepted case besides resolving it."""
        rep_id, queue = self._chance.choice(sorted(self._reps)), self._chance.choice(QUEUES).name
        return self._chance.choice(
            (
                ("reply_sent", about | {"channel": "public"}),
                ("case_held", about),
                ("customer_awaited", about),
                ("consult_started", about | {"with_rep": rep_id}),
                ("case_transferred", about | {"to_queue": queue}),
                ("case_transferred", about | {"to_rep": rep_id, "warm": True}),
                ("case_transferred", about | {"to_rep": rep_id}),
            )
        )

    def _ask(self, rep: Rep, kind: str, about: dict[str, Any]) -> None:
        self._event(REQUEST, rep, type=kind, **about)
