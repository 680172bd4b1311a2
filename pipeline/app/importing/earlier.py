"""Finds what earlier runs of a file have sent, also what Kafka took in the moment in which a run was killed."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import orjson

from pipeline.adapters.kafka.reader import TopicReader
from pipeline.app.importing.request import IngestRequest
from pipeline.ingest.agent import PostKey
from pipeline.ingest.manifest.disk import only_run
from pipeline.ingest.manifest.format import AGAIN, Source
from pipeline.ingest.manifest.runs import Run, newest_run, runs_of
from pipeline.ingest.manifest.sent import SentPosts
from pipeline.settings import KafkaSettings
from schemas.posts.raw import RawPost
from schemas.topics import RAW

Landed = dict[PostKey, list[tuple[int, int]]]
"""Posts that Kafka has, with the partition and offset of each copy."""


class Appended(NamedTuple):
    """Names a record of `posts.raw` and its place."""

    post: PostKey
    partition: int
    offset: int


def ends_of(kafka: KafkaSettings) -> Mapping[int, int]:
    """Returns each partition of `posts.raw` with its end.

    Raises:
        ServiceMissing: no broker answers.
    """
    reader = TopicReader(kafka)
    try:
        return reader.window(RAW.name).end
    finally:
        reader.close()


def appended_since(kafka: KafkaSettings, ends: Mapping[int, int]) -> Iterable[Appended]:
    """Yields what the brokers have appended to `posts.raw` since it had those ends, by whomever.

    Raises:
        ServiceMissing: no broker answers.
        Transient: the brokers fell silent.
    """
    reader = TopicReader(kafka)
    try:
        for message in reader.read(RAW.name, reader.since(RAW.name, ends)):
            try:
                post = orjson.loads(message.value() or b"")
                key = (post["workspace"], post["post_id"], post.get("revision", 0))
            except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
                # Others may have sent what is no post. The enrich stage deals with it.
                continue
            yield Appended(key, message.partition(), message.offset())
    finally:
        reader.close()


def earlier_run(state_dir: Path, request: IngestRequest, source: Source | None, stack: ExitStack) -> Run | None:
    """Returns the run to take up, or one that has sent the whole file.

    Args:
        state_dir: the state folder.
        request: of the operator.
        source: the file, or None for standard input, which has no earlier run.
        stack: keeps other runs off the file until it closes.

    Raises:
        Misconfigured: another process runs on that file.
    """
    if source is None:
        return None
    stack.enter_context(only_run(state_dir, source.path))
    if request.start == "restart":
        return None
    run = newest_run(state_dir, source, request.options())
    # A run that `--limit` ended has done what was asked, so the next call is another run.
    return None if run is None or (run.ended and not run.whole and request.start == "auto") else run


def landed(run: Run, appended: Callable[[Mapping[int, int]], Iterable[Appended]]) -> Landed:
    """Returns the posts that Kafka took after the last cursor of a run that was killed, with their places.

    Args:
        run: to be taken up.
        appended: returns what was appended since the topic had some ends. It is not called if nothing of the run
            is in doubt.
    """
    places: Landed = defaultdict(list)
    # A run of an older release does not say where to look.
    if run.ends and not run.ended and run.broke_off is None:
        for post, partition, offset in appended(run.ends):
            places[post].append((partition, offset))
    return dict(places)


def sent_before(state_dir: Path, source: Source | None, run: Run | None) -> Callable[[RawPost], bool]:
    """Returns what knows the posts that other runs of the file or of its rejects have sent.

    Args:
        state_dir: the state folder.
        source: the file that is read.
        run: that is taken up, if one is.
    """
    if source is None or (run is not None and run.header.options.get(AGAIN)):
        return lambda _post: False
    return SentPosts(path for path in runs_of(state_dir, source.path) if run is None or path != run.path)
