"""The mapper makes posts of rows and of JSON entries, and names what it leaves out."""

from collections.abc import Mapping
from contextlib import suppress

import orjson
import pytest

from pipeline.codec import decode
from pipeline.errors import Misconfigured, Permanent
from pipeline.ingest.lines import LeftOut
from pipeline.ingest.sources.mapper import Mapped, Mapper
from pipeline.ingest.sources.source_map import SourceMap
from pipeline.ingest.sources.spelling import parse_columns
from schemas.posts.raw import RawPost

SPEC = (
    "post_id=id,author.author_id=user,text=text,created_at=date,author.followers=followers,rating=stars,lang=lang,"
    "in_reply_to=reply,conversation_id=thread,author.verified=verified,metrics.likes=likes,visibility=who,url=url"
)
ROW = {"id": "7", "user": "ann", "text": "hi", "date": "2026-11-28T10:00:00Z"}
COLUMNS = [*ROW, "followers", "stars", "lang", "reply", "thread", "verified", "likes", "who", "url"]


def mapped(row: Mapping[str, object], spec: str = SPEC, **changes: object) -> Mapped:
    source_map = parse_columns(spec).with_options(changes).with_defaults("acme", "chirp")
    return Mapper(source_map, COLUMNS).post({**ROW, **row})


def post_of(found: Mapped) -> RawPost:
    return decode(RawPost, orjson.dumps(found.document))


def of_json(document: Mapping[str, object], **source_map: object) -> list[RawPost]:
    complete = SourceMap.model_validate(source_map).with_defaults("acme", "chirp")
    mapper = Mapper(complete)
    found = []
    for entry in mapper.entries(document):
        with suppress(Permanent):
            found.append(post_of(mapper.post_of(entry)))
    return found


@pytest.mark.parametrize(
    ("column", "cell", "field", "code"),
    [
        ("followers", "1.2K", "author.followers", "invalid_number"),
        ("followers", "-4", "author.followers", "invalid_field"),
        ("followers", "12.000", "author.followers", "ambiguous_number"),
        ("followers", "1e30", "author.followers", "invalid_field"),
        ("likes", "4,5", "metrics.likes", "invalid_field"),
        ("stars", "45", "rating", "invalid_field"),
        ("stars", "4 of 5", "rating", "invalid_number"),
        ("lang", "English", "lang", "invalid_language"),
        ("lang", "unknown", "lang", "invalid_language"),
        ("reply", "1.5426579e+18", "in_reply_to", "id_lost_digits"),
        ("reply", "1,2", "in_reply_to", "several_values"),
        ("reply", "a b", "in_reply_to", "invalid_field"),
        ("verified", "perhaps", "author.verified", "invalid_boolean"),
        ("url", "x" * 2001, "url", "invalid_field"),
    ],
)
def test_an_odd_optional_cell_is_left_out_and_named(column: str, cell: str, field: str, code: str) -> None:
    found = mapped({column: cell})
    assert found.left_out == (LeftOut(field, column, code),)
    assert post_of(found) == post_of(mapped({}))


@pytest.mark.parametrize("cell", ["-", "--", "", "nan", "N/A", " ", "\u200b"])
@pytest.mark.parametrize("column", ["followers", "stars", "lang", "reply", "thread", "verified", "likes", "url"])
def test_a_cell_that_says_nothing_is_absent(column: str, cell: str) -> None:
    found = mapped({column: cell})
    assert (found.left_out, found.document) == ((), mapped({}).document)


@pytest.mark.parametrize(
    ("column", "cell", "field"),
    [("id", "1E+18", "post_id"), ("id", "-1", "post_id"), ("date", "soon", "created_at"),
     ("user", "1,2", "author.author_id")],
)  # fmt: skip
def test_what_every_post_needs_is_never_left_out(column: str, cell: str, field: str) -> None:
    with pytest.raises(Permanent) as caught:
        mapped({column: cell})
    assert caught.value.field == field


def test_locales_become_language_tags() -> None:
    tags = {"en_US": "en-US", "pt_BR": "pt-BR", "zh-Hant-HK": "zh-Hant-HK", "de_DE.UTF-8": "de-DE", "en": "en"}
    assert {cell: mapped({"lang": cell}).document.get("lang") for cell in tags} == tags


def test_the_sign_of_decimals_decides_what_a_dot_is() -> None:
    german = mapped({"followers": "1.204", "stars": "4,5"}, decimal=",")
    assert (post_of(german).author.followers, post_of(german).rating) == (1204, 4.5)
    assert post_of(mapped({"stars": "1,0"})).rating == 1.0


@pytest.mark.parametrize(
    "name", ["[deleted]", "A_Google_user", "Ein Google-Nutzer", "u/[deleted]", "Anonymous", ""]
)
def test_authors_without_a_name_are_as_many_as_their_threads(name: str) -> None:
    one = post_of(mapped({"user": name, "thread": "t1"}))
    same = post_of(mapped({"user": name, "thread": "t1", "id": "8"}))
    other = post_of(mapped({"user": name, "id": "9"}))
    assert one.author.anonymous is True
    assert one.author.author_id.startswith("chirp:anonymous-")
    assert one.author == same.author
    assert other.author.author_id != one.author.author_id
    assert other.author.author_id != post_of(mapped({"user": name, "id": "10"})).author.author_id


def test_an_empty_author_is_told_and_a_known_placeholder_is_not() -> None:
    assert mapped({"user": ""}).left_out == (LeftOut("author.author_id", "user", "no_author"),)
    assert mapped({"user": "[deleted]"}).left_out == ()


def test_a_display_name_in_the_place_of_an_id_is_told_and_stays_one_person() -> None:
    found = mapped({"user": "Ann Smith"})
    assert found.left_out == (LeftOut("author.author_id", "user", "name_as_id"),)
    assert post_of(found).author.author_id == post_of(mapped({"user": " Ann  Smith\u200b "})).author.author_id
    assert post_of(found).author.author_id != post_of(mapped({"user": "Ann_Smith"})).author.author_id


@pytest.mark.parametrize(
    ("word", "visibility"),
    [("private", "direct"), ("followers-only", "direct"), ("unlisted", "public"), ("Public", "public"),
     ("", "public")],
)  # fmt: skip
def test_audiences_of_networks(word: str, visibility: str) -> None:
    found = mapped({"who": word})
    assert (post_of(found).visibility, found.left_out) == (visibility, ())


def test_an_unknown_audience_is_direct_and_told() -> None:
    found = mapped({"who": "circle"})
    assert (post_of(found).visibility, [cell.code for cell in found.left_out]) == (
        "direct",
        ["unknown_visibility"],
    )


def test_half_a_character_is_replaced_and_told() -> None:
    found = mapped({"text": "cut \ud83d", "lang": "en"})
    assert post_of(found).text == "cut \ufffd"
    assert [(cell.field, cell.code) for cell in found.left_out] == [("text", "half_character")]
    whole = mapped({"text": "whole \ud83d\ude00"})
    assert (post_of(whole).text, whole.left_out) == ("whole 😀", ())


def test_an_id_can_be_made_of_columns_and_a_text_of_two() -> None:
    spec = "post_id=hash(user, date, text),author.author_id=user,text=join(text, url),created_at=first(who, date)"
    one, same, other = (post_of(mapped(row, spec)) for row in ({"id": "1"}, {"id": "2"}, {"text": "other"}))
    assert one.post_id == same.post_id != other.post_id
    assert post_of(mapped({"url": "there"}, spec)).text == "hi there"
    with pytest.raises(Permanent, match="invalid_id"):
        mapped({"user": "", "date": " ", "text": ""}, spec)


def test_columns_are_found_in_other_letters_and_second_ones_by_number() -> None:
    spec = "post_id=ID,author.author_id=User,created_at=DATE ,text=text#2"
    source_map = parse_columns(spec).with_defaults("acme", "chirp")
    assert Mapper(source_map, [*COLUMNS, "text#2"]).post({**ROW, "text#2": "second"}).document["text"] == "second"
    with pytest.raises(Misconfigured, match="say text#1 or text#2"):
        Mapper(parse_columns(SPEC).with_defaults("acme", "chirp"), [*COLUMNS, "text#2"])
    with pytest.raises(Misconfigured, match="did you mean followers"):
        Mapper(parse_columns(SPEC + ",author.following=folowers").with_defaults("acme", "chirp"), COLUMNS)


V2 = {
    "name": "v2",
    "entries": "data",
    "columns": {
        "post_id": "id", "author.author_id": "author_id", "text": "text", "created_at": "created_at",
        "author.handle": "^includes.users[id=@author_id].username",
        "in_reply_to": "referenced_tweets[type=replied_to].id",
    },
    "markup": {"text": "entities"},
}  # fmt: skip
ENTRY = {"id": "15", "author_id": "99", "text": "a &amp; b", "created_at": "2022-11-18T00:04:50.000Z"}


def test_posts_of_a_list_know_what_lies_beside_it() -> None:
    users = [{"id": "98", "username": "bob"}, {"id": "99", "username": "ann"}]
    answer = ENTRY | {"id": "16", "referenced_tweets": [{"type": "replied_to", "id": "15"}]}
    first, second = of_json({"data": [ENTRY, answer], "includes": {"users": users}}, **V2)
    assert (first.post_id, first.author.handle, first.text) == ("chirp:15", "ann", "a & b")
    assert (first.in_reply_to, second.in_reply_to) == (None, "chirp:15")


def test_an_element_of_the_list_alone_is_read_as_well() -> None:
    (post,) = of_json(ENTRY, **V2)
    assert (post.post_id, post.author.handle) == ("chirp:15", None)


def test_what_is_no_post_by_the_map_is_passed_over_and_html_becomes_text() -> None:
    comments = [
        {"id": 1, "public": True, "body": "<p>Hi</p><p>a &lt; b</p>", "by": 5, "at": 1370440980},
        {"id": 2, "public": False, "body": "internal", "by": 6, "at": 1370440980},
    ]
    tickets = {"tickets": [{"id": 9, "comments": comments}]}
    (post,) = of_json(
        tickets,
        entries="tickets.comments",
        only={"public": "true"},
        markup={"text": "html"},
        columns={
            "post_id": "join(^id, id)", "author.author_id": "by", "text": "body", "created_at": "at",
            "conversation_id": "^id",
        },
    )  # fmt: skip
    assert (post.text, post.conversation_id) == ("Hi\n\na < b", "chirp:9")


def test_numbers_of_json_keep_their_digits_or_are_refused() -> None:
    columns = {"post_id": "id", "author.author_id": "by", "text": "text", "created_at": "at", "rating": "stars"}
    entry = {"id": 1593387213315784704, "by": 99, "text": "x", "at": 1370440980000, "stars": float("nan")}
    (post,) = of_json(entry, columns=columns)
    assert (post.post_id, post.author.author_id, post.rating) == ("chirp:1593387213315784704", "chirp:99", None)
    assert of_json(entry | {"id": 1.5e18}, columns=columns) == []
    assert of_json(entry | {"by": {"id": 1}}, columns=columns) == []


def test_words_mean_what_the_map_says_and_constants_fill_empty_cells() -> None:
    columns = {"post_id": "id", "author.author_id": "by", "text": "text", "created_at": "at", "platform": "type",
               "visibility": "protected"}  # fmt: skip
    values = {"platform": {"Twitter Posts": "twitter"}, "visibility": {True: "direct", False: "public"}}
    entry = {"id": 1, "by": 2, "text": "x", "at": 1370440980, "type": "twitter posts", "protected": True}
    (post,) = of_json(entry, columns=columns, values=values)
    assert (post.platform, post.visibility) == ("twitter", "direct")
    (other,) = of_json(entry | {"type": None}, columns=columns, values=values, constants={"platform": "web"})
    assert other.post_id == "web:1"


def test_a_source_without_authors_has_nobody_and_says_nothing_of_it() -> None:
    (post,) = of_json(
        {"link": "https://x/?reviewId=gp%3A77&c=1", "text": "x", "at": 1370440980},
        columns={"post_id": {"of": "link", "part": "reviewId=([^&]+)"}, "text": "text", "created_at": "at"},
        constants={"author.anonymous": True, "reply.allowed": True, "reply.max_graphemes": 350},
    )
    assert post.author.anonymous is True
    assert post.post_id == "chirp:gp:77"
    assert post.reply is not None
    assert post.reply.max_graphemes == 350


def test_lists_of_posts_that_a_map_leaves_out_are_counted_one_by_one() -> None:
    columns = {"post_id": "id", "author.author_id": "by", "text": "text", "created_at": "at"}
    source_map = SourceMap.model_validate({"columns": columns, "nested": ["replies"]}).with_defaults(
        "acme", "chirp"
    )
    entry = {"id": "7", "by": "ann", "text": "hi", "at": "2026-11-28T10:00:00Z"}
    found = Mapper(source_map).post({**entry, "replies": [entry, entry]})
    assert found.left_out == (LeftOut("posts", "replies", "nested_posts"),) * 2
    assert Mapper(source_map).post(entry).left_out == ()


def test_what_is_said_of_some_fields_goes_before_the_map_that_is_found() -> None:
    found = SourceMap.model_validate(
        {"title": "found", "columns": {"post_id": "id", "text": "a", "lang": "l"}, "zone": "Europe/Berlin",
         "constants": {"platform": "chirp"}, "markup": {"text": "html"}, "values": {"lang": {"x": "en"}}}
    )  # fmt: skip
    said = parse_columns("text=b,platform==other,lang=l2")
    over = said.over(found)
    assert {target: feed.of for target, feed in over.columns.items()} == {
        "post_id": ("id",), "text": ("b",), "lang": ("l2",)
    }  # fmt: skip
    assert (over.constants, over.markup, over.values) == ({"platform": "other"}, {}, {})
    assert (over.title, over.zone) == ("found", "Europe/Berlin")
