"""The sample of the benches holds no text twice and has mixed lengths."""

from tokenizers import Tokenizer

from pipeline.adapters.models.openvino.text_model import SHIPPED_MODEL
from pipeline.bench.sample import distinct, distinct_posts, lengths
from pipeline.enrich.reading.reading import readable_text
from tests.builders import at, post


def test_the_first_post_of_each_text_stays_compared_as_the_model_reads_it() -> None:
    posts = [
        post("1", text="Hello  @ann"), post("2", text="hello @ann"), post("3", text="Hello @bob"),
        post("4", text=None, deleted=True), post("5", text="\u200b"), post("6", text="bye"),
    ]  # fmt: skip
    assert [each.post_id for each in distinct(posts)] == ["x:1", "x:2", "x:6"]


def test_there_are_exactly_as_many_posts_as_asked_for_each_with_a_text_of_its_own() -> None:
    found = distinct_posts(1500, at())
    texts = {readable_text(each) for each in found}
    assert len(found) == len(texts) == 1500
    assert "" not in texts
    assert all(each.created_at < at() for each in found)


def test_the_sample_is_mixed_in_length() -> None:
    tokenizer = Tokenizer.from_file(str(SHIPPED_MODEL / "tokenizer.json"))
    found = lengths([readable_text(each) for each in distinct_posts(800, at())], tokenizer)
    assert 18 < found.mean < 32
    assert found.p50 + 10 < found.p95
