"""The brief of a case as it is kept: JSON that goes into each assignment of the case as it is."""

import msgspec
from msgspec import Raw, Struct

NOTHING = Raw()
MAX_REASONS = 17
"""Reasons of triage that a brief keeps. An assignment takes 20, and the routing adds up to three of its own."""


class BriefParts(Struct, kw_only=True, omit_defaults=True):
    """The pieces of a brief, each as the JSON that an assignment has under that name."""

    author: Raw
    platform: str
    influence: Raw
    led_by: str | None = None
    """The post of which sentiment, scores and reasons are; None when it is gone."""
    sentiment: Raw = NOTHING
    scores: Raw = NOTHING
    reply: Raw = NOTHING
    """What the platform allows as an answer to the newest post of the contact."""
    posts: list[Raw]
    """Each a CasePost, the oldest first."""
    reasons: Raw
    """The list of them. It is the last, so that an assignment can add its own."""

    def joined(self) -> "Brief":
        """Returns the brief that is made of them."""
        return Brief(_join(self)[1:-1])


_join = msgspec.json.Encoder().encode
_split = msgspec.json.Decoder(BriefParts).decode


class Brief(bytes):
    """What a rep reads about a case: the JSON fields of `BriefParts` in their order, without the outer braces.

    They go into each assignment of the case as they are. Only a post that joins or leaves the case rewrites them,
    so that an offer need not serialise any post again.
    """

    BEGIN = b'"author":'
    __slots__ = ()

    # What is looked for here cannot be within a string, where each quotation mark has a backslash.

    @property
    def author(self) -> bytes:
        """The author as JSON."""
        return self[len(self.BEGIN) : self.index(b',"platform":')]

    @property
    def platform(self) -> str:
        """The network on which to answer."""
        begin = self.index(b',"platform":"') + len(b',"platform":"')
        return self[begin : self.index(b'"', begin)].decode()

    @property
    def reply(self) -> bytes:
        """What the platform allows as an answer, as JSON; empty when that is not known."""
        begin = self.find(b',"reply":')
        return b"" if begin < 0 else self[begin + len(b',"reply":') : self.index(b',"posts":', begin)]

    def parts(self) -> BriefParts:
        """Returns its pieces.

        Raises:
            ValueError: it is not what `joined` has made.
        """
        return _split(b"{%b}" % self)
