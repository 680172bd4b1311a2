"""Runs all pure stages offline and turns posts into scored posts without Kafka or ClickHouse.

It reads JSON lines in time order, each `{"type": "post" | "engagement" | "customer", ...}`, and gives one
ScoredPost for a post. It uses the stream's own `Scorer` on the event clock, as one worker with one partition
would.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

import orjson

from pipeline.adapters.models.locked_model import LockedModel
from pipeline.app.languages import load_languages
from pipeline.app.stages.enrich import load_intent_model, load_model, load_pressing_model
from pipeline.clock import to_ms
from pipeline.codec import decode
from pipeline.enrich.reading.intents.by_example import IntentReader
from pipeline.enrich.received import ReceivedPost
from pipeline.enrich.score import Scorer
from pipeline.errors import Permanent
from pipeline.ingest.jsonl import of_workspace
from pipeline.ingest.lines import Line
from pipeline.settings import Settings
from schemas.base import SourcePosition
from schemas.policy.policy import Policy
from schemas.posts.raw import RawPost
from schemas.posts.scored import ScoredPost

OTHER_TYPES = ("engagement", "customer")
"""Types of lines that are counted and passed over. No stage uses them yet (influence by history, the customer
join)."""

Refuse = Callable[[int, Permanent], None]
"""Takes the line number, and why the line is not scored."""


@dataclass
class Counts:
    """What the lines were."""

    posts: int = 0
    refused: int = 0
    unused: dict[str, int] = field(default_factory=dict)
    """Maps a type to the number of lines that were passed over."""


def open_scorer(settings: Settings) -> Scorer:
    """Returns the scorer of the enrich stage with a fresh memory, on the event clock.

    Raises:
        ServiceMissing: the engine is torch, which is not installed.
        Misconfigured: a model is not there or damaged.
        Transient: the engine does not answer.
    """
    # There is no group to time out here, so a call of a model may take as long as it needs.
    model, languages = load_model(settings.model), load_languages(settings.model)
    intents = IntentReader(load_intent_model(settings.model))
    live_within_s = settings.enrich.live_within_h * 3600
    pressing = load_pressing_model(settings.model)
    return Scorer(LockedModel(model), live_within_s, "event", languages, intents, pressing)


def score_lines(
    lines: Iterable[Line],
    *,
    name: str,
    scorer: Scorer,
    policies: Mapping[str, Policy],
    batch_size: int,
    workspace: str | None,
    counts: Counts,
    refuse: Refuse,
) -> Iterator[ScoredPost]:
    """Yields the scored posts of all lines in order, a batch at a time. Blank lines are passed over.

    Args:
        lines: in time order.
        name: of the file: stands as the source topic, with line - 1 as the offset.
        scorer: remembers what it has seen.
        policies: workspace to policy.
        batch_size: posts scored at once.
        workspace: for posts that state none.
        counts: is filled.
        refuse: told each bad line; the others are scored all the same.

    Raises:
        Transient: the engine failed.
    """
    posts = _posts(lines, name, workspace, counts, refuse)
    while batch := list(islice(posts, batch_size)):
        results = scorer.score([received for _, received in batch], policies)
        for (number, _), result in zip(batch, results, strict=True):
            if isinstance(result, Permanent):
                counts.refused += 1
                refuse(number, result)
            else:
                counts.posts += 1
                yield result


def _posts(
    lines: Iterable[Line], name: str, workspace: str | None, counts: Counts, refuse: Refuse
) -> Iterator[tuple[int, ReceivedPost]]:
    for line in lines:
        if not line.raw.strip():
            continue
        try:
            post = _post(line.raw, workspace, counts)
        except Permanent as reason:
            counts.refused += 1
            refuse(line.number, reason)
            continue
        if post is not None:
            place = SourcePosition(topic=name, partition=0, offset=line.number - 1)
            yield line.number, ReceivedPost(post, place, to_ms(post.created_at))


def _post(raw: bytes, workspace: str | None, counts: Counts) -> RawPost | None:
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return decode(RawPost, raw)  # gives the reason
    if not isinstance(document, dict):
        return decode(RawPost, raw)
    kind = document.get("type", "post")
    if kind in OTHER_TYPES:
        counts.unused[kind] = counts.unused.get(kind, 0) + 1
        return None
    if kind != "post":
        raise Permanent("invalid_field", f"must be post, {' or '.join(OTHER_TYPES)}", "type")
    return decode(RawPost, raw if workspace is None else of_workspace(raw, workspace))
