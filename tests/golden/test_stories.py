"""Stories: what the example policies make of posts, from the words to the rep, step by step.

`stories/<name>.txt` begins with what it shows. Each step is a line of YAML, and the lines below it that begin with
`> ` are the exact answer. A step has `at`, the time of day, and one of these:

* `post`, a name for it, with `by` and `text`. What the models would say stands beside it (`negative`, `complaint`,
  `pressing`, `intent`), and any field of a post may, with names of posts in place of ids.
* `rep` and `does`, the type of a rep event. `case` is the name of the post that opened the case.

A step with neither is the clock. The words are read, masked and triaged as enrich does it, and a real router
decides. After a change of meaning, run the tests with `STORIES=write` and read the difference in git.
"""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pipeline.adapters.yaml.policy_file import load_policy
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
from schemas.people.rep import RepEvent
from schemas.policy.policy import Policy
from schemas.posts.raw import RawPost
from schemas.posts.scored import ScoredPost
from schemas.posts.signals import Intent
from schemas.topics import ACTIONABLE, ASSIGNMENTS, CASE_EVENTS, REPS
from tests.builders import at, sentiment
from tests.routers import ALL, live_router

FOLDER = Path(__file__).parent / "stories"
POLICIES = Path(__file__).parents[2] / "deploy/policies"
PLATFORM = "chirp"
READ = ("negative", "positive", "complaint", "pressing", "intent")
NAMES = ("in_reply_to", "repost_of", "quote_of", "conversation_id")


class Story:
    """One workspace with its policy, its router and the names of its posts."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.router = live_router(policy)
        self.preparation = Preparation()
        self.offset = 0
        self.seq = 0
        self.cases: dict[str, str] = {}
        """Name of the post that opened a case to its id."""
        self.attempts: dict[str, int] = {}

    def step(self, said: dict[str, Any]) -> Iterator[str]:
        """Yields what follows from one step, a line each."""
        said = dict(said)
        now_ms = _ms(said.pop("at"))
        before_ms = now_ms - 1 if said else now_ms
        self.router.fire_timers(before_ms, ALL)
        yield from self._outcome()
        if "post" in said:
            yield from self._post(said, now_ms)
        elif said:
            self._decide(REPS.name, self._event(said, now_ms), now_ms)
        yield from self._outcome()

    def _post(self, said: dict[str, Any], now_ms: int) -> Iterator[str]:
        name = said["post"]
        post = self._scored({key: value for key, value in said.items() if key != "post"}, name, now_ms)
        because = next((reason.detail for reason in post.triage.reasons if reason.code == "rule"), None)
        why = f"rule {because}" if because else post.triage.reasons[0].code
        where = f" in {post.triage.queue}, priority {post.triage.priority:.0f}" if post.triage.queue else ""
        skills = f", needs {', '.join(post.triage.skills)}" if post.triage.skills else ""
        yield f"{name}: {post.triage.action}{where}{skills}: {why}"
        if belongs_in_actionable(post):
            self._decide(ACTIONABLE.name, post, now_ms)

    def _scored(self, said: dict[str, Any], name: str, now_ms: int) -> ScoredPost:
        read = {field: said.pop(field) for field in READ if field in said}
        author = {"author_id": f"{PLATFORM}:{said['by']}", "handle": said.pop("by")} | said.pop("author", {})
        fields = {field: f"{PLATFORM}:{value}" if field in NAMES else value for field, value in said.items()}
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
        case = said.pop("case", None)
        about = {} if case is None else {"case_id": self.cases[case], "attempt": self.attempts[case]}
        event = {
            "workspace": self.policy.workspace, "event_id": f"e{self.seq}", "rep_id": said.pop("rep"),
            "seq": self.seq, "occurred_at": at(now_ms - _ms("00:00")), "type": said.pop("does"),
        }  # fmt: skip
        return RepEvent.model_validate(event | about | said).root

    def _decide(self, topic: str, message: Any, now_ms: int) -> None:
        value = message.model_dump_json(exclude_none=True).encode()
        self.offset += 1
        self.router.decide(
            InputRecord(topic, 0, self.offset, self.policy.workspace.encode(), value, now_ms), now_ms
        )

    def _outcome(self) -> Iterator[str]:
        """Yields each step of each case, and under an offer what its rep reads first."""
        for output in self.router.decisions().outputs:
            if output.topic == CASE_EVENTS.name:
                yield self._told(CaseEvent.model_validate_json(output.value or b""))
            elif output.topic == ASSIGNMENTS.name:
                offer = Assignment.model_validate_json(output.value or b"")
                if offer.state == "offered":
                    where = "private" if offer.channel == "direct" else "public"
                    yield f"  answer in {where}: {offer.posts[-1].text}"
        self.router.commit()

    def _told(self, event: CaseEvent) -> str:
        if event.type == "queued" and event.post_id is not None:
            self.cases[event.post_id.partition(":")[2]] = event.case_id
        names = {case_id: name for name, case_id in self.cases.items()}
        name = names.get(event.case_id, (event.post_id or "").partition(":")[2])
        if event.attempt is not None and name in self.cases:
            self.attempts[name] = event.attempt
        rep = f" {event.rep_id}" if event.rep_id else ""
        place = f" in {event.queue}" if event.type in ("queued", "requeued") else ""
        post = (event.post_id or "").partition(":")[2]
        other = f" {post}" if event.type in ("joined", "refused") and post != name else ""
        return f"  case {name}: {event.type}{rep}{other}{place} ({event.reason})"


def _ms(time: str) -> int:
    hours, minutes, seconds = map(int, [*time.split(":"), "0"][:3])
    of_day = timedelta(hours=hours, minutes=minutes, seconds=seconds)
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


def told(path: Path) -> tuple[str, str]:
    """Returns a story as it is written, and as it goes."""
    written = path.read_text(encoding="utf-8")
    head, *lines = [line for line in written.splitlines() if not line.startswith("> ")]
    story = Story(load_policy(POLICIES / f"{path.stem}.yaml").value)
    goes = [head]
    for line in lines:
        goes.append(line)
        if line.startswith("{"):
            goes += [f"> {answer}" for answer in story.step(YAML(typ="safe").load(line))]
    return written, "\n".join(goes) + "\n"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.txt")), ids=lambda path: path.stem)
def test_a_story_goes_as_agreed(path: Path) -> None:
    written, goes = told(path)
    if os.environ.get("STORIES") == "write":
        path.write_text(goes, encoding="utf-8")
    assert goes == written


def test_each_example_policy_has_its_story() -> None:
    examples = {path.stem for path in POLICIES.glob("*.yaml") if not path.stem.startswith("acme")}
    assert examples == {path.stem for path in FOLDER.glob("*.txt")}
