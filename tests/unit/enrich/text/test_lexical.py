"""What each shared pattern matches: one example a row, and what tells neighbouring patterns apart."""

import re

import pytest

from pipeline.enrich.text import lexical
from pipeline.enrich.text.lexical import decode_entities

MEANINGS = [
    # pattern, text, what it matches there (the group, where the pattern has one)
    ("LINK", "see https://acme.example/a?b=c now", ["https://acme.example/a?b=c"]),
    ("LINK", "see WWW.acme.example, now", ["WWW.acme.example,"]),
    ("LINK", "(http://a.example)", ["http://a.example)"]),
    ("LINK", "broken http:// and www.", ["http://", "www."]),
    ("LINK", "seehttp://a.example and awww.so cute", []),
    ("LINK", "acme.example/help and ftp://a.example", []),
    ("LINK_WITH_TARGET", "see https://acme.example", ["https://a"]),
    ("LINK_WITH_TARGET", "broken http:// and www. only", []),
    ("LINK_WITH_TARGET", "seehttp://a.example", []),
    ("LINK_ANYWHERE", "seehttp://a.example and awww.so cute", ["http://a.example", "www.so"]),
    ("LINK_ANYWHERE", "HTTPS://a.example http://", ["HTTPS://a.example", "http://"]),
    ("LINK_NAME_OR_WORD", "@acme no signal, again!", ["", "no", "signal", ",", "again", "!"]),
    ("LINK_NAME_OR_WORD", "see http://a.example/b www.b.example x", ["see", "", "", "x"]),
    ("LINK_NAME_OR_WORD", "HTTP://a", ["HTTP", ":", "a"]),
    ("LINK_NAME_OR_WORD", "so (50%) - ok", ["so", "(", "50", ")", "ok"]),
    ("LINK_NAME_OR_WORD", "@acme.care", ["", ".", "care"]),
    ("LINK_OR_DOTTED_NAME", "@acme.care. http://a.example", ["@acme.care", "http://a.example"]),
    ("LINK_OR_DOTTED_NAME", "@@acme a@b.example @", ["@@acme", "@b.example"]),
    ("LINK_OR_DOTTED_NAME", "the http word", []),
    ("LINK_OR_AT_SIGNS", "the http word @acme.care @@ @", ["http", "@acme", "@@", "@"]),
    ("LINK_OR_AT_SIGNS", "WWW.a.example httpd", ["WWW.a.example"]),
    ("HANDLE", "@acme.care. and @b", ["acme.care", "b"]),
    ("HANDLE", "@@acme a@b.example", []),
    ("MENTION", "@acme.care and @@b", ["@acme", "@@b"]),
    ("MENTION", "jane@acme.example", []),
    ("MENTION", "jane@@acme", ["@acme"]),
    ("ENTITY", "&lt; &amp;amp;lt; &AMP;#64; &#x41;", ["lt;", "lt;", "#64;", "#x41;"]),
    ("ENTITY", "&amp; fish&chips &lt", ["amp;"]),
    ("ENTITY", "&elevenchars;", []),
    ("ENTITY_IN_SMALL_LETTERS", "&AMP;lt; &amp;lt;", ["&AMP;", "&amp;lt;"]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "matched"), MEANINGS)
def test_what_a_pattern_matches(name: str, text: str, matched: list[str]) -> None:
    assert re.findall(getattr(lexical, name), text) == matched


def test_every_pattern_has_examples() -> None:
    public = {name for name in vars(lexical) if name.isupper() and not name.startswith("_")}
    assert public == {name for name, _, _ in MEANINGS}


@pytest.mark.parametrize(
    ("text", "decoded"),
    [
        ("fish &amp; chips", "fish & chips"),
        ("&amp;amp;lt;3", "<3"),
        ("&#x41;&#66;", "AB"),
        ("&nosuch; R&D;", "&nosuch; R&D;"),
        ("AT&T", "AT&T"),
    ],
)
def test_entities_become_what_they_stand_for(text: str, decoded: str) -> None:
    assert decode_entities(text) == decoded
