"""Encodings: marks, zeros and bytes decide, and text of any encoding is read as UTF-8."""

from io import BufferedReader, BytesIO

import pytest

from pipeline.errors import Misconfigured
from pipeline.ingest.look.encoding import Utf8, encoding, known

SAID = {
    "cp1252": "Störung seit gestern – 50 € weg, größer Ärger",
    "cp1250": "internet nie działa od wczoraj, proszę o pomoc, żółć",
    "cp1251": "Привет, интернет не работает со вчерашнего дня, помогите",
    "koi8_r": "Привет, интернет не работает со вчерашнего дня, помогите",
    "cp1254": "İnternet çalışmıyor, dünden beri şikayet",
    "cp932": "インターネットが使えません。昨日からずっとです。",
    "gb18030": "网络坏了，请帮忙。昨天开始不能上网",
    "cp949": "인터넷이 안돼요 어제부터 도와주세요",
}


def table(text: str) -> str:
    return "id,user,text\n" + "".join(f"{number},ann,{text}\n" for number in range(5))


@pytest.mark.parametrize("name", SAID)
def test_a_legacy_encoding_is_told_by_its_text(name: str) -> None:
    assert encoding(table(SAID[name]).encode(name)) == name


@pytest.mark.parametrize("name", ["utf-16-le", "utf-16-be", "utf-8", "utf-32-le", "utf-32-be"])
def test_a_byte_order_mark_decides(name: str) -> None:
    assert encoding(("\ufeff" + table("Störung")).encode(name)) == name


@pytest.mark.parametrize("name", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", ["hello", "Störung", "网络坏了，请帮忙"])
def test_utf_16_without_a_mark_is_told_by_its_zeros(name: str, text: str) -> None:
    assert encoding(table(text).encode(name)) == name


def test_a_sample_that_ends_within_a_character_is_utf_8() -> None:
    assert encoding("größe".encode()[:-3]) == "utf-8"


def test_one_bad_byte_among_umlauts_is_damage_and_no_other_encoding() -> None:
    assert encoding(table("Störung").encode() + b"9,ann,\xff\n") == "utf-8"


def test_bytes_that_an_encoding_does_not_have_stay_and_are_no_utf_8() -> None:
    read = BufferedReader(Utf8(BufferedReader(BytesIO(b"St\xf6rung \x81 ok")), "cp1252", returns=False)).read()
    assert read == "Störung ".encode() + b"\x81 ok"


@pytest.mark.parametrize("name", [*SAID, "utf-16-le", "utf-32-be"])
def test_text_of_any_encoding_is_read_as_utf_8(name: str) -> None:
    text = table(SAID.get(name, "Störung 😀"))
    stream = Utf8(BufferedReader(BytesIO(text.encode(name))), name, returns=False)
    assert b"".join(iter(lambda: stream.read(7), b"")).decode() == text


def test_bare_carriage_returns_become_line_ends() -> None:
    assert BufferedReader(Utf8(BufferedReader(BytesIO(b"a\rb\r")), "utf-8", returns=True)).read() == b"a\nb\n"


def test_the_name_of_an_encoding_is_checked() -> None:
    assert known("UTF-8-SIG") == "utf-8"
    assert known("Latin-1") == "iso8859-1"
    for name in ("nonsense", "hex", "rot13"):
        with pytest.raises(Misconfigured, match="--encoding"):
            known(name)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("id;Autor\n1;Łukasz\n2;Żaneta\n", "cp1250"),
        ("id;nutzer;text\r1;Jörg;Größe\r2;Ute;schön\r", "mac_roman"),
        ("id;texto\n1;¿Qué pasa? ¡Nada!\n2;50 £ menos\n", "cp1252"),
    ],
)
def test_signs_that_begin_no_word_and_ends_of_lines_tell_the_encoding(text: str, name: str) -> None:
    assert encoding(text.encode(name)) == name
