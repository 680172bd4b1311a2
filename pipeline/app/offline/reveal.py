"""Reads the plain text of one post for a named person.

The post is found by its recorded position. The event that records the reading is delivered before the text leaves
this function, and without that delivery nothing leaves it. Nothing is logged, and `posts.raw` is never searched.
"""

import re
from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid5

import orjson
from pydantic import ValidationError

from pipeline.adapters.clickhouse.analytics import open_analyst
from pipeline.adapters.kafka.publisher import KafkaPublisher
from pipeline.adapters.kafka.reader import TopicReader, Window
from pipeline.clock import Clock
from pipeline.codec import decode, encode
from pipeline.errors import EarshotError, Misconfigured, Permanent, ServiceMissing
from pipeline.input_mistakes import plain
from pipeline.ports.records import Record
from pipeline.settings import ClickHouseSettings, ClockMode, KafkaSettings, Settings
from schemas.base import SourcePosition
from schemas.people.casework import PostRevealed
from schemas.posts.raw import RawPost
from schemas.topics import RAW, REPS

NAMESPACE = UUID("5d1c6a34-8f0b-5e27-a9c4-3b7f20d6e815")
"""Namespace of the event ids of readings. It was chosen once and must stay."""
DELIVERY_TIMEOUT_S = 30.0
"""Longest wait for a delivery. A person waits in front of it."""
QUOTED_WORDS = 4
"""Number of words of a reason that make a quotation when they stand in the post in the same order."""
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
_IDENTIFYING = re.compile(r"\S*(?:@|\d[\d ./-]{2,}\d)\S*")
"""Matches what could be an address, a number or a handle. No reason needs one that stands in the post."""


class RevealRequest(NamedTuple):
    """Who wants to read which post, and why."""

    workspace: str
    post_id: str
    rep_id: str
    reason: str


class Revealed(NamedTuple):
    """A post as it was received, with the event that records the reading."""

    post: RawPost | None
    """None for a dead letter that is no post."""
    text: str
    """Title and text of the post, or the whole value of a letter that is no post."""
    source: SourcePosition
    event: PostRevealed


class NotRevealed(NamedTuple):
    """Why there is nothing to read."""

    why: str
    url: str | None = None
    """Address of the post on its platform, if that is known."""


class _Stored(NamedTuple):
    source: SourcePosition
    url: str | None


def reveal(
    settings: Settings, request: RevealRequest, source: SourcePosition | None, clock: Clock
) -> Revealed | NotRevealed:
    """Reads one post.

    Args:
        settings: resolved; ClickHouse too, unless `source` is given.
        request: who wants to read what.
        source: position of the raw record; None: looked up in the `posts` table.
        clock: stamps the event.

    Raises:
        Misconfigured: an argument is wrong, or the reason quotes the post.
        ServiceMissing: a service does not answer, refuses the reader, or did not confirm the event.
    """
    # The arguments are checked before anything is read, because a wrong argument is not the post's fault.
    _event(request, 0, clock.now(), clock.now())
    stored = None
    if source is None:
        stored = _stored(settings.clickhouse, request)
        if stored is None:
            return NotRevealed(
                f"no post {request.post_id} of workspace {request.workspace} is stored, or it is deleted"
            )
        source = stored.source
    value = read_record(settings.kafka, source)
    if value is None:
        return NotRevealed(
            f"{_place(source)} holds no record: {RAW.name} keeps them {RAW.retention_days} days",
            _url(settings.clickhouse, request, stored),
        )
    try:
        post = decode(RawPost, value)
    except Permanent as refusal:
        if source.topic == RAW.dlq.name:
            return _letter(settings, request, source, value, clock)
        return NotRevealed(f"{_place(source)} cannot be read: {refusal.code}")
    if (post.workspace, post.post_id) != (request.workspace, request.post_id):
        return NotRevealed(f"{_place(source)} is not post {request.post_id} of workspace {request.workspace}")
    if not plain_text(post):
        return NotRevealed(f"{_place(source)} holds no text", post.url)
    text = plain_text(post)
    now = clock.now()
    occurred_at = _occurred_at(settings.clock, post, now)
    return Revealed(post, text, source, _publish_reveal(settings, request, text, post.revision, occurred_at, now))


def letter_id(letter: SourcePosition, value: bytes) -> str:
    """Returns what a dead letter of `posts.raw` is called where a post id is needed. That is its post's id, if it
    names one."""
    return _claim(value, "post_id", _POST_ID) or f"dead_letter:{_place(letter)}"


def parse_source(text: str) -> SourcePosition:
    """Reads `TOPIC/PARTITION/OFFSET` of `posts.raw` or its dead letters.

    Raises:
        Misconfigured: it is something else.
    """
    match = _SOURCE.fullmatch(text)
    if match is None or match[1] not in (RAW.name, RAW.dlq.name):
        raise Misconfigured(f"--source: {RAW.name}/PARTITION/OFFSET or {RAW.dlq.name}/PARTITION/OFFSET is needed")
    try:
        return SourcePosition(topic=match[1], partition=int(match[2]), offset=int(match[3]))
    except ValidationError:
        raise Misconfigured("--source: there are no such partitions or offsets") from None


def plain_text(post: RawPost) -> str:
    """Returns title and text as they were received."""
    return "\n".join(part for part in (post.title, post.text) if part)


def quotes(reason: str, text: str) -> bool:
    """Whether the reason repeats the post, be it some words in a row or anything like a number, address or
    handle."""
    quoted, written = _WORDS.findall(reason.casefold()), _WORDS.findall(text.casefold())
    joined = f" {' '.join(written)} "
    for start in range(len(quoted) - QUOTED_WORDS + 1):
        if f" {' '.join(quoted[start : start + QUOTED_WORDS])} " in joined:
            return True
    pressed = _compact(text)
    return any(_compact(word) in pressed for word in _IDENTIFYING.findall(reason))


def read_record(kafka: KafkaSettings, source: SourcePosition) -> bytes | None:
    """Returns the value of exactly that record. None says that there is none, or none any more.

    Raises:
        ServiceMissing: no broker answers, or it refuses the reader.
        Transient: nothing came in time.
    """
    reader = TopicReader(kafka)
    try:
        whole = reader.window(source.topic)
        # The bounds are asked first, because an offset out of range would make the client begin at the first
        # record.
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
    publisher = KafkaPublisher(kafka, DELIVERY_TIMEOUT_S)
    publisher.send(record)
    [delivery] = publisher.settle()
    if delivery.failure is not None:
        raise ServiceMissing(
            f"{REPS.name} did not take the event of this reading, so nothing is shown: {delivery.failure}"
        )


def _letter(
    settings: Settings, request: RevealRequest, source: SourcePosition, value: bytes, clock: Clock
) -> Revealed | NotRevealed:
    """Reveals a dead letter that is no post. Its value is shown as it is, by the same rules."""
    name, workspace = letter_id(source, value), _claim(value, "workspace", _WORKSPACE)
    if request.post_id != name or workspace not in (None, request.workspace):
        return NotRevealed(f"{_place(source)} is called {name}" + (f" of {workspace}" if workspace else ""))
    text = value.decode(errors="replace")
    now = clock.now()
    return Revealed(None, text, source, _publish_reveal(settings, request, text, 0, now, now))


def _publish_reveal(
    settings: Settings, request: RevealRequest, text: str, revision: int, occurred_at: datetime, now: datetime
) -> PostRevealed:
    """Delivers the event of a reading. Only then may the text be given out."""
    # Events are kept for weeks and read by many. A reason must not carry the text there.
    if quotes(request.reason, text):
        raise Misconfigured("--reason: it repeats words or numbers of the post; events must hold none")
    event = _event(request, revision, occurred_at, now)
    publish(settings.kafka, event)
    return event


def _claim(value: bytes, field: str, form: re.Pattern[str]) -> str | None:
    """Returns what a value that is no post says of itself. It is None where the value has another form, for it may
    be any text."""
    try:
        document = orjson.loads(value)
    except orjson.JSONDecodeError:
        return None
    content = document.get(field) if isinstance(document, dict) else None
    return content if isinstance(content, str) and form.fullmatch(content) else None


def _event(request: RevealRequest, revision: int, occurred_at: datetime, now: datetime) -> PostRevealed:
    name = f"{request.workspace}/{request.rep_id}/{now.isoformat()}/{request.post_id}"
    try:
        return PostRevealed(
            workspace=request.workspace,
            event_id=str(uuid5(NAMESPACE, name)),
            rep_id=request.rep_id,
            # Each run is a sender of its own with this one event, so any `seq` will do.
            seq=0,
            occurred_at=occurred_at,
            post_id=request.post_id,
            revision=revision,
            reason=request.reason,
        )
    except ValidationError as error:
        # The message leaves the input out, which may be a text that was pasted into the wrong place.
        first = error.errors(include_input=False, include_url=False)[0]
        argument = _ARGUMENTS.get(str(first["loc"][0]), str(first["loc"][0]))
        raise Misconfigured(f"{argument}: {plain(first)}") from None


def _occurred_at(clock_mode: ClockMode, post: RawPost, now: datetime) -> datetime:
    # On the event clock the wall's time would fire every timer of a replay. An event of the past counts as now.
    return post.created_at if clock_mode == "event" else now


def _stored(clickhouse: ClickHouseSettings, request: RevealRequest) -> _Stored | None:
    with open_analyst(clickhouse) as analyst:
        answer = analyst.ask(_WHERE, {"workspace": request.workspace, "post_id": request.post_id})
    for row in answer.records():
        source = SourcePosition(topic=row["raw_topic"], partition=row["raw_partition"], offset=row["raw_offset"])
        return _Stored(source, row["url"] or None)
    return None


def _url(clickhouse: ClickHouseSettings, request: RevealRequest, stored: _Stored | None) -> str | None:
    """Returns the platform's address. It is None also where nobody can tell, because that the text is gone is
    answer enough."""
    if stored is not None or clickhouse.url is None:
        return None if stored is None else stored.url
    try:
        stored_now = _stored(clickhouse, request)
    except EarshotError:
        return None
    return None if stored_now is None else stored_now.url


def _place(source: SourcePosition) -> str:
    return f"{source.topic}/{source.partition}/{source.offset}"


def _compact(text: str) -> str:
    """Removes what people put between the digits of a number."""
    return re.sub(r"[^\w@]+", "", text.casefold())
