"""Cells: the spellings of ids, times, numbers and booleans that exports use."""

import pytest

from pipeline.errors import Permanent
from pipeline.ingest.sources.values import amounts, identity, markup, plain
from pipeline.ingest.sources.values.dates import Order
from pipeline.ingest.sources.values.nobody import stands_for_nobody
from pipeline.ingest.sources.values.times import Times


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("17", "chirp:17"),
        ("3.0", "chirp:3"),
        ("chirp:17", "chirp:17"),
        (" 17 ", "chirp:17"),
        ("v1.0", "chirp:v1.0"),
        ("at://did:plc:x/app/3k", "chirp:at://did:plc:x/app/3k"),
        ("", None),
        ("NaN", None),
        ("nan", None),
        ("null", None),
    ],
)
def test_ids_get_their_prefix(cell: str, expected: str | None) -> None:
    assert identity.native_id("chirp", cell, []) == expected


@pytest.mark.parametrize(("cell", "code"), [("9.25e+17", "id_lost_digits"), ("2,3", "several_values")])
def test_an_id_that_names_no_single_post_is_refused(cell: str, code: str) -> None:
    with pytest.raises(Permanent) as caught:
        identity.native_id("chirp", cell, [])
    assert caught.value.code == code


@pytest.mark.parametrize(
    "cell",
    [
        "2017-10-31T22:10:47Z",
        "2017-10-31T22:10:47.000+00:00",
        "2017-10-31 22:10:47",
        "2017-10-31 22:10:47 UTC",
        "2017-11-01T00:10:47+02:00",
        "2017-10-31 22:10:47 +0000",
        "Tue Oct 31 22:10:47 +0000 2017",
        "Tue, 31 Oct 2017 22:10:47 +0000",
        "1509487847",
        "1509487847.0",
        "1509487847000",
        "1509487847000000",
    ],
)
def test_every_known_spelling_of_a_time_is_the_same_moment(cell: str) -> None:
    from datetime import UTC, datetime

    found = Times()(cell, [])
    assert isinstance(found, str)
    assert datetime.fromisoformat(found) == datetime(2017, 10, 31, 22, 10, 47, tzinfo=UTC)


def test_formats_of_the_map_are_tried_first() -> None:
    assert Times(("%Y-%d-%m",))("2017-05-06", []) == "2017-06-05T00:00:00+00:00"
    assert Times(("%d.%m.%Y %H:%M",))("31.10.2017 22:10", []) == "2017-10-31T22:10:00+00:00"
    assert Times(("%Y%m%d%H%M%S",))("20171031221047", []) == "2017-10-31T22:10:47+00:00"


@pytest.mark.parametrize("cell", ["yesterday", "1 year ago", "2017-W43-2", "1.37044E+12", "99999999999999999999"])
def test_an_unknown_time_is_refused(cell: str) -> None:
    with pytest.raises(Permanent) as caught:
        Times()(cell, [])
    assert caught.value.code == "invalid_time"
    assert "--time-format" in caught.value.detail


@pytest.mark.parametrize(
    ("cell", "expected"), [("True", True), ("no", False), ("1.0", True), ("F", False), ("", None)]
)
def test_booleans(cell: str, expected: bool | None) -> None:
    assert plain.boolean(cell, []) is expected


@pytest.mark.parametrize(
    ("cell", "expected"), [("12", 12), ("12.0", 12), ("4.5", 4.5), ("1,204", 1204), ("", None)]
)
def test_numbers(cell: str, expected: float | None) -> None:
    assert amounts.number(cell, None, True, []) == expected


@pytest.mark.parametrize("cell", ["many", "inf", "1e999"])
def test_what_is_no_number_is_refused(cell: str) -> None:
    with pytest.raises(Permanent) as caught:
        amounts.number(cell, None, True, [])
    assert caught.value.code == "invalid_number"


def test_text_stays_as_it_is_and_only_empty_is_absent() -> None:
    assert plain.text(" null \n", []) == " null \n"
    assert plain.text("", []) is None


@pytest.mark.parametrize("cell", ["2026-11-29+02:00", "2026-11-29-10:00"])
def test_the_zone_behind_a_day_is_no_clock(cell: str) -> None:
    with pytest.raises(Permanent, match="invalid_time"):
        Times()(cell, [])


def test_the_order_of_a_date_that_somebody_has_said_counts_also_between_dots() -> None:
    assert Times((), None, "mdy")("05.06.2026 10:00", []) == "2026-05-06T10:00:00+00:00"
    assert Times()("05.06.2026 10:00", []) == "2026-06-05T10:00:00+00:00"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Отзовик.ru", "Другой.ru"),
        ("müller", "möller"),
        ("reviews.of.a.very.long.name.example.com", "reviews.of.a.very.long.name.example.org"),
    ],
)
def test_two_networks_keep_two_names(one: str, other: str) -> None:
    names = {str(plain.platform(name, [])) for name in (one, other)}
    assert len(names) == 2
    assert all(len(name) <= 32 for name in names)
    assert plain.platform("Google Play", []) == "google_play"


def test_a_list_that_is_all_blanks_is_refused_at_once() -> None:
    with pytest.raises(Permanent, match="several_values"):
        identity.native_id("chirp", "[" + " " * 50_000 + "x", [])


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>a</p><![foo[bar]]> b", "a\n\nb"),
        ("<![if !vml]>shown<![endif]>", "shown"),
        ("<b>if</b> a<b then &amp; c", "if a<b then & c"),
    ],
)
def test_html_that_is_none_stays_text(html: str, text: str) -> None:
    assert markup.visible(html) == text


def test_tags_that_never_end_cost_no_more_than_their_length() -> None:
    assert markup.visible("<a " * 50_000).startswith("<a <a")


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        (
            'see <a href="https://acme.example/x?a=1&amp;b=2">our page</a>.',
            "see our page (https://acme.example/x?a=1&b=2).",
        ),
        ('<a href="https://acme.example/">acme.example</a>', "acme.example"),
        ('<a href="https://www.acme.example/a">https://acme.example/a</a>', "https://acme.example/a"),
        (
            '<a href="https://m.example/@bob" class="mention">@<span>bob</span></a> <a href="https://m.example/tags/x">#x</a>',
            "@bob #x",
        ),
        (
            '<a href="https://v.example/w?t=72">1:12</a> <a href="/u/bob">Bob</a> <a href="mailto:a@b.c">me</a>',
            "1:12 Bob me",
        ),
        ('<a href="https://acme.example/logo"><img src="x"></a>ok', "ok"),
        ("press <Enter> or <Strg>+<C/>, then </Enter>", "press <Enter> or <Strg>+<C/>, then </Enter>"),
        (
            "<p>mail <ann@example.com>, see <https://acme.example/a></p>",
            "mail <ann@example.com>, see <https://acme.example/a>",
        ),
        ("<o:p>a</o:p><st1:City>Ulm</st1:City>", "aUlm"),
    ],
)
def test_links_keep_their_address_and_words_in_brackets_are_words(html: str, shown: str) -> None:
    assert markup.visible(html) == shown


def test_a_nul_in_a_text_or_word_is_replaced_and_noted() -> None:
    notes: list[str] = []
    assert (plain.text("a\0b", notes), plain.word("\0x ", notes), notes) == ("a\ufffdb", "\ufffdx", ["nul", "nul"])


@pytest.mark.parametrize(
    ("cell", "order", "found"),
    [
        ("26/11/29", None, "ambiguous_date"),
        ("26-11-29 10:00", None, "ambiguous_date"),
        ("26/11/29", "ymd", "2026-11-29T00:00:00+00:00"),
        ("26/11/29", "dmy", "2029-11-26T00:00:00+00:00"),
        ("26.11.29", None, "2029-11-26T00:00:00+00:00"),
        ("11/26/29", None, "2029-11-26T00:00:00+00:00"),
        ("26/11/69", None, "1969-11-26T00:00:00+00:00"),
        ("26/11/2029", "ymd", "invalid_time"),
    ],
)
def test_a_year_of_two_digits_may_be_in_front(cell: str, order: Order, found: str) -> None:
    times = Times((), None, order)
    if found[:1].isdigit():
        assert times(cell, []) == found
    else:
        with pytest.raises(Permanent, match=found):
            times(cell, [])


@pytest.mark.parametrize("name", ["***", "a***n", "N.N.", "k.A.", "???", "0", "[deleted]", "A Google user"])
def test_a_name_that_many_have_stands_for_nobody(name: str) -> None:
    assert stands_for_nobody(name)


@pytest.mark.parametrize("name", ["ann", "🌸", "O'Neil", "a_b", "00", "D*"])
def test_a_name_of_ones_own_stands_for_somebody(name: str) -> None:
    assert not stands_for_nobody(name)


@pytest.mark.parametrize("cell", ["29.11.2026, 17:14 Uhr", "29.11.2026 17:14 Uhr", "29. November 2026, 17:14 Uhr"])
def test_the_word_behind_a_german_clock_is_passed_over(cell: str) -> None:
    assert Times()(cell, []) == "2026-11-29T17:14:00+00:00"
