"""What the signals read of a long post, and that masking reads all of it."""

from pipeline.enrich.facts import Facts
from pipeline.enrich.preparation import Preparation
from pipeline.enrich.reading.language import words_of
from pipeline.enrich.reading.reading import readable_text
from pipeline.enrich.text.bounds import MAX_SIGNAL_CHARS
from tests.unit.enrich.posts import policy, raw_post, received

FILLING = "so it goes on. " * (2 * MAX_SIGNAL_CHARS // 15)


def prepared(text: str) -> Facts:
    topics = policy(topics=[{"name": "train", "any": ["train"]}])
    (found,) = Preparation().prepare([received(raw_post(text))], {"acme": topics}, "processing")
    assert isinstance(found, Facts)
    return found


def test_words_beyond_the_bound_are_no_signal() -> None:
    near, far = prepared(f"the train is on fire. {FILLING}"), prepared(f"{FILLING} the train is on fire.")
    assert ([hit.topic for hit in near.words.topics], near.words.urgency) == (["train"], 1.0)
    assert (far.words.topics, far.words.urgency) == ((), 0.0)
    assert len(far.text) == MAX_SIGNAL_CHARS


def test_personal_data_beyond_the_bound_is_masked() -> None:
    far = prepared(f"{FILLING} call +1 212 736 5000")
    assert far.post.text is not None
    assert far.post.text.endswith("call [phone]")


def test_the_models_read_no_more_than_the_bound() -> None:
    post = raw_post(FILLING)
    assert len(readable_text(post)) <= MAX_SIGNAL_CHARS
    assert len(words_of(post)) <= MAX_SIGNAL_CHARS
