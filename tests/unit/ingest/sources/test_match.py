"""What the first rows decide is decided, what only a person knows is asked, and an unknown export gets a guess."""

from collections.abc import Sequence

import orjson
import pytest

from pipeline.codec import decode
from pipeline.ingest.sources.mapper import Mapper
from pipeline.ingest.sources.match import Proposal, propose
from pipeline.ingest.sources.source_map import SourceMap
from schemas.posts.raw import RawPost

COLUMNS = ["id", "user", "date", "text", "stars", "followers"]
ROW = ["7", "ann", "2026-11-28T10:00:00Z", "hi", "", ""]


def proposed(**cells: Sequence[str]) -> Proposal:
    longest = max(map(len, cells.values()), default=1)
    rows = [
        dict(zip(COLUMNS, ROW, strict=True)) | {name: values[at % len(values)] for name, values in cells.items()}
        for at in range(longest)
    ]
    return propose(COLUMNS, rows, [])


def about(proposal: Proposal) -> list[str]:
    return [question.about for question in proposal.questions if question.about != "platform"]


@pytest.mark.parametrize(
    ("dates", "order", "asked"),
    [
        (["05/06/2013 14:03Z", "25/06/2013 14:03Z"], "dmy", []),
        (["05/06/2013 14:03Z", "05/25/2013 14:03Z"], "mdy", []),
        (["25/05/2013 14:03Z"], "dmy", []),
        (["05/06/2013 14:03Z", "06/06/2013 14:03Z"], None, ["order"]),
        (["05/06/2013 14:03Z", "25/06/2013 14:03Z", "06/25/2013 14:03Z"], None, ["order"]),
        (["05/06/2013 14:03"], None, ["order", "zone"]),
        (["2013-06-05 14:03"], None, ["zone"]),
        (["2013-06-05 14:03", "2013-06-05T14:03:00Z"], None, ["zone"]),
        (["1306051403", "1306051404", "1306051502"], None, ["times"]),
        (["1512121212", "1790000000", "1790000001"], None, []),
    ],
)
def test_times(dates: list[str], order: str | None, asked: list[str]) -> None:
    proposal = proposed(date=dates)
    assert proposal.source_map is not None
    assert (proposal.source_map.order, about(proposal)) == (order, asked)


@pytest.mark.parametrize(
    ("stars", "followers", "decimal", "asked"),
    [
        (["4,5", "1,0", "3"], ["1.204", "980", "12.000"], ",", []),
        (["3"], ["1.204", "1.234.567"], ",", []),
        (["4.5"], ["1,204"], ".", []),
        (["3"], ["1.204", "12.000"], ",", []),
        (["3"], ["12.000", "3.000"], None, ["decimal"]),
        (["4,5", "4.5"], [""], None, ["decimal"]),
        (["3.0"], ["12.0", ""], None, []),
        (["", "5"], ["980"], None, []),
    ],
)
def test_numbers(stars: list[str], followers: list[str], decimal: str | None, asked: list[str]) -> None:
    proposal = proposed(stars=stars, followers=followers)
    assert proposal.source_map is not None
    assert (proposal.source_map.decimal, about(proposal)) == (decimal, asked)


def test_a_column_of_ids_that_all_end_in_zeros_is_asked_about() -> None:
    assert about(proposed(id=["1294030472427830000", "1294030472427840000", "1294030472427850000"])) == ["ids"]
    assert about(proposed(id=["12940304724278300", "12940304724278400", "12940304724278500"])) == ["ids"]
    assert about(proposed(id=["1294030472427830001", "1294030472427840000", "1294030472427850000"])) == []


def test_an_unknown_german_export_gets_a_map_and_the_questions_that_remain() -> None:
    columns = ["Datum", "Bewertung", "Titel", "Rezension", "Kunde", "Filiale"]
    rows = [
        dict(zip(columns, row, strict=True))
        for row in [
            ["28.11.2026 10:15", "1,0", "Nie wieder", "Das Netz ist weg", "Uwe Kern", "Kiel"],
            ["29.11.2026 09:00", "4,5", "Gut", "Alles lief", "Ute Ahlers", "Bonn"],
        ]
    ]
    found, questions = propose(columns, rows, [])
    assert found is not None
    assert [question.about for question in questions] == ["zone", "platform"]
    mapper = Mapper(found.with_options({"zone": "Europe/Berlin"}).with_defaults("acme", "shop"), columns)
    post = decode(RawPost, orjson.dumps(mapper.post(rows[0]).document))
    assert (post.rating, post.title, post.text, post.place) == (1.0, "Nie wieder", "Das Netz ist weg", "Kiel")
    assert post.created_at.isoformat() == "2026-11-28T09:15:00+00:00"
    assert post.author.author_id == "shop:Uwe%20Kern"


def test_json_of_an_unknown_source_is_guessed_by_its_paths() -> None:
    entry = {"_id": "5", "user": {"id": 9, "username": "ann"}, "message": "hi", "created_at": 1764300000}
    found, _ = propose(None, [entry], [])
    assert found is not None
    assert found.columns["author.author_id"].of == ("user.id",)
    assert found.columns["author.handle"].of == ("user.username",)


def test_of_several_columns_of_one_name_the_map_says_which_is_taken() -> None:
    found, _ = propose([*COLUMNS, "text#2"], [dict(zip([*COLUMNS, "text#2"], [*ROW, "short"], strict=True))], [])
    assert found is not None
    assert found.columns["text"].of == ("text#1",)


def test_what_is_no_export_of_posts_is_said() -> None:
    found, (question,) = propose(["a", "b"], [{"a": "1", "b": "2"}], [])
    assert found is None
    assert "--map" in question.text


def test_two_sources_that_both_fit_are_asked_about_and_a_more_special_one_is_taken() -> None:
    one, other, special = (
        SourceMap.model_validate({"name": name, "needs": needs, "columns": {"post_id": "id"}})
        for name, needs in [
            ("one", ["id", "text"]),
            ("other", ["id", "date"]),
            ("special", ["id", "text", "date"]),
        ]
    )
    rows = [dict(zip(COLUMNS, ROW, strict=True))]
    for maps in ([one, other], [other, one]):
        assert propose(COLUMNS, rows, maps).source_map is None
        assert "one or other" in propose(COLUMNS, rows, maps).questions[0].text
        found = propose(COLUMNS, rows, [*maps, special]).source_map
        assert found is not None
        assert found.name == "special"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"Sterne": "1,0", "Bewertung": "Gerät brennt"}, {"rating": "Sterne", "text": "Bewertung"}),
        ({"Bewertung": "1,0", "Kommentar": "Gerät brennt"}, {"rating": "Bewertung", "text": "Kommentar"}),
        ({"Titel": "Hm", "Bewertung": "Gerät brennt"}, {"title": "Titel", "text": "Bewertung"}),
        ({"Note": "4", "Avis": "très bien"}, {"rating": "Note", "text": "Avis"}),
        ({"Punkte": "viele", "Text": "naja"}, {"text": "Text"}),
    ],
)
def test_a_column_feeds_only_what_its_cells_can_be(row: dict[str, str], expected: dict[str, str]) -> None:
    row = {"ID": "7", "Verfasser": "ann", "Datum": "2026-06-05T14:03:00Z", **row}
    found = propose(list(row), [row], []).source_map
    assert found is not None
    columns = {target: feed.of[0] for target, feed in found.columns.items()}
    assert {target: columns[target] for target in ("rating", "text", "title") if target in columns} == expected


def test_an_export_of_which_only_a_title_is_known_is_asked_about() -> None:
    entry = {"id": 1, "subject": "Broken", "words": "It is", "created_at": "2026-06-05T14:00:00Z"}
    proposal = propose(None, [entry], [])
    assert proposal.source_map is None
    assert [question.about for question in proposal.questions] == ["source"]


@pytest.mark.parametrize(("column", "word"), [("private", "true"), ("Is Private", "1"), ("audience", "friends")])
def test_a_column_that_says_who_sees_a_post_is_guessed(column: str, word: str) -> None:
    columns = [*COLUMNS, column]
    rows = [dict(zip(columns, [*ROW, cell], strict=True)) for cell in (word, "false" if word == "true" else "0")]
    rows[1] |= {column: "public"} if column == "audience" else {}
    found = propose(columns, rows, []).source_map
    assert found is not None
    mapper = Mapper(found.with_defaults("acme", "chirp"), columns)
    assert [mapper.post(row).document["visibility"] for row in rows] == ["direct", "public"]


def test_ids_that_javascript_rounded_are_asked_about() -> None:
    rounded = [1594356464738230300, 1594356464738230800, 1594356464738231000]
    rows = [{"id": number, "user": "ann", "date": "2026-11-28T10:00:00Z", "text": "hi"} for number in rounded]
    assert about(propose(None, rows, [])) == ["rounded"]
    rows[1]["id"] = 1594356464738230273
    assert about(propose(None, rows, [])) == []


def test_reviews_of_a_day_without_a_text_keep_ids_of_their_own() -> None:
    columns = ["date", "text", "stars", "store"]
    rows = [dict(zip(columns, ("2026-11-28", "", stars, shop), strict=True)) for stars in "15" for shop in "ab"]
    found = propose(columns, rows, []).source_map
    assert found is not None
    mapper = Mapper(found.with_defaults("acme", "shop"), columns)
    assert len({str(mapper.post(row).document["post_id"]) for row in rows}) == 4
