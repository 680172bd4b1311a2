"""Any file is looked at before it is sent: the map that fits it, what only a person can say, and what is kept."""

import gzip
import json
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import orjson
import pytest

from pipeline.app.importing.inspection import inspect_file
from pipeline.app.importing.opening import Opened, open_input
from pipeline.app.importing.place import open_place
from pipeline.app.importing.request import FileOptions, IngestRequest
from pipeline.app.importing.stop import StopRequest
from pipeline.cli.text.inspection import inspection_lines
from pipeline.codec import decode
from pipeline.errors import Misconfigured, Permanent
from pipeline.ingest.look.decision import Asked
from pipeline.ingest.sources.mapper import Mapped, Mapper
from pipeline.ingest.sources.paths import Entry
from pipeline.ingest.sources.spelling import parse_columns
from schemas.posts.raw import RawPost

HEAD = "id;user;date;text;stars\n"
ROWS = "r1;uwe;2026-11-29T17:14:01Z;naja;1,0\nr2;ute;2026-11-29T17:14:02Z;Gut;4,5\n"
POST = {
    "workspace": "acme", "post_id": "chirp:1", "platform": "chirp", "author": {"author_id": "chirp:ann"},
    "text": "hi", "created_at": "2026-11-01T12:00:00Z",
}  # fmt: skip
PAGE = {
    "data": [
        {"id": str(number), "author_id": "9", "text": "no signal", "created_at": "2022-11-18T00:04:50.000Z"}
        for number in range(3)
    ],
    "includes": {"users": [{"id": "9", "username": "ann"}]},
    "meta": {"result_count": 3},
}


def request(file: Path, **options: Any) -> IngestRequest:
    return IngestRequest(str(file), "acme", options.pop("columns", None), file_options=FileOptions(**options))


def opened(
    asked: IngestRequest, kept: Mapping[str, Any] | None = None, done_to: int = 0
) -> tuple[Opened, list[RawPost], list[str]]:
    said: list[str] = []
    with ExitStack() as stack:
        found = open_input(asked, open_place(asked.file, stack), StopRequest(), kept or {}, said.append, done_to)
        tried = list(found.candidates)
    assert [one.line for one in tried] == sorted({one.line for one in tried}), "each is confirmed by its number"
    return found, [decode(RawPost, one.found) for one in tried if one.found and isinstance(one.found, bytes)], said


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "export"


def test_a_table_is_recognised_and_mapped_by_its_names(file: Path) -> None:
    file.write_text(HEAD + ROWS)
    found, posts, said = opened(request(file, platform="shop"))
    assert [(post.post_id, post.author.author_id, post.rating) for post in posts] == [
        ("shop:r1", "shop:uwe", 1), ("shop:r2", "shop:ute", 4.5),
    ]  # fmt: skip
    assert "semicolons between cells" in said[0]
    assert found.form.begin.endswith(HEAD.encode())


def test_what_only_a_person_can_say_is_asked_for_before_anything_is_sent(file: Path) -> None:
    file.write_text(HEAD + ROWS)
    with pytest.raises(Misconfigured, match="on which network"):
        opened(request(file))
    file.write_text("id,user,date,text\n1,ann,05/06/2013 14:03,hi\n2,bob,07/06/2013 14:03,ho\n")
    with pytest.raises(Misconfigured, match="--date-order dmy or mdy"):
        opened(request(file, platform="shop"))
    _, posts, _ = opened(request(file, platform="shop", said={"order": "dmy"}))
    assert [post.created_at.month for post in posts] == [6, 6]


def test_a_map_that_is_given_finds_its_header(file: Path) -> None:
    file.write_text("Report;Acme\nwhat;we;found;here\n\na;b;c;d;e\n" + ROWS)
    columns = parse_columns("post_id=a,author.author_id=b,created_at=c,text=d,platform==shop")
    _, posts, _ = opened(request(file, columns=columns))
    assert [post.post_id for post in posts] == ["shop:r1", "shop:r2"]


def test_the_map_of_a_source_finds_the_header_of_an_export_that_lacks_what_it_may_lack(file: Path) -> None:
    file.write_text("Report;Acme\nwhat;we;found;here;x\na;b;c;d;e\n" + ROWS)
    columns = parse_columns("post_id=a,author.author_id=b,created_at=c,text=d,lang=f,platform==shop")
    source = columns.model_copy(update={"needs": ("a", "b", "c", "d")})
    assert [post.post_id for post in opened(request(file, columns=source))[1]] == ["shop:r1", "shop:r2"]


@pytest.mark.parametrize("layout", ["lines", "array", "pretty", "nested", "packed"])
def test_raw_posts_come_in_as_they_are(file: Path, layout: str) -> None:
    posts = [POST | {"post_id": f"chirp:{number}"} for number in range(5)]
    lines = "".join(json.dumps(post) + "\n" for post in posts)
    written = {
        "lines": lines, "array": json.dumps(posts), "pretty": json.dumps(posts, indent=2),
        "nested": json.dumps({"posts": posts}), "packed": lines,
    }[layout]  # fmt: skip
    file.write_bytes(gzip.compress(written.encode()) if layout == "packed" else written.encode())
    _, found, _ = opened(request(file))
    assert [post.post_id for post in found] == [f"chirp:{number}" for number in range(5)]


def test_half_a_character_in_a_raw_post_is_replaced_and_named(file: Path) -> None:
    file.write_text('{"text": "cut \\ud83d", ' + json.dumps(POST)[1:].replace('"text": "hi", ', ""))
    posts = opened(request(file))[1]
    assert posts[0].text == "cut \ufffd"


@pytest.mark.parametrize("indent", [None, 2])
def test_pages_of_an_interface_give_each_post_with_what_lies_beside_it(file: Path, indent: int | None) -> None:
    file.write_text(json.dumps(PAGE, indent=indent) + "\n" + json.dumps(PAGE, indent=indent) + "\n")
    _, posts, said = opened(request(file))
    assert [post.author.handle for post in posts] == ["ann"] * 6
    assert "mapped as: X API v2" in said[1]


def test_an_archive_is_recognised(file: Path) -> None:
    tweet = {"id_str": "15", "created_at": "Fri Nov 18 00:04:50 +0000 2022", "full_text": "Danke &amp; bis bald"}
    file.write_text("window.YTD.tweets.part0 = " + json.dumps([{"tweet": tweet}], indent=2))
    (post,) = opened(request(file))[1]
    assert (post.post_id, post.text) == ("twitter:15", "Danke & bis bald")


@pytest.mark.parametrize("text", [HEAD + ROWS, json.dumps(PAGE), json.dumps(POST)])
def test_a_run_that_is_taken_up_decides_nothing_again(file: Path, text: str) -> None:
    file.write_text(text)
    asked = request(file, platform="shop")
    found, posts, _ = opened(asked)
    kept = orjson.loads(orjson.dumps(dict(found.decided)))
    again, same, said = opened(asked, kept)
    assert (same, said, again.decided) == (posts, [], found.decided)


def test_what_was_asked_makes_another_run(file: Path) -> None:
    asked = request(file)
    assert asked.options() != request(file, asked=Asked(encoding="cp1252")).options()
    assert orjson.loads(orjson.dumps(asked.options())) == asked.options()


def test_a_broken_row_is_named_and_costs_no_other(file: Path) -> None:
    file.write_text(
        HEAD + 'r0;uwe;2026-11-29T17:14:01Z;"naja;1,0\n' + ROWS + 'r3;udo;2026-11-29T17:14:03Z;"na; ja";3\n'
    )
    with ExitStack() as stack:
        asked = request(file, platform="shop")
        found = open_input(asked, open_place(asked.file, stack), StopRequest(), {}, lambda _line: None)
        bad, *good = found.candidates
    assert isinstance(bad.found, Permanent)
    assert (bad.line, len(good)) == (2, 3)


def test_an_inspection_shows_the_map_the_posts_and_the_questions(file: Path) -> None:
    file.write_text(HEAD + ROWS)
    found = inspect_file(request(file))
    assert found.source_map["columns"]["post_id"]["of"] == ["id"]
    assert [post["text"] for post in found.posts] == ["naja", "Gut"]
    assert any("--platform" in question for question in found.questions)


def test_an_inspection_names_columns_that_nothing_is_taken_from_and_cells_that_are_left_out(file: Path) -> None:
    rows = ["r1;uwe;2026-11-29T17:14:01Z;naja;viele;ja", *(f"{row};" for row in ROWS.split()), ""]
    file.write_text(HEAD.replace("\n", ";answer\n") + "\n".join(rows))
    found = inspect_file(request(file, platform="shop"))
    assert any(line == "not used: answer" for line in found.decided)
    assert found.left_out == ["rating from stars: invalid_number (1)"]
    assert found.can_be_sent


def test_an_inspection_of_what_cannot_be_sent_says_so(file: Path) -> None:
    file.write_text(json.dumps([{"id": 1, "subject": "Broken", "created_at": "2026-06-05T14:00:00Z", "what": {}}]))
    found = inspect_file(request(file, platform="desk"))
    assert not found.can_be_sent
    assert "no known map fits" in found.questions[0]


def test_posts_in_several_lists_are_asked_for_and_never_half_read(file: Path) -> None:
    post = {"id": 1, "user": "ann", "date": "2026-11-28T10:00:00Z", "text": "hi"}
    file.write_text(json.dumps({"posts": [post], "comments": [post | {"id": 2}, post | {"id": 3}]}))
    with pytest.raises(Misconfigured, match="--entries; there are: posts, comments"):
        opened(request(file, platform="shop"))
    _, posts, _ = opened(request(file, platform="shop", asked=Asked(entries="posts")))
    assert [one.post_id for one in posts] == ["shop:1"]


def test_rounded_ids_are_sent_only_if_somebody_says_that_they_are_whole(file: Path) -> None:
    post = {"user": "ann", "date": "2026-11-28T10:00:00Z", "text": "hi"}
    ids = [1594356464738230300, 1594356464738230800, 1594356464738231000]
    file.write_text("".join(json.dumps({"id": number, **post}) + "\n" for number in ids))
    with pytest.raises(Misconfigured, match="--ids exact"):
        opened(request(file, platform="shop"))
    _, posts, _ = opened(request(file, platform="shop", said={"ids": "exact"}))
    assert [one.post_id for one in posts] == [f"shop:{number}" for number in ids]


def test_entries_that_were_made_flat_keep_their_authors(file: Path) -> None:
    entry = {"id": 1, "user.id": "9", "user.username": "ann", "date": "2026-11-28T10:00:00Z", "text": "hi"}
    file.write_text(json.dumps(entry))
    (post,) = opened(request(file, platform="shop"))[1]
    assert (post.author.author_id, post.author.handle) == ("shop:9", "ann")


def test_an_inspection_keeps_what_was_decided_apart_from_what_is_asked(file: Path) -> None:
    file.write_text(HEAD.replace("date", "when") + ROWS)
    source = parse_columns("post_id=id,author.author_id=user,created_at=date,text=text,platform==shop")
    found = inspect_file(request(file, columns=source))
    assert [line.partition(" ")[0] for line in found.decided] == ["read", "mapped", "not"]
    assert ["no column 'date'" in question for question in found.questions] == [True]
    shown = list(inspection_lines(found, "earshot"))
    assert shown[: len(found.decided)] == found.decided


@pytest.mark.parametrize("entries", ["lines", "table", "answer"])
def test_nothing_is_made_of_what_an_earlier_call_has_dealt_with(
    file: Path, entries: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [f"r{number};uwe;2026-11-29T17:14:0{number}Z;naja;1,0" for number in range(6)]
    posts = [{**PAGE["data"][0], "id": f"r{number}"} for number in range(6)]  # type: ignore[index]
    texts = {
        "table": HEAD + "\n".join(rows),
        "lines": "\n".join(json.dumps(post) for post in posts),
        "answer": json.dumps({**PAGE, "data": posts}),
    }
    file.write_text(texts[entries])
    asked = request(file, platform="chirp")
    whole, before, _ = opened(asked)
    made: list[Entry] = []
    inner = Mapper.post_of

    def counted(mapper: Mapper, entry: Entry) -> Mapped:
        made.append(entry)
        return inner(mapper, entry)

    monkeypatch.setattr(Mapper, "post_of", counted)
    done_to = 4 + (entries == "table")
    _, after, _ = opened(asked, whole.decided, done_to=done_to)
    assert [post.post_id for post in after] == [post.post_id for post in before[4:]]
    assert len(made) == len(after) == 2


def test_columns_for_some_fields_complete_the_map_that_is_found(file: Path) -> None:
    file.write_text("id;user;date;text;comment\nr1;uwe;2026-11-29T17:14:01Z;naja;wirklich\n")
    _, (post,), _ = opened(request(file, platform="chirp", columns=None))
    assert post.text == "naja"
    asked = IngestRequest(
        str(file), "acme", parse_columns("text=comment"), file_options=FileOptions(platform="chirp")
    )
    _, (post,), _ = opened(asked)
    assert (post.text, post.author.author_id, post.post_id) == ("wirklich", "chirp:uwe", "chirp:r1")


def test_a_network_that_no_map_knows_is_named_if_one_is_near(file: Path) -> None:
    file.write_text(HEAD + ROWS)
    _, _, said = opened(request(file, platform="twiter", said={"decimal": ","}))
    assert any("did you mean twitter?" in line for line in said)
    _, _, said = opened(request(file, platform="chirp", said={"decimal": ","}))
    assert not any("did you mean" in line for line in said)


def test_an_archive_is_its_owners_whom_the_file_beside_it_names(tmp_path: Path) -> None:
    tweet = {"id_str": "15", "full_text": "hi", "created_at": "Fri Nov 18 00:04:50 +0000 2022"}
    file = tmp_path / "tweets.js"
    file.write_text("window.YTD.tweets.part0 = " + json.dumps([{"tweet": tweet}]))
    _, (post,), said = opened(request(file))
    assert post.author.author_id == "twitter:archive-owner"
    assert any("account.js" in line for line in said)
    account = {"accountId": "99", "username": "acme", "accountDisplayName": "Acme"}
    (tmp_path / "account.js").write_text("window.YTD.account.part0 = " + json.dumps([{"account": account}]))
    _, (post,), said = opened(request(file))
    assert (post.author.author_id, post.author.handle, post.author.name) == ("twitter:99", "acme", "Acme")
    assert not any("account.js" in line for line in said)


def test_posts_within_posts_of_an_unknown_shape_are_counted(file: Path) -> None:
    post = {"id": "1", "user": "ann", "text": "hi", "date": "2026-11-29T17:14:01Z"}
    lines = [{**post, "id": str(number), "answers": [post] * number} for number in range(3)]
    file.write_text("\n".join(json.dumps(line) for line in lines))
    with ExitStack() as stack:
        found = open_input(request(file, platform="chirp"), open_place(str(file), stack), StopRequest(), {}, print)
        left = [out.column for one in found.candidates for out in one.left_out]
    assert left == ["answers"] * 3


def test_many_columns_are_not_all_listed(file: Path) -> None:
    names = ";".join(f"c{number}" for number in range(5000))
    file.write_text(f"id;user;date;text;{names}\nr1;uwe;2026-11-29T17:14:01Z;naja{';' * 5000}\n")
    _, _, said = opened(request(file, platform="chirp"))
    assert max(map(len, said)) < 1000
    assert any("5,004 in all" in line for line in said)


def test_a_delimiter_that_parts_nothing_is_answered_with_one_that_does(file: Path) -> None:
    file.write_text(HEAD + ROWS)
    with pytest.raises(Misconfigured, match="';' parts them into 5"):
        opened(request(file, asked=Asked(delimiter="|")))


@pytest.mark.parametrize(
    ("name", "direct", "public"),
    [
        ("privado", "sim", "não"), ("privé", "oui", "non"), ("vertraulich", "ja", "nein"), ("type", "dm", "note"),
        ("public", "non", "oui"), ("öffentlich", "nein", "ja"), ("channel", "Direct Message", "Comment"),
        ("Art", "Privatnachricht", "Kommentar"),
    ],
)  # fmt: skip
def test_a_message_that_only_the_brand_can_see_never_comes_out_public(
    file: Path, name: str, direct: str, public: str
) -> None:
    rows = [f"{number};ann;2026-11-29T10:0{number}:00Z;x;{word}" for number, word in enumerate((direct, public))]
    file.write_text("\n".join([f"id;user;date;text;{name}", *rows]))
    _, posts, said = opened(request(file, platform="chirp"))
    assert [post.visibility for post in posts] == ["direct", "public"]
    assert any(line.endswith(f"read from {name}") for line in said)


def test_texts_of_an_unknown_source_that_are_html_are_read_so(file: Path) -> None:
    file.write_text("id,user,date,text\n1,ann,2026-11-29T10:00:00Z,<p>AT&amp;T<br>down</p>\n")
    _, (post,), _ = opened(request(file, platform="chirp"))
    assert post.text == "AT&T\ndown"


def test_an_id_that_different_posts_share_is_named(file: Path) -> None:
    file.write_text("id;user;date;text\n1;ann;2026-11-29T10:00:00Z;a\n1;bob;2026-11-29T10:01:00Z;b\n")
    _, _, said = opened(request(file, platform="chirp"))
    assert any("different posts have the id 1" in line for line in said)


def test_an_inspection_shows_only_posts_that_the_contract_takes(file: Path) -> None:
    file.write_text("id;user;date;text\n1;ann;2026-11-29T10:00:00Z;a\nall;2;;\n")
    found = inspect_file(request(file, platform="chirp"))
    assert [post["post_id"] for post in found.posts] == ["chirp:1"]
    assert [line for line in found.refused if "created_at: is missing" in line] == found.refused != []
