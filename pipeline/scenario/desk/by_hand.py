"""A desk that a person plays: what is shown of each assignment, and which rep event a typed command becomes.

Commands are words, such as `accept`, `reply 2 public` or `transfer 2 billing`. A number names a case as the desk
shows it. Without one the case is meant of which the desk was told last, of those that the command fits. A command
waits until the router has answered the one before, so that a script may say `accept`, `reply`, `resolve` in a row.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple, get_args
from uuid import uuid4

from pipeline.clock import to_ms
from pipeline.errors import Misconfigured
from pipeline.input_mistakes import did_you_mean
from schemas.cases.case import Assignment, AssignmentState, CaseEvent, CasePost
from schemas.people.casework import (
    CaseHeld,
    CaseResolved,
    CaseResumed,
    CaseTransferred,
    CustomerAwaited,
    OfferAccepted,
    OfferRejected,
    ReplySent,
    WrappedUp,
)
from schemas.people.event import AboutCase
from schemas.people.presence import Heartbeat, PresenceChanged, SignedIn, SignedOut
from schemas.people.rep import AnyRepEvent
from schemas.posts.raw import Visibility
from schemas.posts.scored import Reason

SHOWN_CHARS = 300
"""Characters of each post that are shown."""


class _Verb(NamedTuple):
    """A command about a case."""

    on: AssignmentState
    """The state in which the case must be with the rep."""
    event: Callable[..., AboutCase]
    word: str | None
    """The field that the word after the case goes to, None where there is none."""
    about: str


CASE_COMMANDS: Mapping[str, _Verb] = {
    "accept": _Verb("offered", OfferAccepted, None, "take the offer"),
    "reject": _Verb("offered", OfferRejected, "reason", "do not take it [REASON]"),
    "reply": _Verb("assigned", ReplySent, "channel", "say that you have answered [public|direct]"),
    "resolve": _Verb("assigned", CaseResolved, "outcome", "close the case [OUTCOME]"),
    "wrapped": _Verb("assigned", WrappedUp, None, "say that the paperwork is done"),
    "hold": _Verb("assigned", CaseHeld, None, "wait for somebody else"),
    "await": _Verb("assigned", CustomerAwaited, None, "wait for the customer"),
    "resume": _Verb("assigned", CaseResumed, None, "go on with it"),
    "transfer": _Verb("assigned", CaseTransferred, "to_queue", "give it away QUEUE"),
}
OTHER_COMMANDS: Mapping[str, str] = {
    "list": "show your cases",
    "away": "take no offers",
    "back": "take offers again",
    "quit": "sign out and end",
}


class Person(NamedTuple):
    """The rep whom somebody plays."""

    workspace: str
    rep_id: str
    teams: tuple[str, ...]
    skills: Mapping[str, int]
    """Skill to level."""
    capacity: int


class DeskByHand:
    """The cases of one rep, and the events that the rep sends. It does no input or output.

    Args:
        person: who is played.
        sender: name of the desktop.
        now: tells the time.
    """

    def __init__(self, person: Person, sender: str, now: Callable[[], datetime]) -> None:
        self._person = person
        self._sender = sender
        self._now = now
        self._seq = 0
        self._cases: list[Assignment] = []
        """By the number under which each is shown, less one. The newest record of each case."""
        self._told: list[str] = []
        """The ids of the cases, the one of which the desk was told last at the end."""
        self._asked: str | None = None
        """The case of a command that the router has not answered yet."""

    @property
    def is_waiting(self) -> bool:
        """Whether a command was not answered yet."""
        return self._asked is not None

    def sign_in(self) -> AnyRepEvent:
        """Returns the event with which the work begins."""
        person = self._person
        levels = {name: level for name, level in person.skills.items() if level > 1}
        return SignedIn(
            **self._common(),
            teams=person.teams,
            skills=tuple(person.skills),
            skill_levels=levels,
            capacity=person.capacity,
        )

    def sign_out(self) -> AnyRepEvent:
        """Returns the event with which it ends."""
        return SignedOut(**self._common())

    def heartbeat(self) -> AnyRepEvent:
        """Returns the event that says that the desktop is still there."""
        return Heartbeat(**self._common())

    def take(self, assignment: Assignment) -> list[str]:
        """Takes a record in, and returns the lines that show it; none for another rep's, or for one of before."""
        person = self._person
        if (assignment.workspace, assignment.rep_id) != (person.workspace, person.rep_id):
            return []
        for at, known in enumerate(self._cases):
            if known.case_id == assignment.case_id:
                if _age(assignment) <= _age(known):
                    return []
                self._cases[at] = assignment
                return self._tell(at + 1, assignment)
        self._cases.append(assignment)
        return self._tell(len(self._cases), assignment)

    def hear(self, event: CaseEvent) -> list[str]:
        """Takes an event in, and returns the lines that show it: an answer that counts, or a refused request."""
        person = self._person
        if (event.workspace, event.rep_id) != (person.workspace, person.rep_id):
            return []
        if event.type not in ("replied", "request_refused"):
            return []
        self._answered(event.case_id)
        return [f"refused: {event.reason}" if event.type == "request_refused" else f"replied ({event.reason})"]

    def cases(self) -> list[str]:
        """Returns a line for each case that the rep has or is offered."""
        return [
            f"#{number} {case.state} in {case.queue}, priority {case.priority:.0f}"
            for number, case in enumerate(self._cases, 1)
            if case.state in ("offered", "assigned")
        ] or ["you have no case"]

    def do(self, line: str) -> AnyRepEvent | None:
        """Returns the event that a command becomes; None when no case is there yet that it fits.

        Raises:
            Misconfigured: there is no such command, or its words do not fit.
        """
        verb, *words = line.split()
        if verb in ("away", "back"):
            return PresenceChanged(**self._common(), presence="away" if verb == "away" else "available")
        command = CASE_COMMANDS.get(verb)
        if command is None:
            known = {name: name for name in (*CASE_COMMANDS, *OTHER_COMMANDS)}
            raise Misconfigured(f"there is no command {verb}{did_you_mean(verb, known)}")
        number = None
        if words and words[0].lstrip("#").isdecimal():
            number = int(words.pop(0).lstrip("#"))
        case = None if self.is_waiting else self._case(command.on, number)
        return None if case is None else self._about(verb, command, case, words)

    def _tell(self, number: int, assignment: Assignment) -> list[str]:
        self._answered(assignment.case_id)
        self._told = [case_id for case_id in self._told if case_id != assignment.case_id] + [assignment.case_id]
        return list(_shown(number, assignment))

    def _answered(self, case_id: str) -> None:
        if self._asked == case_id:
            self._asked = None

    def _case(self, state: AssignmentState, number: int | None) -> Assignment | None:
        if number is not None:
            if not 0 < number <= len(self._cases):
                raise Misconfigured(f"there is no case #{number}")
            return self._cases[number - 1]
        fitting = [case for case in self._cases if case.state == state]
        return max(fitting, key=lambda case: self._told.index(case.case_id), default=None)

    def _about(self, verb: str, command: _Verb, case: Assignment, words: list[str]) -> AnyRepEvent:
        said: dict[str, Any] = {}
        if words and command.word is not None:
            said[command.word] = words.pop(0)
        elif verb == "reply":
            said["channel"] = case.channel
        # An unknown channel would count as direct.
        if words or said.get("channel", "public") not in get_args(Visibility):
            raise Misconfigured(f"{verb}: {command.about}")
        try:
            event = command.event(**self._common(), case_id=case.case_id, attempt=case.attempt, **said)
        except ValueError:
            raise Misconfigured(f"{verb}: {command.about}") from None
        self._asked = case.case_id
        return event  # type: ignore[return-value] # each of them is a rep event

    def _common(self) -> dict[str, Any]:
        now = self._now()
        # It grows with the time, also over a restart, and by one within a millisecond.
        self._seq = max(self._seq + 1, to_ms(now))
        return {
            "workspace": self._person.workspace,
            "event_id": str(uuid4()),
            "rep_id": self._person.rep_id,
            "sender": self._sender,
            "seq": self._seq,
            "occurred_at": now,
        }


def _age(assignment: Assignment) -> tuple[int, int, int]:
    states: tuple[AssignmentState, ...] = ("offered", "assigned", "released", "closed")
    return assignment.attempt, states.index(assignment.state), assignment.update


def _shown(number: int, assignment: Assignment) -> Iterator[str]:
    state = f"{assignment.state} ({assignment.reason})"
    if assignment.state not in ("offered", "assigned"):
        yield f"#{number} {state}"
        return
    until = f", until {assignment.expires_at:%H:%M:%S}" if assignment.expires_at else ""
    yield (
        f"#{number} {state} in {assignment.queue}, priority {assignment.priority:.0f}: {assignment.action}, "
        f"answer in {'private' if assignment.channel == 'direct' else 'public'}{until}"
    )
    if assignment.state == "assigned" and not assignment.update:
        return
    for post in assignment.posts:
        yield f"   {_post(post)}"
    for reason in assignment.reasons:
        yield f"   why: {_reason(reason)}"
    for deadline in assignment.deadlines or ():
        if deadline.due_at is not None:
            yield f"   {deadline.kind} due {deadline.due_at:%Y-%m-%d %H:%M:%S} UTC"


def _post(post: CasePost) -> str:
    text = " ".join((post.text or "").split())[:SHOWN_CHARS]
    who = "the brand" if post.own else f"@{post.author.handle}" if post.author.handle else post.author.author_id
    return f"{who}, {'in private' if post.visibility == 'direct' else 'in public'}: {text}"


def _reason(reason: Reason) -> str:
    points = f" ({reason.weight:.0f} points)" if reason.weight else ""
    return f"{reason.code} {reason.detail}".rstrip() + points
