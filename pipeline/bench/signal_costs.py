"""Measures for `earshot bench signals` what each signal costs beside the model, in processor time of one core.

The result is microseconds a post, part by part. The model has read the posts before the clock starts, so its own
time does not count.

Each part works by itself through posts that it has not seen, one share after another, and the median share counts.
Topics are matched by a policy with thousands of patterns, and copies are looked up in a memory that is full of
other texts.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product
from statistics import median

from pipeline.adapters.models.fasttext import FastTextLanguages
from pipeline.app.garbage_collection import freeze_collector
from pipeline.bench.rounds import Report
from pipeline.bench.sample import WORKSPACE, distinct_posts
from pipeline.bench.stage.costs import SOURCE
from pipeline.clock import SystemClock, to_ms
from pipeline.enrich.author.spam import SpamMeter
from pipeline.enrich.copies.clusters import Copies
from pipeline.enrich.listening.topics import topic_matcher
from pipeline.enrich.preparation import Preparation
from pipeline.enrich.privacy.mask import mask_post
from pipeline.enrich.reading.intents.by_example import IntentReader
from pipeline.enrich.reading.intents.model import IntentModel
from pipeline.enrich.reading.language import detect_languages
from pipeline.enrich.reading.pressing.head import PressingModel
from pipeline.enrich.reading.reading import Languages, readable_text
from pipeline.enrich.received import ReceivedPost
from pipeline.enrich.score import Scorer
from pipeline.enrich.text.normalise import normalise
from pipeline.enrich.tone.intensity import intensity_of
from pipeline.enrich.tone.urgency import urgency_of
from pipeline.ports.models import TextModel, TextScores
from schemas.policy.policy import Brand, ListeningTopic, OwnIntent, Policy
from schemas.policy.queues import Queue
from schemas.policy.rules import TriageRule
from schemas.posts.raw import RawPost

SHARES = 5
"""The posts are cut into this many shares, and each part works through all of them."""
SYLLABLES = ("ba", "cor", "del", "fin", "gra", "hol", "jun", "kes", "lom", "mar", "nor", "pel", "ril", "sto", "v")
"""Invented words are made of these, so that patterns and texts are many and hardly any of them hits a post."""
TOPICS = 50
"""The patterns are dealt out to this many listening topics."""
FREQUENT_QUERIES = (
    "internet", "router", "signal", "outage", "no internet", "bill", "refund", "@acmetelecom", "#acmedown", "acme",
)  # fmt: skip
"""Many of the posts hold these patterns, so that hits are paid for too."""

ALL_PARTS = "all of the scoring but the model"
"""Names the last line, which is the whole scoring without the model."""
OWN_INTENTS = {
    "moving-home": (
        "can I take my contract to my new flat?", "we move next month", "new address from June, what do I do?",
        "moving on the 1st, please move my line", "do you have fiber at my new place?",
    ),
}  # fmt: skip
"""The policy of the bench adds this intent with its examples."""
Share = Sequence[RawPost]


@dataclass(frozen=True)
class SignalCost:
    """Holds the cost of one part."""

    name: str
    us: float
    """This is the time of one core in microseconds a post."""


def bench_signals(
    engine: TextModel, posts: int, patterns: int, signatures: int, report: Report
) -> list[SignalCost]:
    """Measures every part on generated posts, with no text twice.

    The last line is the whole scoring without the model, which is all parts and also normalising, triage and the
    record.

    Args:
        engine: reads the posts beforehand.
        posts: the posts of each share.
        patterns: the queries of the listening policy.
        signatures: other texts that the memory of copies holds meanwhile.
        report: takes lines of progress.
    """
    now = SystemClock().now()
    sample = distinct_posts(posts * SHARES, now)
    shares = [sample[first : first + posts] for first in range(0, len(sample), posts)]
    policy = listening_policy(patterns)
    matcher, detector, meter = topic_matcher(policy.topics), FastTextLanguages(), SpamMeter()
    report(f"filling two memories of copies with {signatures:,} texts each")
    copies, preparation = _full_memory(signatures, now), Preparation(copies=_full_memory(signatures, now))
    report("the model reads the posts")
    model, policies, intents = (
        _AnsweredModel(engine, sample),
        {policy.workspace: policy},
        IntentReader(IntentModel()),
    )
    pressing, spoken = PressingModel(), Languages(detector, frozenset({"en"}))
    scorer = Scorer(model, 86_400, "event", spoken, intents, pressing, preparation)
    first = model.answers(sample[:1])
    # The examples are read once for all posts, as in the worker.
    intents.classify(*first, [WORKSPACE], model, policies)
    parts: dict[str, Callable[[Share], object]] = {
        "personal data": lambda share: [mask_post(post, policy) for post in share],
        f"topics, {patterns:,} patterns": lambda share: [matcher.find(post.title, post.text) for post in share],
        "urgency": lambda share: [urgency_of(post.text or "") for post in share],
        "intensity": lambda share: [intensity_of(post.text or "", 0.5) for post in share],
        "language": lambda share: detect_languages(share, detector),
        f"copies, {signatures:,} signatures": lambda share: [
            copies.see(post.workspace, post.post_id, post.text or "", now) for post in share
        ],
        "spam": lambda share: [meter.see(post, None, now) for post in share],
        "intent": lambda share: intents.classify(*model.answers(share), [WORKSPACE] * len(share), model, policies),
        "pressing": lambda share: pressing.classify(*model.answers(share), model.name),
        ALL_PARTS: lambda share: scorer.score(_received(share), policies),
    }
    # The worker does the same, and pauses of the garbage collector would land on whichever part runs.
    freeze_collector()
    costs = []
    for name, work in parts.items():
        report(name)
        costs.append(SignalCost(name, median(_us(work, share) for share in shares)))
    return costs


def listening_policy(patterns: int) -> Policy:
    """Returns a policy with so many queries: invented words and phrases, and some that the posts do hold."""
    made = [
        "".join(parts) if number % 4 else f"{parts[0]}{parts[1]} {parts[2]}"
        for number, parts in enumerate(product(SYLLABLES, repeat=4))
    ]
    queries = [*FREQUENT_QUERIES, *made][:patterns]
    topics = tuple(
        ListeningTopic(name=f"topic-{number}", any=tuple(queries[number::TOPICS])) for number in range(TOPICS)
    )
    return Policy(
        workspace=WORKSPACE,
        version=1,
        brand=Brand(name="Acme"),
        queues=(Queue(name="care", team="care"),),
        rules=(TriageRule(name="rest", action="none"),),
        topics=topics,
        intents=tuple(OwnIntent(name=name, examples=examples) for name, examples in OWN_INTENTS.items()),
    )


class _AnsweredModel:
    """This is a model that has read all posts already and answers from memory."""

    def __init__(self, engine: TextModel, posts: Share) -> None:
        self.name = engine.name
        texts = [
            *(readable_text(post) for post in posts),
            *(normalise(one) for all_ in OWN_INTENTS.values() for one in all_),
        ]
        self._known = dict(zip(texts, engine.score(texts), strict=True))

    def score(self, texts: Sequence[str]) -> list[TextScores]:
        return [self._known[text] for text in texts]

    def answers(self, posts: Share) -> tuple[list[str], list[TextScores]]:
        texts = [readable_text(post) for post in posts]
        return texts, self.score(texts)


def _full_memory(signatures: int, now: datetime) -> Copies:
    copies, seen = Copies(), now - timedelta(hours=1)
    for number, words in enumerate(product(SYLLABLES, repeat=5)):
        if number >= signatures:
            break
        first, second, third, fourth, fifth = words
        text = f"{first}{third}{number} {second}{fifth} {fourth}{first}{number % 977} {fifth}{second}{third}"
        copies.see(WORKSPACE, f"chirp:full-{number}", text, seen)
    return copies


def _received(share: Share) -> list[ReceivedPost]:
    return [ReceivedPost(post, SOURCE, to_ms(post.created_at)) for post in share]


def _us(work: Callable[[Share], object], share: Share) -> float:
    started = time.process_time()
    work(share)
    return 1e6 * (time.process_time() - started) / len(share)
