"""Turns HTML into the text that a person sees."""

import re
from html import unescape
from html.parser import HTMLParser

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
    """Returns what a browser shows of HTML: paragraphs and breaks as line ends, no tags, no scripts."""
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


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        """Notes what the tag makes of the text behind it."""
        if tag in _HIDDEN:
            self._hidden += 1
        elif tag == "br" or (tag in _BLOCKS and self.pieces and not self.pieces[-1].endswith("\n")):
            self.pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        """Ends a hidden part or a block."""
        if tag in _HIDDEN:
            self._hidden = max(0, self._hidden - 1)
        elif tag in _BLOCKS:
            self.pieces.append("\n\n" if tag == "p" else "\n")

    def handle_data(self, data: str) -> None:
        """Takes a piece of text."""
        if not self._hidden:
            # A line end in the source of HTML is a blank.
            self.pieces.append(data.replace("\n", " "))
