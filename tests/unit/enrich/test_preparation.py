"""What words say: masked first, remembered in order, and no failing post takes others with it."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.adapters.in_memory.model import KeywordSentiment
from pipeline.enrich import facts as module
from pipeline.enrich.facts import Facts
from pipeline.enrich.outputs import mention_key, mentions_of
from pipeline.enrich.preparation import Preparation
from pipeline.enrich.reading.reading import readable_text
from pipeline.enrich.received import ReceivedPost
from pipeline.enrich.score import Scorer
from pipeline.enrich.tone.urgency import NOT_URGENT, Urgency
from pipeline.errors import Permanent
from schemas.policy.policy import Policy
from schemas.posts.scored import ScoredPost
from tests.unit.enrich.posts import WRITTEN, policy, raw_post, received, score_all

TOPICS = [
    {"name": "acme", "kind": "brand", "any": ["acme", "@acmecare"], "none": ["acme street"]},
    {"name": "phones", "any": ["phone", "call me"]},
]
LISTENING = policy(topics=TOPICS, numbers=[{"name": "contract", "pattern": "AC-######"}])
LONG = "the delivery of my new sofa is two weeks late and nobody answers"


def prepared(post: ReceivedPost, rules: Policy = LISTENING, preparation: Preparation | None = None) -> Facts:
    (found,) = (preparation or Preparation()).prepare([post], {"acme": rules}, "event")
    assert isinstance(found, Facts)
    return found


def scored(
    posts: list[ReceivedPost], rules: Policy = LISTENING, preparation: Preparation | None = None
) -> list[ScoredPost]:
    return score_all(
        posts, model=KeywordSentiment(), policies={"acme": rules}, live_within_s=86_400, preparation=preparation
    )


def test_everything_behind_the_mask_sees_the_masked_words_and_places_agree_with_them() -> None:
    raw = raw_post("Acme, call me on +1 415 867 5309 about AC-123456", url="https://x.example/?m=jo@example.org")
    (post,) = scored([received(raw)])
    assert post.text == "Acme, call me on [phone] about [contract]"
    assert [(one.kind, one.name, post.text[one.at.start : one.at.end]) for one in post.pii] == [
        ("phone", None, "[phone]"),
        ("number", "contract", "[contract]"),
    ]
    assert [(hit.topic, [post.text[at.start : at.end] for at in hit.at]) for hit in post.topics] == [
        ("acme", ["Acme"]),
        ("phones", ["call me"]),  # a placeholder is no word of the writer
    ]
    assert post.url is not None
    assert "jo@example.org" not in post.url
    assert "867" not in post.model_dump_json()


def test_a_post_without_personal_data_is_the_same_object() -> None:
    raw = raw_post("the app is down")
    assert prepared(received(raw)).post is raw


def test_the_model_reads_the_plain_words() -> None:
    texts: list[str] = []

    class Noting(KeywordSentiment):
        def score(self, texts_of_batch):  # type: ignore[no-untyped-def]
            texts.extend(texts_of_batch)
            return super().score(texts_of_batch)

    raw = raw_post("jo@example.org wrote")
    (post,) = score_all([received(raw)], model=Noting(), policies={"acme": LISTENING})
    assert texts == [readable_text(raw)]
    assert "example" in texts[0]
    assert post.text == "[email] wrote"


def test_copies_are_told_across_batches_and_size_grows() -> None:
    preparation = Preparation()
    posts = [
        received(raw_post(LONG, post_id=f"x:{n}", author={"author_id": f"x:{n}"}), offset=n) for n in range(3)
    ]
    first = scored(posts[:2], preparation=preparation)
    (third,) = scored(posts[2:], preparation=preparation)
    kinds = [(post.cluster.kind, post.cluster.size) for post in (*first, third) if post.cluster]
    assert kinds == [("original", 1), ("copy", 2), ("copy", 3)]
    assert len({post.cluster.id for post in (*first, third) if post.cluster}) == 1


def test_a_batch_that_is_halved_for_a_poisonous_post_counts_each_copy_once() -> None:
    class Fussy(KeywordSentiment):
        def score(self, texts):  # type: ignore[no-untyped-def]
            if any("poison" in text for text in texts):
                raise RuntimeError("boom")
            return super().score(texts)

    posts = [received(raw_post(LONG, post_id=f"x:{n}"), offset=n) for n in range(3)]
    posts.append(received(raw_post("poison", post_id="x:9"), offset=9))
    found = Scorer(Fussy(), 86_400, "processing").score(posts, {})
    assert [one.cluster.size for one in found if isinstance(one, ScoredPost) and one.cluster] == [1, 2, 3]
    assert isinstance(found[3], Permanent)


def test_a_text_that_breaks_a_library_is_refused_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def urgency_of(text: str) -> Urgency:
        if "breaks" in text:
            raise ValueError(text)
        return NOT_URGENT

    monkeypatch.setattr(module, "urgency_of", urgency_of)
    posts = [received(raw_post(text, post_id=f"x:{n}")) for n, text in enumerate(("a", "this breaks it", "b"))]
    found = Scorer(KeywordSentiment(), 86_400, "processing").score(posts, {})
    assert [isinstance(one, ScoredPost) for one in found] == [True, False, True]
    assert isinstance(found[1], Permanent)
    assert (found[1].code, found[1].detail) == ("scoring_failed", "ValueError")  # never the text


def test_a_deletion_is_masked_and_has_no_other_signal() -> None:
    found = prepared(received(raw_post("call +1 415 867 5309", deleted=True)))
    assert found.post.text == "call [phone]"
    assert (found.words.cluster, found.words.spam, found.words.topics) == (None, None, ())


@settings(max_examples=50)
@given(st.lists(st.text(max_size=60), max_size=6))
def test_every_text_can_be_prepared(texts: list[str]) -> None:
    posts = [received(raw_post(text, post_id=f"x:{number}")) for number, text in enumerate(texts)]
    found = Preparation().prepare(posts, {"acme": LISTENING}, "event")
    assert all(isinstance(one, Facts) for one in found)


def test_each_topic_of_a_post_is_a_mention_without_words() -> None:
    raw = raw_post("Acme, call me back please, my parcel is lost", visibility="direct")
    (post,) = scored([received(raw)])
    mentions = mentions_of(post)
    assert [(one.topic, one.kind) for one in mentions] == [("acme", "brand"), ("phones", "topic")]
    assert mention_key(mentions[0]) == b"acme/acme"
    assert (mentions[0].visibility, mentions[0].reach) == ("direct", post.influence.score)
    assert post.cluster is not None
    assert mentions[0].cluster_id == post.cluster.id
    assert "parcel" not in mentions[0].model_dump_json()


def test_a_deletion_mentions_nothing() -> None:
    (post,) = scored([received(raw_post("Acme", deleted=True))])
    assert mentions_of(post) == []


def test_the_campaigns_of_copies_go_to_the_end_of_the_queue_and_say_why() -> None:
    posts = [
        received(raw_post(LONG, post_id=f"x:{n}", author={"author_id": f"x:{n}"}, created_at=WRITTEN), offset=n)
        for n in range(6)
    ]
    found = scored(posts)
    assert all(post.triage.action == "respond" for post in found)
    assert found[5].triage.priority == pytest.approx(found[0].triage.priority * 0.2, abs=0.02)
    reasons = {reason.code: reason.detail for reason in found[5].triage.reasons}
    assert reasons["copy"] == "copy number 6 of its text"
    assert "copy" not in {reason.code for reason in found[1].triage.reasons}


def test_one_account_that_repeats_itself_is_spam_and_is_not_dropped() -> None:
    posts = [
        received(
            raw_post(f"{LONG} https://x.example/{n}", post_id=f"x:{n}", created_at=WRITTEN + timedelta(seconds=n))
        )
        for n in range(40)
    ]
    last = scored(posts)[-1]
    assert last.spam is not None
    assert {"repeated_text", "posting_rate"} <= set(last.spam.reasons)
    assert last.triage.action == "respond"
    assert "spam" in {reason.code for reason in last.triage.reasons}


def test_urgent_posts_are_never_mere_copies() -> None:
    text = "there is smoke in the third carriage and nobody comes"
    posts = [
        received(raw_post(text, post_id=f"x:{n}", author={"author_id": f"x:1{n}"}), offset=n) for n in range(9)
    ]
    found = scored(posts)
    assert found[8].cluster is not None
    assert found[8].cluster.size == 9
    assert {post.triage.priority for post in found} == {found[0].triage.priority}
