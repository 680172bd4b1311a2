"""Reads dead letters and the receipts of their replays.

It gives letters one by one, and changes no topic. How a letter is shown to a person is decided in `shape`, since
it holds plain text.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import orjson
from pydantic import ValidationError

from pipeline.adapters.kafka.reader import Message, TopicReader, Window
from pipeline.codec import decode
from pipeline.errors import Misconfigured, Permanent
from schemas.base import SourcePosition
from schemas.dead_letter import SUFFIX, DeadLetterInfo, Replay, dead_letters_of, decode_headers, place_of
from schemas.topics import REPLAYS

UNREADABLE = "unreadable_headers"
"""Stands for the code of a record in a dead-letter topic that no stage of Earshot wrote."""
_PLACE = re.compile(r"(?:(.+)/)?(\d{1,10})/(\d{1,19})")


@dataclass(frozen=True)
class Letter:
    """One dead letter."""

    place: SourcePosition
    info: DeadLetterInfo | None
    """None where the headers cannot be read."""
    key: bytes | None
    value: bytes | None
    appended_ms: int
    """Time at which it was put there, in milliseconds."""

    @property
    def topic(self) -> str:
        """The topic that the record was given up from."""
        return self.place.topic.removesuffix(SUFFIX)

    @property
    def code(self) -> str:
        """The code of the refusal."""
        return UNREADABLE if self.info is None else self.info.code

    @property
    def workspace(self) -> str | None:
        """The workspace that value or key name."""
        try:
            document = orjson.loads(self.value or b"")
        except orjson.JSONDecodeError:
            document = None
        if isinstance(document, dict) and isinstance(document.get("workspace"), str):
            return str(document["workspace"])
        return (self.key or b"").decode(errors="replace").partition("/")[0] or None


class Wanted(NamedTuple):
    """Which letters are wanted. All parts that are given must fit, and without any every letter is wanted."""

    topic: str | None = None
    """With or without `.dlq`."""
    code: str | None = None
    workspace: str | None = None

    def fits(self, letter: Letter) -> bool:
        """Whether the letter fits code and workspace. Its topic is chosen before."""
        if self.code is not None and letter.code != self.code:
            return False
        return self.workspace is None or letter.workspace == self.workspace


@dataclass
class Count:
    """Counts the letters of one topic with one code."""

    topic: str
    code: str
    letters: int = 0
    replayed: int = 0
    """How many of them were sent back at least once."""
    oldest_ms: int = 0
    newest_ms: int = 0
    newest_letter: str = ""
    """The name of the newest of them, by which it is shown and sent back."""


Receipts = dict[SourcePosition, list[int]]
"""Maps a letter to the times at which it was sent back, oldest first."""


def read_letters(reader: TopicReader, wanted: Wanted, newest: int | None = None) -> Iterator[Letter]:
    """Yields the letters that are there now, topic by topic, with those of a partition in order.

    Args:
        reader: connected.
        wanted: which of them.
        newest: only so many offsets at the end of each partition are looked at; None: all.

    Raises:
        Misconfigured: the cluster has no such dead-letter topic.
        ServiceMissing, Transient: as `TopicReader`.
    """
    for topic in dead_letter_topics(reader, wanted.topic):
        window = reader.window(topic)
        if newest is not None:
            # The newest letters of a partition lie at its end, so only that end is read.
            window = Window({n: max(low, window.end[n] - newest) for n, low in window.low.items()}, window.end)
        for message in reader.read(topic, window):
            letter = _letter(message)
            if wanted.fits(letter):
                yield letter


def dead_letter_topics(reader: TopicReader, topic: str | None) -> list[str]:
    """Returns the names of all dead-letter topics, or that of `topic`.

    Raises:
        Misconfigured: the cluster has no such dead-letter topic.
    """
    there = sorted(name for name in reader.partitions if name.endswith(SUFFIX))
    if topic is None:
        return there
    name = dead_letters_of(topic.removesuffix(SUFFIX))
    if name not in there:
        raise Misconfigured(
            f"there is no topic {name}; there are {', '.join(there) or 'none: earshot topics apply'}"
        )
    return [name]


def letter_at(reader: TopicReader, place: SourcePosition) -> Letter | None:
    """Returns the letter at a place. None says that there is none, or none any more.

    Raises:
        Misconfigured: the cluster has no such dead-letter topic.
    """
    dead_letter_topics(reader, place.topic)
    whole = reader.window(place.topic)
    # The bounds are asked first, because an offset out of range would make the client begin at the first record.
    if not whole.low.get(place.partition, 0) <= place.offset < whole.end.get(place.partition, 0):
        return None
    window = Window({place.partition: place.offset}, {place.partition: place.offset + 1})
    letters = [_letter(message) for message in reader.read(place.topic, window)]
    return next((letter for letter in letters if letter.place == place), None)


def parse_place(text: str) -> SourcePosition:
    """Reads `TOPIC.dlq/PARTITION/OFFSET`.

    Raises:
        Misconfigured: it is something else.
    """
    match = _PLACE.fullmatch(text)
    if match is None or match[1] is None or not match[1].endswith(SUFFIX):
        raise Misconfigured(
            f"{text}: a letter is named TOPIC{SUFFIX}/PARTITION/OFFSET, as `earshot dlq list --each` does"
        )
    try:
        return SourcePosition(topic=match[1], partition=int(match[2]), offset=int(match[3]))
    except ValidationError:
        raise Misconfigured(f"{text}: there are no such topics, partitions or offsets") from None


def read_receipts(reader: TopicReader) -> Receipts:
    """Returns which letters were sent back, and when. A receipt that cannot be read counts as none."""
    receipts: Receipts = {}
    if REPLAYS.name not in reader.partitions:
        return receipts
    for message in reader.read(REPLAYS.name, reader.window(REPLAYS.name)):
        try:
            receipt = decode(Replay, message.value())
        except Permanent:
            continue
        receipts.setdefault(receipt.letter, []).append(receipt.replayed_ms)
    return receipts


def counted(letters: Iterable[Letter], receipts: Receipts) -> list[Count]:
    """Counts letters by topic and code, and returns the counts in that order."""
    counts: dict[tuple[str, str], Count] = {}
    for letter in letters:
        count = counts.setdefault((letter.topic, letter.code), Count(letter.topic, letter.code))
        count.letters += 1
        count.replayed += letter.place in receipts
        count.oldest_ms = min(count.oldest_ms or letter.appended_ms, letter.appended_ms)
        if letter.appended_ms >= count.newest_ms:
            count.newest_ms, count.newest_letter = letter.appended_ms, place_of(letter.place)
    return [counts[name] for name in sorted(counts)]


def _letter(message: Message) -> Letter:
    key, value = message.key(), message.value()
    place = SourcePosition(topic=message.topic(), partition=message.partition(), offset=message.offset())
    try:
        info = decode_headers(message.headers() or [])
    except ValueError:
        # Another program may have written the record. It is shown all the same, without a reason.
        info = None
    return Letter(
        place,
        info,
        key.encode() if isinstance(key, str) else key,
        value.encode() if isinstance(value, str) else value,
        message.timestamp()[1],
    )
