"""Plays stories: text files that say what people write and what reps do, and the exact answer of the system.

A story begins with what it shows. Each step is a line of YAML, and the lines below it that begin with `> ` are the
answer. A step has `at`, the time of day, with `day` after the first one, and one of these:

* `post`, a name for it, with `by` and `text`. What the models would say stands beside it (`negative`, `complaint`,
  `pressing`, `intent`), and any field of a post may, with names of posts in place of ids. With `times` so many
  people write it, and the answer says how often each line came.
* `customer`, the customer id, with `of`, the author who is linked to it, and any field of a CustomerLink. From
  then on the answer to a post says what its author is worth and how far the voice carries at least.
* `rep` and `does`, the type of a rep event. `case` is the name of the post that opened the case.

A step with neither is the clock. The words are read, masked and triaged as enrich does it, and a real router
decides. After a change of meaning, run the tests with `STORIES=write` and read the difference in git.
"""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from pipeline.clock import to_ms
from pipeline.enrich.facts import Facts
from pipeline.enrich.outputs import belongs_in_actionable
from pipeline.enrich.preparation import Preparation
from pipeline.enrich.reading.reading import Reading
from pipeline.enrich.received import ReceivedPost
from pipeline.enrich.triage.triage import triage
from pipeline.ports.records import InputRecord
from schemas.base import SourcePosition
from schemas.cases.case import Assignment, CaseEvent
from schemas.people.customer import Customer
from schemas.people.rep import RepEvent
from schemas.policy.policy import Policy
from schemas.posts.raw import RawPost
from schemas.posts.scored import ScoredPost
from schemas.posts.signals import Intent
from schemas.topics import ACTIONABLE, ASSIGNMENTS, CASE_EVENTS, REPS
from tests.builders import at, sentiment
from tests.routers import ALL, live_router

PLATFORM = "chirp"
READ = ("negative", "positive", "complaint", "pressing", "intent")
NAMES = ("in_reply_to", "repost_of", "quote_of", "conversation_id")
AUTHORS = ("in_reply_to_author", "repost_of_author", "quote_of_author")


class Story:
    """One workspace with its policy, its router and the names of its posts.

    Args:
        policy: of the workspace.
        whole: whether all that an offer says is told, or only what its rep reads first.
    """

    def __init__(self, policy: Policy, *, whole: bool = False) -> None:
        self.policy = policy
        self.whole = whole
        self.router = live_router(policy)
        self.customers: dict[str, Customer] = {}
        self.preparation = Preparation(customer_of=lambda _, author_id: self.customers.get(author_id))
        self.offset = 0
        self.seq = 0
        self.cases: dict[str, str] = {}
        """Name of the post that opened a case to its id."""
        self.attempts: dict[str, int] = {}

    def step(self, said: dict[str, Any]) -> Iterator[str]:
        """Yields what follows from one step, a line each."""
        said = dict(said)
        now_ms = _ms(said.pop("at"), said.pop("day", 1))
        before_ms = now_ms - 1 if said else now_ms
        self.router.fire_timers(before_ms, ALL)
        yield from self._outcome()
        times = said.pop("times", None)
        if times is not None:
            yield from self._crowd(said, now_ms, times)
        elif "customer" in said:
            of = f"{PLATFORM}:{said.pop('of')}"
            self.customers[of] = Customer.model_validate({"customer_id": said.pop("customer")} | said)
        elif "post" in said:
            yield from self._post(said, now_ms)
        elif said:
            self._decide(REPS.name, self._event(said, now_ms), now_ms)
        yield from self._outcome()

    def _crowd(self, said: dict[str, Any], now_ms: int, times: int) -> Iterator[str]:
        lines: list[str] = []
        for number in range(times):
            numbered = {"post": f"{said['post']}{number}", "by": f"{said['by']}{number}"}
            lines += self._post(said | numbered, now_ms)
        alike = Counter(re.sub(rf"\b{said['post']}\d+", said["post"], line) for line in [*lines, *self._outcome()])
        yield from (f"{line}, {count:,} times" for line, count in alike.items())

    def _post(self, said: dict[str, Any], now_ms: int) -> Iterator[str]:
        name = said["post"]
        post = self._scored({key: value for key, value in said.items() if key != "post"}, name, now_ms)
        because = next((reason.detail for reason in post.triage.reasons if reason.code == "rule"), None)
        why = f"rule {because}" if because else post.triage.reasons[0].code
        where = f" in {post.triage.queue}, priority {post.triage.priority:.0f}" if post.triage.queue else ""
        skills = f", needs {', '.join(post.triage.skills)}" if post.triage.skills else ""
        yield f"{name}: {post.triage.action}{where}{skills}: {why}"
        if self.customers:
            value = None if post.customer is None else post.customer.value
            worth = "nothing known" if value is None else f"{value:.2f} of 1"
            yield f"  value {worth}, influence at least {post.influence.lower_bound:.0f} of 100"
        if belongs_in_actionable(post):
            self._decide(ACTIONABLE.name, post, now_ms)

    def _scored(self, said: dict[str, Any], name: str, now_ms: int) -> ScoredPost:
        read = {field: said.pop(field) for field in READ if field in said}
        author = {"author_id": f"{PLATFORM}:{said['by']}", "handle": said.pop("by")} | said.pop("author", {})
        fields = {
            field: f"{PLATFORM}:{value}" if field in NAMES + AUTHORS else value for field, value in said.items()
        }
        raw = RawPost.model_validate(
            {"workspace": self.policy.workspace, "post_id": f"{PLATFORM}:{name}", "platform": PLATFORM,
             "author": author, "created_at": at(now_ms - _ms("00:00"))} | fields
        )  # fmt: skip
        source = SourcePosition(topic="posts.raw", partition=0, offset=self.offset)
        received = ReceivedPost(raw, source, now_ms)
        [facts] = self.preparation.prepare([received], {self.policy.workspace: self.policy}, "processing")
        assert isinstance(facts, Facts)
        facts = facts.with_reading(_reading(**read) if raw.text else Reading())
        return ScoredPost(
            **facts.as_fields(), received_at=raw.created_at, source=source, appended_ms=now_ms,
            triage=triage(facts, policy=self.policy, backfill=False),
        )  # fmt: skip

    def _event(self, said: dict[str, Any], now_ms: int) -> Any:
        self.seq += 1
        kind = said.pop("does")
        about: dict[str, Any] = {}
        if "case" in said:
            name = said.pop("case")
            about = {"case_id": self.cases[name], "attempt": self.attempts.get(name, 1)}
        event = {
            "workspace": self.policy.workspace, "event_id": f"e{self.seq}", "rep_id": said.pop("rep"),
            "seq": self.seq, "occurred_at": at(now_ms - _ms("00:00")), "type": kind,
        }  # fmt: skip
        return RepEvent.model_validate(event | about | said).root

    def _decide(self, topic: str, message: Any, now_ms: int) -> None:
        value = message.model_dump_json(exclude_none=True).encode()
        self.offset += 1
        self.router.decide(
            InputRecord(topic, 0, self.offset, self.policy.workspace.encode(), value, now_ms), now_ms
        )

    def _outcome(self) -> Iterator[str]:
        """Yields each step of each case, and under it what its rep gets to know."""
        for output in self.router.decisions().outputs:
            if output.topic == CASE_EVENTS.name:
                yield self._told(CaseEvent.model_validate_json(output.value or b""))
            elif output.topic == ASSIGNMENTS.name:
                said = Assignment.model_validate_json(output.value or b"")
                if self.whole:
                    yield from self._whole(said)
                elif said.state == "offered":
                    yield f"  answer in {_place(said)}: {said.posts[-1].text}"
        self.router.commit()

    def _told(self, event: CaseEvent) -> str:
        if event.type == "queued" and event.post_id is not None:
            self.cases[_name(event.post_id)] = event.case_id
        name = self._case(event.case_id) or _name(event.post_id)
        if event.attempt is not None and name in self.cases:
            self.attempts[name] = event.attempt
        rep = f" {event.rep_id}" if event.rep_id else ""
        place = f" in {event.queue}" if event.type in ("queued", "requeued", "transferred") else ""
        post = _name(event.post_id)
        other = f" {post}" if event.type in ("joined", "refused") and post != name else ""
        return f"  case {name}: {event.type}{rep}{other}{place} ({event.reason})"

    def _case(self, case_id: str) -> str:
        return next((name for name, known in self.cases.items() if known == case_id), "")

    def _whole(self, said: Assignment) -> Iterator[str]:
        if said.state != "offered" or said.update:
            yield f"    {said.rep_id} of {said.team} hears: {said.state} ({said.reason}), {_thread(said)}"
            return
        sender = f" as {_name(said.reply_as)}" if said.reply_as else ""
        how = " on the platform itself" if said.open_on_platform else f" in {_place(said)}"
        yield f"    asks {said.rep_id} to {said.action}{how}{sender} by {_time(said.respond_by)}: {_thread(said)}"
        for post in said.posts:
            led = ", which led" if post.post_id == said.led_by else ""
            yield f"    {_name(post.post_id)} by {post.author.handle or 'nobody known'}{led}: {post.text}"
        why = [reason for reason in said.reasons if reason.code.startswith("route.")]
        read = [f"{one.code} {one.detail}" for one in said.reasons if one not in why]
        yield f"    priority {said.priority:.0f}: {'; '.join(read)}"
        yield f"    why {said.rep_id}: {'; '.join(reason.detail for reason in why)}"
        best = ", ".join(
            f"{one.rep_id} (load {one.load:.2f}, fit {one.fit:.2f})" for one in said.candidates.best or ()
        )
        excluded = "".join(f"; {count} {why}" for why, count in said.candidates.excluded.items())
        yield f"    of {said.candidates.present} present: {best or 'nobody else was looked for'}{excluded}"
        yield from self._beside(said)

    def _beside(self, said: Assignment) -> Iterator[str]:
        clocks = [f"{one.kind} {_time(one.due_at) if one.due_at else 'stands'}" for one in said.deadlines or ()]
        if clocks:
            yield f"    due: {', '.join(clocks)}"
        if said.earlier:
            earlier = [f"{self._case(one.case_id)} in {one.queue} ({one.outcome})" for one in said.earlier]
            yield f"    before: {', '.join(earlier)}"
        if said.related_case:
            yield f"    began in the thread of case {self._case(said.related_case)}"
        if said.from_rep:
            yield f"    handed on by {said.from_rep}"


def _thread(said: Assignment) -> str:
    counts = (("copies", said.copies), ("reposts", said.reposts))
    more = "".join(f", {count:,} {word}" for word, count in counts if count)
    return f"{len(said.posts)} of {said.posts_total:,} posts{more}"


def _place(said: Assignment) -> str:
    return "private" if said.channel == "direct" else "public"


def _name(native_id: str | None) -> str:
    return (native_id or "").partition(":")[2]


def _time(instant: datetime) -> str:
    day = (instant - at()).days + 1
    return f"{f'day {day} ' if day > 1 else ''}{instant:%H:%M:%S}".removesuffix(":00")


def _ms(time: str, day: int = 1) -> int:
    hours, minutes, seconds = map(int, [*time.split(":"), "0"][:3])
    of_day = timedelta(days=day - 1, hours=hours, minutes=minutes, seconds=seconds)
    return to_ms(at()) + of_day // timedelta(milliseconds=1)


def _reading(
    negative: float = 0.1,
    positive: float = 0.1,
    complaint: float = 0.1,
    pressing: float | None = None,
    intent: str | None = None,
) -> Reading:
    label = "negative" if negative >= 0.5 else "positive" if positive >= 0.5 else "neutral"
    share = {"negative": negative, "positive": positive}.get(label, 0.8)
    wants = None if intent is None else Intent(name=intent, confidence=0.9)
    return Reading(sentiment(label, share), 0.01, complaint, intent=wants, pressing=pressing)


def told(path: Path, policy: Policy, *, whole: bool = False) -> tuple[str, str]:
    """Returns a story as it is written, and as it goes by the policy."""
    written = path.read_text(encoding="utf-8")
    head, *lines = [line for line in written.splitlines() if not line.startswith("> ")]
    story = Story(policy, whole=whole)
    goes = [head]
    for line in lines:
        goes.append(line)
        if line.startswith("{"):
            goes += [f"> {answer}" for answer in story.step(YAML(typ="safe").load(line))]
    return written, "\n".join(goes) + "\n"
