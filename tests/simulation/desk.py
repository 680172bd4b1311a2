"""The people of a simulated day: customers who post, and reps who answer what the committed log offers them.

They write to the input topics and read nothing but committed assignments, as real desktops do. They live in a
`Town`, which may be simulated or have real brokers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from random import Random
from typing import Any, Protocol

import orjson

from pipeline.route.moments import rfc3339
from schemas.people.casework import CasePicked
from schemas.topics import ACTIONABLE, REPS
from tests import builders
from tests.simulation.policies import QUEUES, SHELF, queues_of

POST = orjson.loads(builders.scored().model_dump_json(exclude_none=True))
SIGNED_IN = orjson.loads(builders.signed_in().model_dump_json(exclude_none=True))
BEAT = orjson.loads(builders.beat().model_dump_json(exclude_none=True))
SIGNED_OUT = orjson.loads(builders.signed_out().model_dump_json(exclude_none=True))
PICK = orjson.loads(builders.tell(CasePicked, case_id="c").model_dump_json(exclude_none=True))
REQUEST = orjson.loads(builders.accept("c").model_dump_json(exclude_none=True))
BEAT_S = 10.0
"""A desktop that sends heartbeats sends one so often. The lease is the shortest that there is."""
BACK_S = 45.0
"""A desktop that fell silent is back so much later. A lease is granted for a third longer than the policy says."""
LATE_MS = 60_000
"""A post is received up to so long before triage is done with it, so that its deadlines are near."""
LONG_MS = 6_000
"""A rep means to go on with a held case within this time."""
WINDOWS_S = (None, 15, None, 3_615)
"""So long after a post its platform takes an answer. It is told an hour before that this ends."""
DIRECT = 0.2
"""Share of the posts that are private messages."""
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
    leaves_s: float = 60.0
    """A rep leaves for some seconds after so long, more or less."""
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


class Town(Protocol):
    """Where people live: what the time is, and how what they write comes to the brokers."""

    @property
    def now_s(self) -> float:
        """Seconds since the beginning of the day."""
        ...

    def clock_ms(self) -> int:
        """Returns what a clock on the wall says, in milliseconds since the epoch."""
        ...

    def call_at(self, at_s: float, action: Callable[[], object]) -> None:
        """Calls `action` at that time of the day."""
        ...

    def append(self, topic: str, workspace: str, body: bytes) -> None:
        """Sends a record. Those of one workspace keep their order, also while brokers are silent."""
        ...


class Desk:
    """One workspace.

    Args:
        town: where it is.
        chance: of everything that people do.
        workspace: its name.
        hours: what the day is like.
    """

    def __init__(self, town: Town, chance: Random, workspace: str, hours: Hours) -> None:
        self._town, self._chance, self._workspace, self._hours = town, chance, workspace, hours
        self._pulse_s = chance.choice(PULSES_S)
        self.policy_version = 1
        """By which posts are triaged."""
        self._serial = 0
        self._posted = 0
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
            self._later(hours.leaves_s * (0.5 + chance.random()), self._leave, rep)
        for _ in range(hours.posts):
            self._later(0.5 + chance.random() * hours.posts_s, self.post)

    def _later(self, seconds: float, action: Any, *args: Any) -> None:
        at_s = self._town.now_s + seconds
        if self._pulse_s:
            at_s = ceil(at_s / self._pulse_s) * self._pulse_s + self._chance.random() * 0.003
        self._town.call_at(at_s, lambda: action(*args))

    def post(self) -> None:
        """Lets a customer write a post."""
        chance, now_ms, number = self._chance, self._town.clock_ms(), self._posted
        self._posted += 1
        now = rfc3339(now_ms)
        post = POST | {
            "workspace": self._workspace, "post_id": f"x:p{number}", "text": f"text {number}",
            "created_at": now, "received_at": rfc3339(now_ms - chance.randrange(LATE_MS)),
            "author": {"author_id": f"x:a{chance.randrange(60)}", "handle": "ann"},
            "visibility": "direct" if chance.random() < DIRECT else "public",
            "triage": POST["triage"] | {
                "policy_version": self.policy_version,
                "queue": self._queue(),
                "priority": chance.choice([10.0, 50.0, 90.0]),
                "skills": ["es"] if chance.random() < 0.2 else [],
            },
            "source": {"topic": "posts.raw", "partition": 0, "offset": number},
        }  # fmt: skip
        if (window_s := WINDOWS_S[number % len(WINDOWS_S)]) is not None:
            post["reply"] = {"allowed": True, "until": rfc3339(now_ms + 1000 * window_s)}
        body = orjson.dumps(post | self._in_conversation(number))
        self._append(ACTIONABLE.name, body)
        if chance.random() < 0.05:  # enrich sends at least once
            self._later(chance.random() * 5, self._append, ACTIONABLE.name, body)
        if chance.random() < 0.02:
            self._append(ACTIONABLE.name, body[:-20])

    def _queue(self) -> str:
        """Returns the queue of a post."""
        return self._chance.choices(queues_of(self.policy_version), (60, 28, 12))[0].name

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
        self._town.append(topic, self._workspace, body)

    def _event(self, template: dict[str, Any], rep: Rep, **fields: Any) -> None:
        self._serial += 1
        rep.seq += 1
        now = rfc3339(self._town.clock_ms())
        body = template | {
            "workspace": self._workspace, "event_id": f"{self._workspace}-{self._serial}", "rep_id": rep.rep_id,
            "seq": rep.seq, "occurred_at": now,
        }  # fmt: skip
        self._append(REPS.name, orjson.dumps(body | fields))

    def _sign_in(self, rep: Rep) -> None:
        self._event(SIGNED_IN, rep, teams=rep.teams, skills=rep.skills, capacity=rep.capacity)

    def _leave(self, rep: Rep) -> None:
        """Signs a rep out for a while."""
        if self._town.now_s < self._hours.work_s:
            self._event(SIGNED_OUT, rep)
            self._later(1 + self._chance.random() * 5, self._sign_in, rep)
            self._later(self._hours.leaves_s * (0.5 + self._chance.random()), self._leave, rep)

    def _beat(self, rep: Rep) -> None:
        self._event(BEAT, rep)
        if self._town.now_s >= self._hours.work_s:
            return
        if self._chance.random() < self._hours.beats:
            self._later(BEAT_S, self._beat, rep)
        else:
            # It comes back when its lease is over.
            self._later(BACK_S, self._sign_in, rep)
            self._later(BACK_S + 0.1, self._beat, rep)

    def hear(self, said: dict[str, Any]) -> None:
        """Lets a rep react to a committed record of `assignments`."""
        if self._town.now_s > self._hours.work_s:
            return
        if said.get("update"):
            self._look_again(said)
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

    def see(self, case: dict[str, Any]) -> None:
        """Lets a rep perhaps pick a case of which `cases.current` says how it stands."""
        is_there = case["queue"] == SHELF.name and case["state"] == "waiting"
        if is_there and self._town.now_s < self._hours.work_s and self._chance.random() < 0.9:
            rep = self._reps[self._chance.choice(("r0", "r1", "r2", "r2"))]
            self._later(0.2 + self._chance.random() * 4, self._pick, rep, case["case_id"])

    def _pick(self, rep: Rep, case_id: str) -> None:
        self._event(PICK, rep, case_id=case_id)

    def _look_again(self, said: dict[str, Any]) -> None:
        """Lets a rep go on with a case of which something new is said."""
        about = {"case_id": said["case_id"], "attempt": said["attempt"]}
        if said.get("case_state") == "wrapping" and self._chance.random() < 0.4:
            self._later(
                0.2 + self._chance.random() * 4, self._ask, self._reps[said["rep_id"]], "wrapped_up", about
            )
        elif said.get("case_state") == "assigned":
            # It may have been resolved before its customer wrote again.
            self._later(
                2 + self._chance.random() * 6, self._ask, self._reps[said["rep_id"]], "case_resolved", about
            )

    def _other_work(self, about: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Returns what a rep may do with an accepted case besides resolving it."""
        rep_id, queue = self._chance.choice(sorted(self._reps)), self._chance.choice(QUEUES).name
        until = rfc3339(self._town.clock_ms() + self._chance.randrange(LONG_MS))
        return self._chance.choice(
            (
                ("reply_sent", about | {"channel": "public"}),
                ("case_held", about),
                ("case_held", about | {"until": until}),
                ("customer_awaited", about),
                ("consult_started", about | {"with_rep": rep_id}),
                ("case_transferred", about | {"to_queue": queue}),
                ("case_transferred", about | {"to_rep": rep_id, "warm": True}),
                ("case_transferred", about | {"to_rep": rep_id}),
            )
        )

    def _ask(self, rep: Rep, kind: str, about: dict[str, Any]) -> None:
        self._event(REQUEST, rep, type=kind, **about)
