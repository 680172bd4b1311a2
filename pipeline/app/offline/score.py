"""Runs all pure stages offline and turns posts into scored posts without Kafka or ClickHouse.

It reads JSON lines in time order, each `{"type": "post" | "engagement" | "customer", ...}`, and gives one
ScoredPost for a post. It uses the stream's own `Scorer` on the event clock, as one worker with one partition
would.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

import orjson

from pipeline.adapters.models.locked_model import LockedModel
from pipeline.app.languages import load_languages
from pipeline.app.stages.enrich import load_intent_model, load_model, load_pressing_model
from pipeline.clock import to_ms
from pipeline.codec import decode
from pipeline.enrich.author.brand import accounts_of
from pipeline.enrich.facts import Facts
from pipeline.enrich.preparation import Preparation
from pipeline.enrich.reading.intents.by_example import IntentReader
from pipeline.enrich.received import ReceivedPost
from pipeline.enrich.score import Scorer
from pipeline.errors import Permanent
from pipeline.influence.estimate import DEFAULT
from pipeline.influence.history import apply, counted
from pipeline.influence.observed import engagements_of
from pipeline.influence.row import row_of
from pipeline.ingest.jsonl import of_workspace
from pipeline.ingest.lines import Line
from pipeline.settings import Settings
from schemas.base import SourcePosition
from schemas.people.customer import Customer, CustomerLink
from schemas.policy.policy import Policy
from schemas.posts.engagement import Engagement
from schemas.posts.raw import RawPost
from schemas.posts.scored import ScoredPost

TYPES = ("post", "engagement", "customer")

Refuse = Callable[[int, Permanent], None]
"""Takes the line number, and why the line is not scored."""


@dataclass
class Counts:
    """What the lines were."""

    posts: int = 0
    engagements: int = 0
    customers: int = 0
    refused: int = 0


@dataclass
class Known:
    """What lines have said of authors so far."""

    customers: dict[tuple[str, str], Customer] = field(default_factory=dict)
    """Maps workspace and author id to who is behind the handle."""
    rows: dict[tuple[str, str], bytes] = field(default_factory=dict)
    """Maps workspace and author id to what is remembered of the author's posts."""
    counting: set[tuple[str, str]] = field(default_factory=set)
    """Workspaces and networks with lines of likes or counters. A file is whole, so that there silence means that
    nobody reacted, as `influence.complete` of a policy says for the stream."""
    records: int = 0
    """Records of engagement so far, which stand for the offsets of their topic."""

    def customer_of(self, workspace: str, author_id: str) -> Customer | None:
        """Returns whom the lines so far have linked to the handle."""
        return self.customers.get((workspace, author_id))

    def see(self, engagement: Engagement, policies: Mapping[str, Policy]) -> None:
        """Changes the row of the author who was engaged."""
        workspace, author = engagement.workspace, engagement.target_author_id
        if counted(engagement):
            self.counting.add((workspace, author.partition(":")[0]))
        policy = policies.get(workspace)
        model = DEFAULT if policy is None else policy.influence
        stored = self.rows.get((workspace, author))
        row = apply(None if stored is None else row_of(stored), engagement, self.records, model)
        if (workspace, author.partition(":")[0]) in self.counting:
            row.reported = True
        self.rows[workspace, author] = row.to_bytes()
        self.records += 1


def open_scorer(settings: Settings, known: Known | None = None) -> Scorer:
    """Returns the scorer of the enrich stage with a fresh memory, on the event clock.

    Args:
        settings: say which models are used.
        known: what is known of authors; None for nothing.

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
    preparation = Preparation(customer_of=(known or Known()).customer_of)
    return Scorer(LockedModel(model), live_within_s, "event", languages, intents, pressing, preparation)


def score_lines(
    lines: Iterable[Line],
    *,
    name: str,
    scorer: Scorer,
    known: Known,
    policies: Mapping[str, Policy],
    batch_size: int,
    workspace: str | None,
    counts: Counts,
    refuse: Refuse,
) -> Iterator[ScoredPost]:
    """Yields the scored posts of all lines in order, a batch at a time. Blank lines are passed over.

    What a line says of an author holds for the posts behind it, also where they are scored in one batch.

    Args:
        lines: in time order.
        name: of the file: stands as the source topic, with line - 1 as the offset.
        scorer: remembers what it has seen, and asks `known`.
        known: is filled.
        policies: workspace to policy.
        batch_size: posts scored at once.
        workspace: for posts and customers that state none.
        counts: is filled.
        refuse: told each bad line; the others are scored all the same.

    Raises:
        Transient: the engine failed.
    """
    posts = _prepared(_posts(lines, name, workspace, known, policies, counts, refuse), scorer, known, policies)
    while batch := list(islice(posts, batch_size)):
        received = [one.received for one in batch]
        results = scorer.score_prepared(received, [one.facts for one in batch], policies)
        for one, result in zip(batch, results, strict=True):
            if isinstance(result, Permanent):
                counts.refused += 1
                refuse(one.line, result)
            else:
                counts.posts += 1
                yield result


class _Prepared(NamedTuple):
    line: int
    received: ReceivedPost
    facts: Facts | Permanent


def _prepared(
    posts: Iterator[tuple[int, ReceivedPost]], scorer: Scorer, known: Known, policies: Mapping[str, Policy]
) -> Iterator[_Prepared]:
    for line, received in posts:
        # At once, because the next line may change what is known of the author.
        [facts] = scorer.prepare([received], policies)
        if not isinstance(facts, Permanent):
            # Only now, because the counters of a post must not tell how far this post itself will carry.
            brand = accounts_of(policies.get(received.post.workspace))
            for engagement in engagements_of(received.post, own=facts.own, brand=brand):
                known.see(engagement, policies)
        yield _Prepared(line, received, facts)


def _posts(
    lines: Iterable[Line],
    name: str,
    workspace: str | None,
    known: Known,
    policies: Mapping[str, Policy],
    counts: Counts,
    refuse: Refuse,
) -> Iterator[tuple[int, ReceivedPost]]:
    for line in lines:
        if not line.raw.strip():
            continue
        try:
            post = _post(line.raw, workspace, known, policies, counts)
        except Permanent as reason:
            counts.refused += 1
            refuse(line.number, reason)
            continue
        if post is not None:
            place = SourcePosition(topic=name, partition=0, offset=line.number - 1)
            history = known.rows.get((post.workspace, post.author.author_id))
            yield line.number, ReceivedPost(post, place, to_ms(post.created_at), history)


def _post(
    raw: bytes, workspace: str | None, known: Known, policies: Mapping[str, Policy], counts: Counts
) -> RawPost | None:
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return decode(RawPost, raw)  # gives the reason
    if not isinstance(document, dict):
        return decode(RawPost, raw)
    kind = document.get("type", "post")
    if kind not in TYPES:
        raise Permanent("invalid_field", f"must be one of {', '.join(TYPES)}", "type")
    whole = raw if workspace is None else of_workspace(raw, workspace)
    if kind == "post":
        return decode(RawPost, whole)
    if kind == "engagement":
        known.see(decode(Engagement, whole), policies)
        counts.engagements += 1
        return None
    link = decode(CustomerLink, whole)
    known.customers[link.workspace, link.author_id] = link.customer
    counts.customers += 1
    return None
