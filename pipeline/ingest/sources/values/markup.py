"""Turns HTML into the text that a person sees."""

import re
from html import unescape
from html.parser import HTMLParser

_TAGS = """
a abbr acronym address area article aside audio b base basefont bdi bdo big blockquote body br button canvas
caption center cite code col colgroup data datalist dd del details dfn dialog dir div dl dt em embed
fieldset figcaption figure font footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html i
iframe img input ins kbd label legend li link main map mark marquee menu meta meter nav nobr noframes
noscript object ol optgroup option output p param picture pre progress q rp rt ruby s samp script search
section select small source span strike strong style sub summary sup svg table tbody td template textarea
tfoot th thead time title tr track tt u ul var video wbr
"""
"""The elements of HTML, with those that are out of use (HTML standard, indices and 16.2). Other words in brackets
were written by people, such as <Word> or the address of a mail."""
_KNOWN = frozenset(_TAGS.split())
_OF_OFFICE = re.compile(r"[a-z]\w{0,2}:[a-z]\w*")
"""Office programs write elements of their own, such as o:p."""
_TIMESTAMP = re.compile(r"\d{1,2}(?::\d\d){1,2}")
_HIDDEN = frozenset({"script", "style", "head", "template"})
_BLOCKS = frozenset({"p", "div", "li", "tr", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "pre"})
_BLANKS = re.compile(r"[ \t\r\f\v]+")
_SECTIONS = re.compile(r"<!\[[^>]*>?")
"""Office programs write such as `<![endif]>`, which a browser takes for comments (HTML standard, 13.2.5.42)."""
_MANY_LINES = re.compile(r"\n{3,}")


def entities(text: str) -> str:
    """Returns the text with `&amp;` and its like as the signs that they stand for. Tags stay."""
    return unescape(text) if "&" in text else text


def visible(text: str) -> str:
    """Returns what a browser shows of HTML: paragraphs and breaks as line ends, no tags, no scripts.

    The address of a link stands in brackets behind its words, where it leads to another address than they say.
    """
    if "<" not in text:
        return entities(text)
    whole, end, rest = _SECTIONS.sub("", text).rpartition(">")
    reader = _Reader()
    reader.feed(whole + end)
    reader.close()
    # No tag ends behind the last bracket, and the parser would look for an end at each that begins.
    reader.handle_data(entities(rest))
    lines = "".join(reader.pieces).split("\n")
    return _MANY_LINES.sub("\n\n", "\n".join(_BLANKS.sub(" ", line).strip() for line in lines)).strip()


def _address(shown: str, href: str) -> str:
    """Returns the address behind the words of a link in brackets, or nothing where the words say it.

    Interfaces link names, tags and the times of a film to places of their own, which nobody has written.
    """
    told = not shown or shown[0] in "@#" or _TIMESTAMP.fullmatch(shown) is not None
    if told or not href.startswith(("https://", "http://")):
        return ""
    return "" if _bare(shown) == _bare(href) else f" ({href})"


def _bare(address: str) -> str:
    return address.split("://", 1)[-1].removeprefix("www.").rstrip("/").casefold()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._hidden = 0
        self._link: tuple[str, int] | None = None
        self._written: dict[str, str] = {}

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Takes a tag that ends itself."""
        self.handle_starttag(tag, attrs)
        if tag in _KNOWN:
            self.handle_endtag(tag)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes what the tag makes of the text behind it. What is no tag is text."""
        if tag not in _KNOWN and not _OF_OFFICE.fullmatch(tag):
            shown = self.get_starttag_text() or ""
            self._written[tag] = shown[1 : 1 + len(tag)]
            self.handle_data(shown)
        elif tag in _HIDDEN:
            self._hidden += 1
        elif tag == "a":
            self._link = (dict(attrs).get("href") or "", len(self.pieces))
        elif tag == "br" or (tag in _BLOCKS and self.pieces and not self.pieces[-1].endswith("\n")):
            self.pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        """Ends a hidden part, a link or a block."""
        if tag in self._written:
            self.handle_data(f"</{self._written[tag]}>")
        elif tag in _HIDDEN:
            self._hidden = max(0, self._hidden - 1)
        elif tag == "a" and self._link is not None:
            href, begin = self._link
            self.pieces.append(_address("".join(self.pieces[begin:]).strip(), href))
            self._link = None
        elif tag in _BLOCKS:
            self.pieces.append("\n\n" if tag == "p" else "\n")

    def handle_data(self, data: str) -> None:
        """Takes a piece of text."""
        if not self._hidden:
            # A line end in the source of HTML is a blank.
            self.pieces.append(data.replace("\n", " "))
