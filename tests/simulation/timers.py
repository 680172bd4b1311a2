"""What must hold of every timer, by the logs alone: each fires once, not early, and before all that comes later.

A timer is overtaken when a record that is later than its time is decided first. How slow a machine is makes no
difference to that, so it holds to the millisecond.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from tests.simulation.history import History, Written, ms_of
from tests.simulation.policies import CARE, RINGS

TIMER_BOUND_MS = 4_000
"""A timer that is due fires so soon while nothing is wrong: polls of an idle simulated consumer take up to 0.64 s,
and `now` follows the clock once the ends of the inputs are confirmed."""
CLOCKS = ("first_response", "next_response", "resolution", "reply_window")
ENDS = ("no_reply", "no_follow_up", "idle")
"""Reasons of what ends because nobody has written for too long."""
NO_MESSAGE = ("copy", "repost", "deleted")
"""Posts that join a case without a word of its customer or of the brand."""
MADE_UP_FOR = ("offered", "assigned", "requeued", "rescheduled")
"""Steps without a cause that no timer of the case has led to."""


def each_timer_once(history: History) -> Iterator[str]:
    fired: Counter[tuple[object, ...]] = Counter()
    caused: dict[str, int] = {}
    for event in _steps(history):
        body = event.body
        name = body["case_id"], body["type"], body["reason"]
        if body.get("cause") is not None:
            caused[body["case_id"]] = body["seq"]
        elif body.get("deadline") is not None:
            fired[*name, body["deadline"]["due_at"]] += 1
        elif body["type"] not in MADE_UP_FOR:
            fired[*name, body.get("attempt"), body.get("ring"), caused.get(body["case_id"])] += 1
    yield from (f"timer {timer} fired {count} times" for timer, count in fired.items() if count > 1)


def no_timer_early_or_overtaken(history: History) -> Iterator[str]:
    offers = {
        (said.body["case_id"], said.body["attempt"]): ms_of(said.body["expires_at"])
        for said in history.assignments
        if said.body["state"] == "offered" and not said.body.get("update")
    }
    values = {(said.key, said.body["event_seq"]): said.body for said in history.cases if said.body is not None}
    cases: dict[str, _Case] = defaultdict(_Case)
    for event in _steps(history):
        case_id = event.body["case_id"]
        case = cases[case_id]
        yield from (f"{case_id}: {said}" for said in case.meet(event.body))
        case.follow(event.body, offers.get((case_id, event.body.get("attempt", 0))))
        case.stand(values.get((case_id, event.body["seq"])))
    for case_id, case in cases.items():
        for name, due_ms in case.due_ms.items():
            late_ms = history.end_ms - due_ms
            if late_ms > TIMER_BOUND_MS and not history.clock_jumped:
                yield f"{case_id}: {name} has not fired {late_ms} ms after its time"


class _Case:
    """The timers of one case, as they follow from its steps and the policy."""

    def __init__(self) -> None:
        self.due_ms: dict[str, int] = {}
        self._entered_ms = self._taken_ms = self._active_ms = 0
        self._owed_ms: int | None = None
        self._is_answered = False
        self._state: str | None = None
        self._over: str | None = None
        """The end of the window of replies that was told last."""

    def meet(self, step: dict[str, Any]) -> Iterator[str]:
        """Yields the timers that the step comes too late for, or that it is too early for."""
        at_ms, is_timer = ms_of(step["at"]), step.get("cause") is None
        if step["type"] == "breached" and at_ms < ms_of(step["deadline"]["due_at"]):
            yield f"{step['reason']} was breached early, at {step['at']}"
        if (
            step["type"] == "wrapped_up"
            and step["reason"] == "time_over"
            and at_ms < self.due_ms.get("wrap_up", 0)
        ):
            yield f"it was wrapped up early, at {step['at']}"
        if step["reason"] in ENDS and at_ms < self.due_ms.get(step["reason"], at_ms + 1):
            yield f"{step['reason']} came early, at {step['at']}"
        if step["type"] == "reply_window_ended" and at_ms < ms_of(step["deadline"]["due_at"]):
            yield f"the window of replies ended early, at {step['at']}"
        for name, due_ms in self.due_ms.items():
            if not is_timer and at_ms > due_ms:
                yield f"step {step['seq']} ({step['type']}) overtook {name} by {at_ms - due_ms} ms"

    def follow(self, step: dict[str, Any], expires_ms: int | None) -> None:
        """Notes which timers the case has after the step."""
        due_ms, at_ms, state = self.due_ms, ms_of(step["at"]), step.get("state")
        if step["type"] == "breached":
            due_ms.pop(step["reason"], None)
        elif step["type"] == "reply_window_ended":
            self._over = step["deadline"]["due_at"]
            due_ms.pop("reply_window", None)
        elif step.get("cause") is not None or state is None:
            # It may have stopped or moved any clock. What is written at the end of the transaction tells.
            self._forget_clocks()
        if state != "offered":
            due_ms.pop("offer", None)
        elif step["type"] == "offered" and expires_ms is not None:
            due_ms["offer"] = expires_ms
        if state != "wrapping":
            due_ms.pop("wrap_up", None)
        elif step["type"] == "wrapping":
            due_ms["wrap_up"] = at_ms + 1000 * CARE.wrap_up_s
        # A transfer to a rep does not begin the rings anew, and a queue of another policy may have others. Both
        # only make what is said here late.
        if step["type"] in ("queued", "transferred", "reopened", "requeued"):
            self._entered_ms = at_ms
        due_ms.pop("ring", None)
        ring = step.get("ring", 0)
        if state == "waiting" and step["queue"] == CARE.name and ring < len(RINGS):
            due_ms["ring"] = max(at_ms, self._entered_ms + 1000 * RINGS[ring].after_s)
        self._follow_messages(step, at_ms)
        self._state = state
        for name in ENDS:
            due_ms.pop(name, None)
        if step["queue"] == CARE.name:
            due_ms.update(self._silence(state))

    def _follow_messages(self, step: dict[str, Any], at_ms: int) -> None:
        type_, reason = step["type"], step["reason"]
        if type_ == "queued" or (type_ == "reopened" and step["state"] == "waiting"):
            self._owed_ms, self._is_answered = at_ms, False
        elif type_ == "reopened":
            self._owed_ms = at_ms  # by the post that joins with the next step
        elif type_ == "wrapping":
            self._owed_ms = None
        elif type_ == "assigned" or self._begins_anew(type_):
            self._taken_ms = at_ms
        elif type_ == "replied" and reason != "same_reply":
            self._owed_ms, self._is_answered, self._active_ms = None, True, at_ms
        elif type_ == "joined" and reason not in NO_MESSAGE:
            self._active_ms = at_ms
            if reason != "own_reply" and self._owed_ms is None:
                self._owed_ms = at_ms

    def _begins_anew(self, type_: str) -> bool:
        """Whether a rep who goes on has the whole time again, and silence after a hold begins anew."""
        if type_ == "awaiting":
            return self._owed_ms is None and self._state == "held"
        if type_ == "held":
            return self._owed_ms is not None and self._state == "awaiting"
        return type_ == "resumed" and (self._owed_ms is None or self._state == "awaiting")

    def _silence(self, state: str | None) -> dict[str, int]:
        """Returns when the case is taken back or resolved, by the reason."""
        if self._owed_ms is not None and state in ("assigned", "held"):
            reason, limit_s = (
                ("no_follow_up", CARE.follow_up_within_s)
                if self._is_answered
                else ("no_reply", CARE.reply_within_s)
            )
            return {reason: max(self._owed_ms, self._taken_ms) + 1000 * (limit_s or 0)}
        if self._owed_ms is None and self._is_answered and state in ("assigned", "awaiting"):
            return {"idle": max(self._active_ms, self._taken_ms) + 1000 * (CARE.idle_s or 0)}
        return {}

    def stand(self, value: dict[str, Any] | None) -> None:
        """Takes the deadlines that `cases.current` names after a step."""
        if value is None:
            return
        self._forget_clocks()
        for deadline in value.get("deadlines", ()):
            is_told = deadline["kind"] == "reply_window" and deadline["due_at"] == self._over
            if is_told or (deadline["kind"] == "reply_window" and value["state"] == "wrapping"):
                continue
            if deadline.get("due_at") is not None and deadline.get("breached_at") is None:
                self.due_ms[deadline["kind"]] = ms_of(deadline["due_at"])

    def _forget_clocks(self) -> None:
        for name in CLOCKS:
            self.due_ms.pop(name, None)


def _steps(history: History) -> Iterator[Written]:
    """Yields the steps of the cases, each case's in order."""
    steps = (event for event in history.events if event.body.get("queue") is not None)
    yield from sorted(steps, key=lambda event: (event.body["case_id"], event.body["seq"]))
