"""The words that a hashtag may have been glued of."""

from hypothesis import given

from pipeline.enrich.listening.hashtags import tag_parts
from tests.unit.enrich.listening.odd_texts import ODD


@given(ODD)
def test_parts_of_a_hashtag_stand_in_it(text: str) -> None:
    for part in tag_parts(text):
        assert 0 <= part.place.start < part.place.end <= len(text)


def test_a_hashtag_is_cut_where_case_or_kind_changes() -> None:
    def parts(name: str) -> set[str]:
        return {part.name for part in tag_parts(name)}

    assert parts("YouTubeDown") == {"youtubedown", "you", "youtube", "tube", "tubedown", "down"}
    assert parts("NHSDown") == {"nhsdown", "nhs", "down"}
    assert parts("iPhone15") == {"iphone15", "iphone", "15"}
    assert parts("acme_down") == {"acmedown", "acme", "down"}
    assert parts("Acme最高") == {"acme最高", "acme", "最高"}
    assert parts("acme") == {"acme"}
