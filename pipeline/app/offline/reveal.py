"""Reading the plain text of one post: found by its recorded position, told as an event, and only then given out.

In: who wants to read which post, and why. Out: the post as it was received, or why there is nothing to read. The
event is delivered before the text leaves this function; when it cannot be, nothing does. Never here: a log line, a
search through `posts.raw`.
"""

import re
from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid5

import orjson
from pydantic import ValidationError

from pipeline.adapters.clickhouse.analytics import open_analyst
from pipeline.adapters.kafka.beside.delivery import WaitingProducer
from pipeline.adapters.kafka.reader import TopicReader, Window
from pipeline.clock import Clock
from pipeline.codec import decode, encode
from pipeline.errors import EarshotError, Misconfigured, Permanent, ServiceMissing
from pipeline.ports.records import Record
from pipeline.settings import ClickHouseSettings, ClockMode, KafkaSettings, Settings
from schemas.base import SourcePosition
from schemas.people.rep import PostRevealed
from schemas.posts.raw import RawPost
from schemas.topics import RAW, REPS

NAMESPACE = UUID("5d1c6a34-8f0b-5e27-a9c4-3b7f20d6e815")
"""Of the event ids of readings; chosen once."""
DELIVERY_TIMEOUT_S = 30.0
"""A person waits in front of it."""
QUOTED_WORDS = 4
"""So many words of a reason in a row that are also in the post are a quotation."""
_WHERE = """
SELECT raw_topic, raw_partition, raw_offset, url FROM posts
WHERE workspace = {workspace:String} AND post_id = {post_id:String} LIMIT 1
"""
_ARGUMENTS = {"workspace": "--workspace", "rep_id": "--rep", "reason": "--reason", "post_id": "POST_ID"}
_SOURCE = re.compile(r"([^/]+)/(\d{1,10})/(\d{1,19})")
_POST_ID = re.compile(r"[a-z][a-z0-9_]{0,31}:[A-Za-z0-9_.:/=-]{1,200}")
"""A `PostId` of signs that need no quotes in a shell and hold no address."""
_WORKSPACE = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_WORDS = re.compile(r"[^\W_]+")
_TELLING = re.compile(r"\S*(?:@|\d[\d ./-]{2,}\d)\S*")
"""What could be an address, a number, a handle: no reason needs one that stands in the post."""


class Wish(NamedTuple):
    """Who wants to read what, and why."""

    workspace: str
    post_id: str
    rep_id: str
    reason: str


class Revealed(NamedTuple):
    """A post as it was received, and the event that says that it was read."""

    post: RawPost | None
    """None for a dead letter that is no post."""
    text: str
    """Title and text of the post; the whole value of a letter that is none."""
    source: SourcePosition
    event: PostRevealed


class NotRevealed(NamedTuple):
    """Why there is nothing to read."""

    why: str
    url: str | None = None
    """Where the post is on its platform, if that is known."""


class _Stored(NamedTuple):
    source: SourcePosition
    url: str | None


def reveal(settings: Settings, wish: Wish, source: SourcePosition | None, clock: Clock) -> Revealed | NotRevealed:
    """Reads one post.

    Args:
        settings: resolved; ClickHouse too, unless `source` is given.
        wish: who wants to read what.
        source: position of the raw record; None: looked up in the `posts` table.
        clock: stamps the event.

    Raises:
        Misconfigured: an argument is wrong, or the reason quotes the post.
        ServiceMissing: a service does not answer, refuses the reader, or did not confirm the event.
    """
    # Checked before anything is read: a wrong argument is not the post's fault.
    _event(wish, 0, clock.now(), clock.now())
    stored = None
    if source is None:
        stored = _stored(settings.clickhouse, wish)
        if stored is None:
            return NotRevealed(f"no post {wish.post_id} of workspace {wish.workspace} is stored, or it is deleted")
        source = stored.source
    value = read_record(settings.kafka, source)
    if value is None:
        return NotRevealed(
            f"{_place(source)} holds no record: {RAW.name} keeps them {RAW.retention_days} days",
            _url(settings.clickhouse, wish, stored),
        )
    try:
        post = decode(RawPost, value)
    except Permanent as refusal:
        if source.topic == RAW.dlq.name:
            return _letter(settings, wish, source, value, clock)
        return NotRevealed(f"{_place(source)} cannot be read: {refusal.code}")
    if (post.workspace, post.post_id) != (wish.workspace, wish.post_id):
        return NotRevealed(f"{_place(source)} is not post {wish.post_id} of workspace {wish.workspace}")
    if not plain_text(post):
        return NotRevealed(f"{_place(source)} holds no text", post.url)
    text = plain_text(post)
    now = clock.now()
    occurred_at = _occurred_at(settings.clock, post, now)
    return Revealed(post, text, source, _told(settings, wish, text, post.revision, occurred_at, now))


def letter_id(letter: SourcePosition, value: bytes) -> str:
    """What a dead letter of `posts.raw` is called where a post id is needed: its post's, if it says one."""
    return _claim(value, "post_id", _POST_ID) or f"dead_letter:{_place(letter)}"


def parse_source(text: str) -> SourcePosition:
    """`TOPIC/PARTITION/OFFSET` of `posts.raw` or its dead letters.

    Raises:
        Misconfigured: it is something else.
    """
    found = _SOURCE.fullmatch(text)
    if found is None or found[1] not in (RAW.name, RAW.dlq.name):
        raise Misconfigured(f"--source: {RAW.name}/PARTITION/OFFSET or {RAW.dlq.name}/PARTITION/OFFSET is needed")
    try:
        return SourcePosition(topic=found[1], partition=int(found[2]), offset=int(found[3]))
    except ValidationError:
        raise Misconfigured("--source: there are no such partitions or offsets") from None


def plain_text(post: RawPost) -> str:
    """Title and text, as received."""
    return "\n".join(part for part in (post.title, post.text) if part)


def quotes(reason: str, text: str) -> bool:
    """Whether the reason repeats the post: some words in a row, or anything like a number, address or handle."""
    said, written = _WORDS.findall(reason.casefold()), _WORDS.findall(text.casefold())
    joined = f" {' '.join(written)} "
    for at in range(len(said) - QUOTED_WORDS + 1):
        if f" {' '.join(said[at : at + QUOTED_WORDS])} " in joined:
            return True
    pressed = _pressed(text)
    return any(_pressed(found) in pressed for found in _TELLING.findall(reason))


def read_record(kafka: KafkaSettings, source: SourcePosition) -> bytes | None:
    """The value of exactly that record; None where there is none, or none any more.

    Raises:
        ServiceMissing: no broker answers, or it refuses the reader.
        Transient: nothing came in time.
    """
    reader = TopicReader(kafka)
    try:
        whole = reader.window(source.topic)
        # Asked first: an offset out of range would make the client begin at the first record.
        if not whole.low.get(source.partition, 0) <= source.offset < whole.end.get(source.partition, 0):
            return None
        window = Window({source.partition: source.offset}, {source.partition: source.offset + 1})
        for message in reader.read(source.topic, window):
            if message.offset() == source.offset:
                value: bytes | None = message.value()
                return value
        return None
    finally:
        reader.close()


def publish(kafka: KafkaSettings, event: PostRevealed) -> None:
    """Sends the event and awaits its delivery.

    Raises:
        ServiceMissing: it was not confirmed.
    """
    record = Record(REPS.name, event.workspace.encode(), encode(event))
    delivery = WaitingProducer(kafka, DELIVERY_TIMEOUT_S).deliver([record])
    if not delivery.whole:
        raise ServiceMissing(
            f"{REPS.name} did not take the event of this reading, so nothing is shown: {delivery.why}"
        )


def _letter(
    settings: Settings, wish: Wish, source: SourcePosition, value: bytes, clock: Clock
) -> Revealed | NotRevealed:
    """A dead letter that is no post: its value as it is, read by the same rules."""
    name, workspace = letter_id(source, value), _claim(value, "workspace", _WORKSPACE)
    if wish.post_id != name or workspace not in (None, wish.workspace):
        return NotRevealed(f"{_place(source)} is called {name}" + (f" of {workspace}" if workspace else ""))
    text = value.decode(errors="replace")
    now = clock.now()
    return Revealed(None, text, source, _told(settings, wish, text, 0, now, now))


def _told(
    settings: Settings, wish: Wish, text: str, revision: int, occurred_at: datetime, now: datetime
) -> PostRevealed:
    """The event of a reading, delivered: only then may the text be given out."""
    if quotes(wish.reason, text):
        raise Misconfigured("--reason: it repeats words or numbers of the post; events must hold none")
    event = _event(wish, revision, occurred_at, now)
    publish(settings.kafka, event)
    return event


def _claim(value: bytes, field: str, form: re.Pattern[str]) -> str | None:
    """What a value that is no post says of itself; None where it has another form, for it may be any text."""
    try:
        document = orjson.loads(value)
    except orjson.JSONDecodeError:
        return None
    found = document.get(field) if isinstance(document, dict) else None
    return found if isinstance(found, str) and form.fullmatch(found) else None


def _event(wish: Wish, revision: int, occurred_at: datetime, now: datetime) -> PostRevealed:
    name = f"{wish.workspace}/{wish.rep_id}/{now.isoformat()}/{wish.post_id}"
    try:
        return PostRevealed(
            workspace=wish.workspace,
            event_id=str(uuid5(NAMESPACE, name)),
            rep_id=wish.rep_id,
            # Each run is a sender of its own, and this is all that it says.
            seq=0,
            occurred_at=occurred_at,
            post_id=wish.post_id,
            revision=revision,
            reason=wish.reason,
        )
    except ValidationError as error:
        # Without the input: it may be a text that was pasted into the wrong place.
        first = error.errors(include_input=False, include_url=False)[0]
        argument = _ARGUMENTS.get(str(first["loc"][0]), str(first["loc"][0]))
        raise Misconfigured(f"{argument}: {first['msg']}") from None


def _occurred_at(clock_mode: ClockMode, post: RawPost, now: datetime) -> datetime:
    # On the event clock the wall's time would fire every timer of a replay; late input counts as now.
    return post.created_at if clock_mode == "event" else now


def _stored(clickhouse: ClickHouseSettings, wish: Wish) -> _Stored | None:
    with open_analyst(clickhouse) as analyst:
        answer = analyst.ask(_WHERE, {"workspace": wish.workspace, "post_id": wish.post_id})
    for row in answer.records():
        source = SourcePosition(topic=row["raw_topic"], partition=row["raw_partition"], offset=row["raw_offset"])
        return _Stored(source, row["url"] or None)
    return None


def _url(clickhouse: ClickHouseSettings, wish: Wish, stored: _Stored | None) -> str | None:
    """The platform's address; None too where nobody can tell: that the text is gone is answer enough."""
    if stored is not None or clickhouse.url is None:
        return None if stored is None else stored.url
    try:
        found = _stored(clickhouse, wish)
    except EarshotError:
        return None
    return None if found is None else found.url


def _place(source: SourcePosition) -> str:
    return f"{source.topic}/{source.partition}/{source.offset}"


def _pressed(text: str) -> str:
    """Without what people put between the digits of a number."""
    return re.sub(r"[^\w@]+", "", text.casefold())
