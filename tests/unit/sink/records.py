"""Records as the sink reads them."""

from pydantic import BaseModel

from pipeline.codec import encode
from pipeline.ports.records import InputRecord
from schemas.cases.case import Assignment, Candidates, CaseEvent, CasePost
from schemas.posts.scored import Influence, Reason
from schemas.topics import ASSIGNMENTS, CASE_EVENTS, SCORED
from tests.builders import START_MS, WORKSPACE, at, author, sentiment

TOPIC_OF: dict[type[BaseModel], str] = {Assignment: ASSIGNMENTS.name, CaseEvent: CASE_EVENTS.name}


def record(message: BaseModel, offset: int = 0, *, append_ms: int = START_MS + 500) -> InputRecord:
    topic = TOPIC_OF.get(type(message), SCORED.name)
    return InputRecord(topic, 0, offset, b"key", encode(message), append_ms)


def case_event(seq: int = 0, **over: object) -> CaseEvent:
    fields: dict[str, object] = {
        "workspace": WORKSPACE,
        "event_id": f"event-{seq}",
        "case_id": "case-1",
        "seq": seq,
        "type": "queued",
        "at": at(seq),
        "reason": "complaint",
        "policy_version": 1,
    }
    return CaseEvent.model_validate(fields | over)


def assignment(state: str = "offered", **over: object) -> Assignment:
    fields: dict[str, object] = {
        "workspace": WORKSPACE,
        "assignment_id": f"assignment-{state}",
        "case_id": "case-1",
        "attempt": 1,
        "state": state,
        "reason": "matched",
        "rep_id": "r1",
        "queue": "care",
        "team": "care",
        "platform": "x",
        "author": author(),
        "posts": (
            CasePost(
                post_id="x:p1",
                revision=0,
                author=author(),
                text="words that stay out",
                created_at=at(),
                visibility="public",
            ),
        ),
        "posts_total": 1,
        "sentiment": sentiment(),
        "influence": Influence(score=10.0, confidence=0.0, lower_bound=5.0),
        "priority": 42.0,
        "action": "respond",
        "channel": "public",
        "reasons": (Reason(code="rule.complaint", detail="", weight=1.0),),
        "candidates": Candidates(eligible=2, present=3, excluded={"capacity": 1}),
        "queued_at": at(1000),
        "decided_at": at(3500),
        "respond_by": at(60_000),
        "policy_version": 1,
        "trace_started_at": at(),
    }
    return Assignment.model_validate(fields | over)
