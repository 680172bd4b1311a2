"""Holds the patterns of links, of names behind an @ and of HTML entities, which the signals of a post share.

The signals do not all mean the same by "a link". One leaves out what a reader sees as a link, another one wants to
know whether a link leads anywhere, and a third one must recognise a link that is glued to a word. Each meaning has
one pattern here, under a name that says what it includes, so that a signal chooses a meaning instead of writing a
pattern of its own. A change of a pattern changes the scores of every signal that uses it. The public places that
masking leaves alone are a different matter and stand in `privacy/canonical.py`.

Every pattern takes time in proportion to the text, whatever a stranger writes. A pattern that could start at each
sign of a run ("@@@@...") starts only at the first one, because the run would otherwise cost its square.
"""

import re
from html import unescape

_LEAD = r"(?:\bhttps?://|\bwww\.)"
"""How a link begins; the boundary keeps "xhttp://" and "awww." out."""
_DOTTED_NAME = r"\w+(?:\.\w+)*"
"""A name as Bluesky writes it too, "acme.example.com"; a dot at the end is that of the sentence."""

LINK = re.compile(rf"{_LEAD}\S*", re.IGNORECASE)
"""A link, to the next white space. A lead without anything behind it ("http://") counts, so that it disappears
with the links."""

LINK_WITH_TARGET = re.compile(rf"{_LEAD}\S", re.IGNORECASE)
"""The lead of a link and the first character behind it: enough to know that a text links to something."""

_LINK_ANYWHERE = r"(?:https?://|www\.)\S*"
LINK_ANYWHERE = re.compile(_LINK_ANYWHERE, re.IGNORECASE)
"""A link wherever it begins, also inside a word: "seehttp://acme.example" ends with one."""

LINK_NAME_OR_WORD = re.compile(rf"{_LINK_ANYWHERE}|@\w+|(\w+|[.!?;:,\n()])")
"""Splits a folded text into words and the signs that end a clause, which are its only group. Links and names match
without the group, so that their letters are no words. It expects small letters and therefore ignores no case."""

LINK_OR_DOTTED_NAME = re.compile(rf"{_LEAD}\S*|(?<!@)@+{_DOTTED_NAME}", re.IGNORECASE)
"""A link, or a name with the dots inside it, behind any number of @."""

LINK_OR_AT_SIGNS = re.compile(rf"{_LEAD}\S*|\bhttps?\b|@+\w*", re.IGNORECASE)
"""A link, the lone word "http" or "https", or a run of @ with the name behind it, if there is one."""

HANDLE = re.compile(rf"(?<![\w@])@({_DOTTED_NAME})")
"""A name behind a single @, with the dots inside it; its group is the name. An e-mail address holds none."""

MENTION = re.compile(r"(?<![\w@])@+\w+|(?<=\w@)@+\w+")
"""A name up to its first dot, behind any number of @. Of "a@@b" it is the second @ with its name: the first one
belongs to the word before."""

ENTITY = re.compile(r"&(?:amp;)*(#?\w{1,10};)", re.IGNORECASE)
"""An HTML entity, also when it was escaped again as `&amp;amp;lt;`. Its group is what stands behind the last
ampersand. A name of more than ten characters is no entity of a single character."""

ENTITY_IN_SMALL_LETTERS = r"&(?:amp;)*#?\w{1,10};"
"""The same without a group, for a pattern that does not ignore case, in which `&AMP;lt;` ends behind `&AMP;`."""


def decode_entities(text: str) -> str:
    """Returns the text with each HTML entity replaced by what it stands for, nested ones in one step."""
    return ENTITY.sub(_decoded, text) if "&" in text else text


def _decoded(entity: re.Match[str]) -> str:
    return unescape("&" + entity[1])
