"""Messages as rows."""

from typing import Any

import pytest

from pipeline.clock import from_ms
from pipeline.errors import Permanent
from pipeline.ports.records import InputRecord
from pipeline.sink.columns import Source, Table
from pipeline.sink.tables.cases import ASSIGNMENTS, CASE_EVENTS
from pipeline.sink.tables.posts import POSTS, REFUSED_POSTS, too_old
from schemas.base import SourcePosition
from schemas.posts.raw import PostMetrics
from schemas.posts.scored import Language
from schemas.posts.signals import Cluster, Intent, PersonalData, Spam, Span, TopicHit
from tests.builders import START_MS, at, author, scored, sentiment, triage
from tests.unit.sink.records import assignment, case_event

RECORD = InputRecord("posts.scored", 3, 77, b"key", b"{}", START_MS + 500)
SOURCE = Source(RECORD, at(1000))


def row(table: Table[Any], message: Any) -> dict[str, object]:
    return dict(zip(table.names, table.row(message, SOURCE), strict=True))


def test_a_post_keeps_its_raw_position_its_own_position_and_its_version() -> None:
    message = scored(source=SourcePosition(topic="posts.raw", partition=1, offset=9), revision=2)
    values = row(POSTS, message)
    assert (values["raw_topic"], values["raw_partition"], values["raw_offset"]) == ("posts.raw", 1, 9)
    assert (values["_topic"], values["_partition"], values["_offset"]) == ("posts.scored", 3, 77)
    assert values["ver"] == message.ver == (2 << 42) | START_MS
    assert values["appended_at"] == at()
    assert values["scored_at"] == at(500)
    assert values["inserted_at"] == at(1000)


def test_the_signals_of_a_post_are_columns() -> None:
    german = Language(code="de", confidence=0.75)
    weak = sentiment().model_copy(update={"weak": True})
    values = row(POSTS, scored(priority=70.0, offence=0.0, complaint=0.8, language=german, sentiment=weak))
    assert (values["language"], values["language_confidence"], values["sentiment_weak"]) == ("de", 0.75, True)
    assert (values["sentiment"], values["p_negative"]) == ("negative", 0.9)
    assert (values["offence"], values["complaint"]) == (0.0, 0.8)
    assert (values["action"], values["queue"], values["priority"]) == ("respond", "care", 70.0)
    assert values["reason_codes"] == ["rule.complaint"]
    assert values["reason_weights"] == [0.5]


def test_absent_numbers_are_null_never_zero_and_absent_texts_are_empty() -> None:
    values = row(POSTS, scored(text=None, title="t", sentiment=None, triage=triage("none")))
    for name in (
        "author_followers",
        "author_verified",
        "rating",
        "likes",
        "views",
        "p_negative",
        "offence",
        "complaint",
        "language_confidence",
        "influence_percentile",
    ):
        assert values[name] is None, name
    for name in (
        "text",
        "place",
        "in_reply_to",
        "repost_of",
        "url",
        "lang",
        "language",
        "queue",
        "sentiment_model",
    ):
        assert values[name] == "", name
    assert (values["sentiment"], values["sentiment_weak"]) == ("unread", False)


def test_zero_that_was_stated_stays_zero() -> None:
    values = row(POSTS, scored(author=author(followers=0, verified=False), metrics=PostMetrics(likes=0)))
    assert (values["author_followers"], values["author_verified"], values["likes"]) == (0, False, 0)
    assert values["views"] is None


def test_an_edit_changes_revision_and_version_and_nothing_of_the_key() -> None:
    first, edited = scored(), scored(revision=1, text="better words", appended_ms=START_MS - 1)
    before, after = row(POSTS, first), row(POSTS, edited)
    assert [before[name] for name in POSTS.key] == [after[name] for name in POSTS.key]
    assert edited.ver > first.ver, "even when an older record was appended later"
    assert after["text"] == "better words"


def test_a_deletion_hides_the_post_and_does_not_repeat_its_words() -> None:
    values = row(POSTS, scored(deleted=True, text="regretted", title="regretted", appended_ms=START_MS + 1))
    assert values["is_deleted"] == 1
    assert values["text"] == values["title"] == ""
    assert values["ver"] == scored().ver + 1


def test_an_event_of_a_case_is_keyed_by_its_id() -> None:
    values = row(CASE_EVENTS, case_event(3, post_id="x:p1", revision=0, priority=0.0))
    assert CASE_EVENTS.key == ("workspace", "case_id", "event_id")
    assert (values["seq"], values["revision"], values["priority"]) == (3, 0, 0.0)
    assert (values["attempt"], values["respond_by"], values["cause_topic"]) == (0, None, "")
    assert values["ver"] == RECORD.append_ms


def test_an_assignment_names_its_posts_and_does_not_repeat_them() -> None:
    values = row(ASSIGNMENTS, assignment())
    assert values["post_ids"] == ["x:p1"]
    assert "words that stay out" not in repr(values)
    assert (values["rep_id"], values["reason_codes"], values["excluded"]) == (
        "r1",
        ["rule.complaint"],
        {"capacity": 1},
    )


def test_an_assignment_says_how_long_it_took() -> None:
    values = row(ASSIGNMENTS, assignment())
    assert values["waited_ms"] == 2500
    assert values["since_received_ms"] == 500


@pytest.mark.parametrize(
    ("message", "table", "column"),
    [
        (assignment(attempt=2**64), ASSIGNMENTS, "attempt"),
        (
            assignment(candidates={"eligible": 1, "present": 1, "excluded": {"away": 2**70}}),
            ASSIGNMENTS,
            "excluded",
        ),
        (
            assignment(candidates={"eligible": 1, "present": 1, "excluded": {"away": -1}}),
            ASSIGNMENTS,
            "excluded",
        ),
        (case_event(policy_version=10**30), CASE_EVENTS, "policy_version"),
    ],
)
def test_a_number_that_no_column_holds_is_refused_by_name(message: Any, table: Table[Any], column: str) -> None:
    with pytest.raises(Permanent, match="out_of_range") as refused:
        table.row(message, SOURCE)
    assert refused.value.field == column


def test_too_old_is_judged_by_the_records_own_append_time() -> None:
    day_ms = 86_400_000
    append_ms = START_MS + 30 * day_ms
    assert not too_old(scored(), append_ms, None)
    assert too_old(scored(), append_ms, 30)
    assert not too_old(scored(ms=1), append_ms, 30)
    values = row(REFUSED_POSTS, scored())
    assert (values["post_id"], values["reason"], values["created_at"]) == ("x:p1", "ttl", from_ms(START_MS))


def test_what_the_words_say_are_columns_and_sizes_are_not() -> None:
    hit = TopicHit(topic="delivery", kind="topic", at=(Span(start=0, end=4),))
    values = row(
        POSTS,
        scored(
            topics=(hit,),
            intent=Intent(name="question", confidence=0.75),
            urgency=0.8,
            urgency_kinds=("outage",),
            intensity=0.25,
            cluster=Cluster(id="9f86d081884c7d65", kind="copy", size=3, first_seen=at()),
            spam=Spam(score=0.5, reasons=("posting_rate",)),
            pii=(PersonalData(kind="phone", at=Span(start=5, end=12)),),
        ),
    )
    assert (values["topics"], values["topic_kinds"]) == (["delivery"], ["topic"])
    assert (values["intent"], values["intent_confidence"]) == ("question", 0.75)
    assert (values["urgency"], values["urgency_kinds"], values["intensity"]) == (0.8, ("outage",), 0.25)
    assert (values["cluster_id"], values["copy_kind"]) == ("9f86d081884c7d65", "copy")
    assert (values["spam"], values["spam_reasons"], values["pii_kinds"]) == (0.5, ("posting_rate",), ["phone"])
    assert "cluster_size" not in values  # one worker's count: count by the id instead
