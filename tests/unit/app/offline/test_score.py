"""Posts that are scored offline know the engagement of the lines before them, and never their own."""

import json
from datetime import timedelta
from typing import Any

import pytest

from pipeline.adapters.in_memory.model import KeywordSentiment
from pipeline.app.offline.score import Counts, Known, score_lines
from pipeline.enrich.preparation import Preparation
from pipeline.enrich.score import Scorer
from pipeline.errors import Permanent
from pipeline.ingest.lines import Line
from schemas.posts.scored import Influence
from tests.builders import at


def post(name: str, hours: float, by: str = "ann", **over: Any) -> dict[str, Any]:
    return {
        "type": "post", "workspace": "acme", "post_id": f"x:{name}", "platform": "x", "text": f"words of {name}",
        "author": {"author_id": f"x:{by}", "followers": 100}, "created_at": when(hours),
    } | over  # fmt: skip


def engagement(of: str, hours: float, count: int, kind: str = "like", **over: Any) -> dict[str, Any]:
    return {
        "type": "engagement", "workspace": "acme", "engagement_id": f"{of}-{kind}-{hours}", "post_id": f"x:{of}",
        "target_author_id": "x:ann", "kind": kind, "mode": "counter", "count": count, "created_at": when(hours),
    } | over  # fmt: skip


def when(hours: float) -> str:
    return (at() + timedelta(hours=hours)).isoformat()


def scored(*lines: dict[str, Any], counts: Counts | None = None) -> list[Influence]:
    known = Known()
    preparation = Preparation(customer_of=known.customer_of)
    found = score_lines(
        [Line(number, json.dumps(line).encode()) for number, line in enumerate(lines, 1)],
        name="posts.jsonl",
        scorer=Scorer(KeywordSentiment(), 1e9, "event", preparation=preparation),
        known=known,
        policies={},
        batch_size=8,
        workspace=None,
        counts=counts or Counts(),
        refuse=lambda line, reason: pytest.fail(f"{line}: {reason}"),
    )
    return [one.influence for one in found]


def test_a_post_is_scored_before_its_own_counters_are_known() -> None:
    loud: dict[str, Any] = {"metrics": {"likes": 5000}}
    first, second = scored(post("1", 0, **loud), post("2", 30, **loud))
    assert (first.confidence, first.parts) == (0, None)
    assert second.confidence == pytest.approx(0.5, abs=0.01)
    assert second.score > first.score + 20
    assert second.parts is not None
    assert second.parts.engagement == pytest.approx(5000, rel=0.01)


def test_counters_that_come_on_lines_of_their_own_mean_the_same() -> None:
    inside = scored(post("1", 0, metrics={"likes": 40, "reposts": 2}), post("2", 30))
    counts = Counts()
    beside = scored(
        post("1", 0), engagement("1", 24, 40), engagement("1", 24, 2, "repost"), post("2", 30), counts=counts
    )
    assert beside == inside
    assert (counts.posts, counts.engagements) == (2, 2)


def test_who_answers_or_passes_on_a_post_engages_its_author() -> None:
    answers = [post(f"r{n}", 1, f"fan{n}", in_reply_to="x:1", in_reply_to_author="x:ann") for n in range(3)] + [
        post(f"s{n}", 2, f"pal{n}", repost_of="x:1", repost_of_author="x:ann") for n in range(3)
    ]
    quiet = scored(post("1", 0), post("2", 30))[-1]
    heard = scored(post("1", 0), *answers, post("2", 30))[-1]
    assert heard.parts is not None
    assert heard.parts.engagement == pytest.approx(3 * 1.5 + 3 * 2, abs=0.05)
    assert heard.score > quiet.score


def test_an_event_of_a_connector_and_the_post_that_shows_it_count_once() -> None:
    reply = post("r", 1, "bob", in_reply_to="x:1", in_reply_to_author="x:ann")
    told = engagement("1", 1, 1, "reply", mode="event", engagement_id="x:r/reply", actor_id="x:bob")
    assert scored(post("1", 0), told, reply, post("2", 30))[-1] == scored(post("1", 0), reply, post("2", 30))[-1]


def test_where_a_file_has_counters_of_a_network_silence_means_that_nobody_reacted() -> None:
    others = engagement("9", 1, 50, target_author_id="x:bob")
    silent = scored(others, post("1", 2), post("2", 30))[-1]
    unknown = scored(post("1", 2), post("2", 30))[-1]
    assert silent.score < unknown.score
    assert unknown.confidence == 0


def test_an_anonymous_author_neither_has_influence_nor_gives_any() -> None:
    hidden = {"author_id": "x:ann", "anonymous": True, "followers": 10**6}
    reply = post("r", 1, "eve", in_reply_to="x:1", in_reply_to_author="x:ann")
    reply["author"]["anonymous"] = True
    first, _, last = scored(post("1", 0), reply, post("2", 30, author=hidden))
    assert last == Influence(score=0, confidence=0, lower_bound=0)
    assert scored(post("1", 0), reply, post("3", 30))[-1] == first


def test_a_bad_line_of_engagement_is_named() -> None:
    refused: list[Permanent] = []
    lines = [Line(1, json.dumps(engagement("1", 0, -1)).encode())]
    known = Known()
    assert not list(
        score_lines(
            lines, name="f", scorer=Scorer(KeywordSentiment(), 1e9, "event"), known=known, policies={},
            batch_size=8, workspace=None, counts=Counts(), refuse=lambda _, reason: refused.append(reason),
        )
    )  # fmt: skip
    assert [(one.code, one.field) for one in refused] == [("invalid_field", "count")]
    assert known.rows == {}
