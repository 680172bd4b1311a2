"""Finds out in which encoding a text is written, and turns it into UTF-8 as it is read."""

import codecs
import re
import unicodedata
from contextlib import suppress
from functools import cache
from io import BufferedReader, RawIOBase
from typing import Any

from charset_normalizer import from_bytes

from pipeline.errors import Misconfigured

UTF8 = "utf-8"
_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"), (codecs.BOM_UTF8, UTF8),
    (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"),
)  # fmt: skip
"""Lists byte order marks (Unicode 23.8). That of UTF-32 begins with that of UTF-16, and so comes first."""
MAC = "mac_roman"
LATIN = ("cp1252", "cp1250")
"""These two share most of their letters. A sign within a word tells that the other one is meant."""
_TURKISH = "ğış".encode("cp1254")
"""In Western Europe these bytes are letters of Icelandic, which few exports are written in."""
LEGACY = (
    *LATIN, "cp850", MAC, "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "koi8_r", "cp932",
    "gb18030", "cp949", "big5", "euc_jp",
)  # fmt: skip
"""Lists encodings without a mark that exports are still written in. Rarer ones must be named by the operator."""
_GUESSED_FROM_BYTES = 32_768
_STANDS_ALONE = 2.5
"""Letters beyond ASCII that follow each other: about 1 in Latin words, and 4 or more in other scripts."""
_BROKEN = re.compile("[\udc80-\udcff]")
"""Bytes that are no UTF-8 become these (PEP 383)."""
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_WIDE_SHARE = 0.3
"""Latin text in UTF-16 has a zero in nearly every second byte, and Chinese with line ends and digits in many."""


def encoding(sample: bytes) -> str:
    """Returns the name of the encoding, as Python spells it.

    A mark decides, then zeros in every second byte, then whether the bytes are UTF-8. Bytes that are mostly UTF-8
    are damaged UTF-8. All others are in the likeliest of `LEGACY`.

    Args:
        sample: the beginning of a text, which may end within a character.
    """
    marked = next((name for mark, name in _BOMS if sample.startswith(mark)), None)
    if marked is not None:
        return marked
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if max(even, odd) > _WIDE_SHARE * (len(sample) // 2) and min(even, odd) * 4 < max(even, odd):
        return "utf-16-le" if odd > even else "utf-16-be"
    return UTF8 if _is_utf8(sample) else _likeliest(sample)


def _is_utf8(sample: bytes) -> bool:
    decoder = codecs.getincrementaldecoder(UTF8)
    with suppress(UnicodeDecodeError):
        # Most texts are what they seem to be, and then their characters need not be counted.
        decoder("strict").decode(sample)
        return True
    text = decoder("surrogateescape").decode(sample)
    broken = len(_BROKEN.findall(text))
    return len(_BEYOND_ASCII.findall(text)) - broken > broken


def _likeliest(sample: bytes) -> str:
    # Only lines with such bytes tell anything, and a guess costs much per byte.
    telling = b"\n".join(line for line in sample.splitlines() if not line.isascii())[:_GUESSED_FROM_BYTES]
    high = re.findall(rb"[\x80-\xff]+", telling)
    # In Latin words such a letter mostly stands alone, and in those of other scripts they all stand together.
    if sum(map(len, high)) < _STANDS_ALONE * len(high):
        if b"\n" not in sample and _signs_in_words(telling.replace(b"\r", b"\n"), MAC) == 0:
            return MAC  # Only programs of old Macs end lines so.
        signs = {name: _signs_in_words(telling, name) for name in LATIN}
        if signs["cp1252"] == 0 and any(byte in telling for byte in _TURKISH):
            return "cp1254"
        likely = min(LATIN, key=signs.__getitem__)
        if signs[likely] == 0:
            return likely
    best = from_bytes(telling, cp_isolation=list(LEGACY)).best()
    return LATIN[0] if best is None else best.encoding


def _signs_in_words(sample: bytes, name: str) -> int:
    text = sample.decode(name, "replace")
    around = zip(" " + text, text, text[1:], strict=False)
    return sum(
        b > "\x7f" and c.isalpha() and not b.isalpha() and (a.isalpha() or (not a.isdigit() and _begins_none(b)))
        for a, b, c in around
    )


def _begins_none(sign: str) -> bool:
    # A pound sign or an accent alone stands before no word. In another encoding it is a letter.
    return unicodedata.category(sign) in ("Sc", "Sk") and sign != "€"


def known(name: str) -> str:
    """Returns how Python spells an encoding that the operator has named.

    Raises:
        Misconfigured: there is no such encoding of texts.
    """
    try:
        found = codecs.lookup(name)
        "a".encode(name)
    except (LookupError, ValueError):
        raise Misconfigured(
            f"--encoding: {name!r} is no encoding; such as utf-8, utf-16, cp1252, cp1251"
        ) from None
    return UTF8 if found.name in {"utf-8-sig", "ascii"} else found.name


def as_text(sample: bytes, name: str) -> str:
    """Returns the beginning of a text in an encoding. A character that is cut off at its end is left out."""
    return _decoder(name).decode(sample)


def is_utf8_after_all(raw: bytes, name: str) -> bool:
    """Returns whether text that was read in an encoding of single bytes was written in UTF-8.

    Letters of such an encoding hardly ever follow each other as the bytes of UTF-8 do.

    Args:
        raw: the text, which is UTF-8 by now.
        name: in which encoding it was read.
    """
    if raw.isascii() or not _has_single_bytes(name):
        return False
    try:
        return bool(raw.decode().encode(name).decode(UTF8))
    except UnicodeError:
        return False


@cache
def _has_single_bytes(name: str) -> bool:
    return name != UTF8 and len(bytes(range(128, 256)).decode(name, "replace")) == 128


def _decoder(name: str) -> codecs.IncrementalDecoder:
    # The wide encodings know no stray bytes, and half a character in them becomes U+FFFD.
    wide = name.startswith(("utf-16", "utf_16", "utf-32", "utf_32"))
    return codecs.getincrementaldecoder(name)("replace" if wide else "surrogateescape")


class Utf8(RawIOBase):
    """Reads text of any encoding as UTF-8. Bytes that the encoding does not have stay, and are no UTF-8.

    Args:
        stream: the text as it is written.
        name: its encoding.
        returns: whether a bare carriage return ends its lines, as old Macs wrote them.
    """

    def __init__(self, stream: BufferedReader, name: str, *, returns: bool) -> None:
        self._decoder = _decoder(name)
        self._stream = stream
        self._returns = returns
        self._rest = b""
        self._ended = False

    def readable(self) -> bool:
        """Says that bytes can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fills a buffer and returns how many bytes of it, 0 at the end."""
        while not self._rest and not self._ended:
            found = self._stream.read1(len(buffer))
            self._ended = not found
            text = self._decoder.decode(found, final=self._ended)
            if self._returns:
                text = text.replace("\r", "\n")
            self._rest = text.encode(UTF8, "surrogateescape")
        taken = self._rest[: len(buffer)]
        self._rest = self._rest[len(taken) :]
        buffer[: len(taken)] = taken
        return len(taken)
