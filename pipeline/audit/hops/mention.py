"""Judges the hop into `mentions`, where each scored post is once for each of its listening topics, in each
revision.

What trends make of the mentions is not judged here.
"""

from collections import Counter
from collections.abc import Callable

from pipeline.adapters.kafka.partitioner import partition_of
from pipeline.audit.collected import Facts
from pipeline.audit.findings import HopReport
from pipeline.audit.hops.arrivals import EXPIRY_MARGIN_MS
from pipeline.audit.logs import place

Pair = tuple[int, int]
"""Joins a post in one revision with the key of a listening topic."""


def scored_to_mentions(facts: Facts) -> HopReport:
    """Judges that every scored post has a mention for each of its listening topics. A deletion has none."""
    report = HopReport("posts.scored -> mentions", "at least once")
    mentions = facts.mentions
    present = Counter(zip(mentions.ids, mentions.topics, strict=True))
    wanted, absent = _wanted(facts, present)
    report.ids_in, report.ids_out = len(wanted), len(wanted.keys() & present.keys())
    for pair, indexes in absent.items():
        _explain(report, facts, pair, indexes)
    _extras(report, facts, wanted)
    for at, code in mentions.unreadable:
        report.unexpected.add("unreadable record", place(mentions.name, at), code)
    return report


def _wanted(facts: Facts, present: Counter[Pair]) -> tuple[Counter[Pair], dict[Pair, list[int]]]:
    """Returns how often each pair may be there, and the records that still want a pair that is not."""
    scored, last = facts.scored, facts.scored.last_of_source()
    allowed: Counter[Pair] = Counter()
    required: set[Pair] = set()
    absent: dict[Pair, list[int]] = {}
    for index, topic in zip(scored.wanting, scored.topics, strict=True):
        pair = (scored.ids[index], topic)
        allowed[pair] += 1
        if last[index]:
            required.add(pair)
            if pair not in present:
                absent.setdefault(pair, []).append(index)
    # What only an earlier record of a raw record wanted may be there and need not be.
    return Counter({pair: times for pair, times in allowed.items() if pair in required or pair in present}), absent


def _explain(report: HopReport, facts: Facts, pair: Pair, indexes: list[int]) -> None:
    scored, expired = facts.scored, _expired(facts, pair[1])
    unexpired = [index for index in indexes if not expired(scored.append_ms[index])]
    done = [index for index in unexpired if facts.raw.is_handled(scored.sources[index])]
    if not unexpired:
        report.expired += 1
    elif done:
        report.lost.add(_name(facts, pair), scored.place(done[0]))
    else:
        report.not_yet.add(_name(facts, pair), scored.place(unexpired[0]))


def _expired(facts: Facts, topic: int) -> Callable[[int], bool]:
    """Returns a test of whether retention may have removed the mention of a post scored at a given time."""
    mentions = facts.mentions
    partition = partition_of(facts.names.name(topic).encode(), max(1, len(mentions.end)))
    before_ms = mentions.removed_before_ms(partition)
    return lambda append_ms: before_ms > 0 and append_ms < before_ms + EXPIRY_MARGIN_MS


def _extras(report: HopReport, facts: Facts, wanted: Counter[Pair]) -> None:
    mentions, seen = facts.mentions, Counter[Pair]()
    for index, pair in enumerate(zip(mentions.ids, mentions.topics, strict=True)):
        seen[pair] += 1
        if pair not in wanted:
            # Retention keeps scored posts longer than mentions; without any, the time tells nothing.
            if not facts.scored.trimmed and facts.raw.is_handled(mentions.sources[index]):
                detail = f"not wanted by any record of {facts.scored.name}"
                report.unexpected.add(_name(facts, pair), mentions.place(index), detail)
        # Equality names each pair once, at its first record too many, however many follow.
        elif seen[pair] == wanted[pair] + 1:
            report.doubled.add(_name(facts, pair), mentions.place(index), f"more than {wanted[pair]} records")


def _name(facts: Facts, pair: Pair) -> str:
    """`<workspace>/<post_id> in <workspace>/<topic>`."""
    return f"{facts.names.post_name(pair[0])} in {facts.names.name(pair[1])}"
