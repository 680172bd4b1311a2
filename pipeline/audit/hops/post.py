"""Judges the hops of a post up to the router: manifest, posts.raw, posts.scored and posts.actionable.

What becomes of a case is judged elsewhere.
"""

from collections import Counter

from pipeline.audit.collected import Facts
from pipeline.audit.findings import HopReport
from pipeline.audit.hops.arrivals import doubled_letters, expired_by, follow, repeats
from pipeline.audit.interned_ids import workspace_of
from pipeline.audit.logs import place


def manifest_to_raw(facts: Facts) -> HopReport:
    """Judges that every post which Kafka has confirmed to an ingest run is in posts.raw. All runs together are one
    set.
    """
    report = HopReport("manifest -> posts.raw", "at least once")
    raw, sent, name = facts.raw, facts.manifests, facts.names.post_name
    present, wanted = set(raw.ids), set(sent.ids)
    absent: dict[int, int] = {}
    removed: set[int] = set()
    for index, number in enumerate(sent.ids):
        if number in present:
            continue
        if raw.removed(sent.positions[index]):
            removed.add(number)
        else:
            absent.setdefault(number, index)
    report.ids_in, report.ids_out = len(wanted), len(wanted & present)
    report.expired = len(removed - absent.keys())
    for number, index in absent.items():
        confirmed = place(raw.name, sent.positions[index])
        report.lost.add(name(number), sent.place(index), f"confirmed as {confirmed}")
    # Posts of other producers are in no manifest, so their repetition is not ingest's.
    for number, repeat in repeats(raw.ids).items():
        if number in wanted:
            report.doubled.add(name(number), raw.place(repeat.second), f"{repeat.times} records")
    return report


def raw_to_scored(facts: Facts) -> HopReport:
    """Judges that every raw record is scored or lies, byte for byte, in posts.raw.dlq."""
    report = HopReport("posts.raw -> posts.scored", "at least once")
    raw, scored, name = facts.raw, facts.scored, facts.names.post_name
    follow(report, raw, set(scored.ids), name)
    for repeat in repeats(scored.sources).values():
        detail = f"{repeat.times} records of one raw record"
        report.doubled.add(name(scored.ids[repeat.second]), scored.place(repeat.second), detail)
    doubled_letters(report, raw)
    _scored_from_nowhere(report, facts)
    return report


def _scored_from_nowhere(report: HopReport, facts: Facts) -> None:
    raw, scored, name = facts.raw, facts.scored, facts.names.post_name
    # A scored record names its source by position, which can be checked only within what was read.
    raw_ids = dict(zip(raw.positions, raw.ids, strict=True))
    for index, source in enumerate(scored.sources):
        if not raw.holds(source):
            continue
        where = place(raw.name, source)
        if raw_ids.get(source) != scored.ids[index]:
            detail = f"its source {where} holds another post or none"
            report.unexpected.add(name(scored.ids[index]), scored.place(index), detail)
        elif source in raw.letters.by_source:
            report.doubled.add(name(scored.ids[index]), scored.place(index), f"{where} is a dead letter too")


def scored_to_actionable(facts: Facts) -> HopReport:
    """Judges that every scored post that belongs in posts.actionable is there."""
    report = HopReport("posts.scored -> posts.actionable", "at least once")
    scored, actionable, name = facts.scored, facts.actionable, facts.names.post_name

    def partition_of(index: int) -> int:
        return facts.actionable_partitions[workspace_of(name(scored.ids[index]))]

    expired = expired_by(actionable, scored, partition_of)
    last = scored.last_of_source()
    follow(
        report,
        scored,
        set(actionable.ids),
        name,
        chosen=[a and b for a, b in zip(scored.actionable, last, strict=True)],
        expired=expired,
        # Enrich writes both topics for a raw record before it commits that record.
        handled=lambda index: facts.raw.is_handled(scored.sources[index]),
        unreadable=False,
    )
    copies = Counter(number for number, wanted in zip(scored.ids, scored.actionable, strict=True) if wanted)
    for number, repeat in repeats(actionable.ids).items():
        # Each of several scored copies of a post may be passed on once, and only more than that is a double.
        if repeat.times > copies[number]:
            detail = f"{repeat.times} records of {copies[number]} in {scored.name}"
            report.doubled.add(name(number), actionable.place(repeat.second), detail)
    # Once retention removed scored records, the cause of an actionable one may be among them.
    if not scored.trimmed:
        _actionable_from_nowhere(report, facts, copies)
    return report


def _actionable_from_nowhere(report: HopReport, facts: Facts, copies: Counter[int]) -> None:
    actionable = facts.actionable
    for index, number in enumerate(actionable.ids):
        if number not in copies and facts.raw.is_handled(actionable.sources[index]):
            name = facts.names.post_name(number)
            report.unexpected.add(
                name, actionable.place(index), f"not wanted by any record of {facts.scored.name}"
            )
