from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.adapters.in_memory.language import KeywordLanguages
from pipeline.adapters.in_memory.model import KeywordSentiment
from pipeline.clock import from_ms
from pipeline.enrich.outputs import belongs_in_actionable
from pipeline.enrich.reading.reading import Languages
from pipeline.enrich.received import ReceivedPost
from pipeline.enrich.score import Scorer
from pipeline.errors import Permanent, Transient
from pipeline.ports.models import TextModel, TextScores
from schemas.posts.scored import Language, ScoredPost
from tests.unit.enrich.posts import WRITTEN, WRITTEN_MS, policy, raw_post, received, score_all

DAY_S = 86_400.0
POLICIES = {"acme": policy()}
LANGUAGES = Languages(KeywordLanguages(), frozenset({"en"}))


class Fussy(KeywordSentiment):
    """Fails on every batch with a text that contains one of its words; counts its calls."""

    def __init__(self, *poison: str, error: Exception | None = None) -> None:
        self._poison, self._error = poison, error or RuntimeError("boom")
        self.calls = 0

    def score(self, texts: Sequence[str]) -> list[TextScores]:
        self.calls += 1
        if any(word in text for text in texts for word in self._poison):
            raise self._error
        return super().score(texts)


def batch(texts: Sequence[str | None]) -> list[ReceivedPost]:
    return [
        received(raw_post(text, post_id=f"x:{number}", rating=1), offset=number)
        for number, text in enumerate(texts)
    ]


def isolated(
    posts: Sequence[ReceivedPost], model: TextModel, languages: Languages | None = None
) -> list[ScoredPost | Permanent]:
    return Scorer(model, DAY_S, "processing", languages).score(posts, POLICIES)


def scored(**fields: Any) -> ScoredPost:
    (found,) = score_all(
        [received(raw_post(**fields))], model=KeywordSentiment(), policies=POLICIES, live_within_s=DAY_S
    )
    return found


@given(st.lists(st.one_of(st.none(), st.text(max_size=40)), max_size=20))
def test_a_batch_keeps_length_and_order(texts: list[str | None]) -> None:
    found = score_all(batch(texts), model=KeywordSentiment(), policies=POLICIES, live_within_s=DAY_S)
    assert [post.post_id for post in found] == [f"x:{number}" for number in range(len(texts))]
    assert [post.source.offset for post in found] == list(range(len(texts)))


def test_a_post_is_scored_alike_alone_and_in_a_batch() -> None:
    posts = batch(["love it", "awful", None, "there"])
    together = score_all(posts, model=KeywordSentiment(), policies=POLICIES, live_within_s=DAY_S)
    alone = [
        score_all([post], model=KeywordSentiment(), policies=POLICIES, live_within_s=DAY_S)[0] for post in posts
    ]
    assert together == alone


def test_a_scored_post_keeps_the_raw_post_and_its_place() -> None:
    raw = raw_post("awful", title="t", place="p", rating=2, visibility="direct", lang="en", revision=2)
    (found,) = score_all(
        [received(raw, offset=9)], model=KeywordSentiment(), policies=POLICIES, live_within_s=DAY_S
    )
    assert found.model_dump(include=set(type(raw).model_fields)) == raw.model_dump()
    assert (found.source.offset, found.appended_ms) == (9, WRITTEN_MS + 1000)
    assert found.received_at == from_ms(WRITTEN_MS + 1000)
    assert (found.backfill, found.own) == (False, False)
    assert found.triage.action == "respond"


def test_the_other_heads_reach_the_scored_post_and_its_triage() -> None:
    class Complaining(KeywordSentiment):
        def score(self, texts: Sequence[str]) -> list[TextScores]:
            return [scores._replace(offence=0.25, complaint=0.75) for scores in super().score(texts)]

    rule = {"name": "complaints", "when": {"min_complaint": 0.7}, "action": "respond", "queue": "general"}
    kwargs: dict[str, Any] = {"policies": {"acme": policy(rule)}, "live_within_s": DAY_S}
    read, unread = score_all(batch(["a problem", None]), model=Complaining(), **kwargs)
    assert (read.offence, read.complaint, read.triage.action) == (0.25, 0.75, "respond")
    assert (unread.offence, unread.complaint, unread.triage.action) == (None, None, "none")
    (without,) = score_all(batch(["a problem"]), model=KeywordSentiment(), **kwargs)
    assert (without.offence, without.complaint, without.triage.action) == (None, None, "none")


def test_language_and_weakness_reach_the_scored_post_and_its_triage() -> None:
    rule = {"name": "german", "when": {"language": ["de"]}, "action": "respond", "queue": "general"}
    kwargs: dict[str, Any] = {"policies": {"acme": policy(rule)}, "live_within_s": DAY_S, "languages": LANGUAGES}
    german, english, unread = score_all(
        batch(["der zug ist awful", "the train is awful", None]), model=KeywordSentiment(), **kwargs
    )
    assert german.language == Language(code="de", confidence=1.0)
    assert german.sentiment is not None
    assert german.sentiment.weak
    assert [reason.code for reason in german.triage.reasons] == [
        "rule",
        "severity",
        "influence",
        "weak_sentiment",
    ]
    assert english.language is not None
    assert (english.language.code, english.triage.action) == ("en", "none")
    assert [reason.code for reason in english.triage.reasons] == ["no_rule_matched"]
    assert (unread.language, unread.triage.action) == (None, "none")


def test_a_post_that_the_model_of_its_language_cannot_score_stands_alone() -> None:
    found = isolated(
        batch(["der zug ist poison", "das ist awful", "the poison"]),
        KeywordSentiment(),
        replace(LANGUAGES, models={"de": Fussy("poison")}),
    )
    assert [isinstance(post, Permanent) for post in found] == [True, False, False]


def test_a_broken_model_of_one_language_is_transient_and_no_posts_fault() -> None:
    with pytest.raises(Transient, match="does not work"):
        isolated(
            batch(["das ist awful", "the shop"]), KeywordSentiment(), replace(LANGUAGES, models={"de": Fussy("")})
        )


def test_on_the_event_clock_nothing_is_backfill() -> None:
    late = received(delay_ms=int(DAY_S * 1000) * 400)
    kwargs: dict[str, Any] = {"model": KeywordSentiment(), "policies": POLICIES, "live_within_s": DAY_S}
    (processing,) = score_all([late], **kwargs, clock_mode="processing")
    (event,) = score_all([late], **kwargs, clock_mode="event")
    assert (processing.backfill, processing.triage.reasons[0].code) == (True, "backfill")
    assert (event.backfill, event.received_at, event.triage.action) == (False, WRITTEN, "respond")


def test_own_posts_are_marked_and_a_workspace_without_policy_says_so() -> None:
    assert scored(author={"handle": "@acmecare"}).own
    assert scored(workspace="other").triage.reasons[0].code == "no_policy"


def test_who_calls_themselves_as_the_brand_on_another_platform_is_work() -> None:
    impostor = scored(
        text="your account is blocked, send us your card number",
        post_id="mastodon:1",
        platform="mastodon",
        author={"author_id": "mastodon:666", "handle": "AcmeCare"},
    )
    assert (impostor.own, impostor.triage.action, impostor.triage.queue) == (False, "respond", "general")


def test_a_poisonous_text_is_isolated_and_the_others_are_scored() -> None:
    model = Fussy("poison")
    found = isolated(batch(["a", "poison one", "b", "c", "poison two"]), model)
    assert [isinstance(post, Permanent) for post in found] == [False, True, False, False, True]
    assert [post.code for post in found if isinstance(post, Permanent)] == ["scoring_failed"] * 2
    assert [post.post_id for post in found if isinstance(post, ScoredPost)] == ["x:0", "x:2", "x:3"]


def test_one_culprit_of_256_costs_few_more_calls() -> None:
    model = Fussy("poison")
    found = isolated(batch(["fine"] * 200 + ["poison"] + ["fine"] * 55), model)
    assert sum(isinstance(post, Permanent) for post in found) == 1
    assert model.calls <= 2 * 9 + 1


def test_a_text_on_which_the_engine_always_says_transient_does_not_stop_the_stage() -> None:
    found = isolated(batch(["poison"]), Fussy("poison", error=Transient("engine")))
    assert isinstance(found[0], Permanent)


def test_a_broken_engine_is_transient_and_no_posts_fault() -> None:
    with pytest.raises(Transient):
        isolated(batch(["a", "b"]), Fussy(""))


def test_an_engine_that_recovers_within_the_batch_loses_nothing() -> None:
    class Hiccup(KeywordSentiment):
        calls = 0

        def score(self, texts: Sequence[str]) -> list[TextScores]:
            self.calls += 1
            if self.calls == 1:
                raise Transient("hiccup")
            return super().score(texts)

    found = isolated(batch(["a", "b", "c"]), Hiccup())
    assert all(isinstance(post, ScoredPost) for post in found)


@pytest.mark.parametrize(
    ("fields", "belongs"),
    [
        ({"workspace": "other"}, False),
        ({"workspace": "other", "visibility": "direct"}, True),
        ({"workspace": "other", "in_reply_to": "x:9"}, True),
        ({"workspace": "other", "quote_of": "x:9"}, True),
        ({"workspace": "other", "revision": 1}, True),
        ({"workspace": "other", "deleted": True}, True),
        ({"repost_of": "x:9"}, True),
        ({"author": {"author_id": "x:7"}}, True),
        ({}, True),
    ],
)
def test_work_and_the_context_of_cases_is_actionable(fields: dict[str, Any], belongs: bool) -> None:
    assert belongs_in_actionable(scored(**fields)) is belongs


def test_backfill_is_never_actionable() -> None:
    late = received(raw_post(visibility="direct"), delay_ms=int(DAY_S * 1000) + 1)
    (found,) = score_all([late], model=KeywordSentiment(), policies=POLICIES, live_within_s=DAY_S)
    assert not belongs_in_actionable(found)
