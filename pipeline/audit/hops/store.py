"""Judges the last hops: what the sink reads is in ClickHouse and counts once under FINAL.

There is one report for each table, and all of these hops are exactly once. The module holds no SQL.
"""

from collections.abc import Callable, Sequence

from pipeline.audit.collected import Facts
from pipeline.audit.findings import HopReport
from pipeline.audit.hops.arrivals import doubled_letters, follow, follow_unreadable, repeats
from pipeline.audit.hops.row_comparison import compare_rows
from pipeline.audit.interned_ids import post_of
from pipeline.audit.logs import EventLog, Log


def scored_to_posts(facts: Facts) -> HopReport:
    """Judges that each post has one row, in its highest version. A deleted post has none, and a refused one is on
    record.

    It counts posts and not revisions.
    """
    report = HopReport("posts.scored -> ClickHouse posts", "exactly once")
    scored, store, names = facts.scored, facts.store, facts.names
    versions, refused, dead = _versions(facts)
    row_versions = dict(zip(store.posts.ids, store.post_vers, strict=True))
    report.ids_in = len(versions) + len(refused) + len(dead)
    report.refused = len(refused)
    for index in dead.values():
        letter = scored.letters.by_source[scored.positions[index]]
        report.dead_lettered.add(names.post_name(scored.ids[index]), scored.place(index), letter.code)
    for post, indexes in versions.items():
        _judge_post(report, facts, indexes, row_versions.get(post))
    follow_unreadable(report, scored)
    doubled_letters(report, scored)
    for post, repeat in repeats(store.posts.ids).items():
        where = _row(store.posts, repeat.second, scored)
        report.doubled.add(names.name(post), where, f"{repeat.times} rows under FINAL")
    _posts_from_nowhere(report, facts)
    compare_rows(report, facts, scored)
    return report


def _versions(facts: Facts) -> tuple[dict[int, list[int]], set[int], dict[int, int]]:
    """Sorts the posts into stored, refused and dead-lettered ones.

    A stored post comes with the records that should be stored, the one with the highest version first.
    """
    scored, stored, refused, dead = facts.scored, dict[int, list[int]](), set[int](), dict[int, int]()
    for index, number in enumerate(scored.ids):
        post = post_of(number)
        if number in facts.store.refused:
            refused.add(post)
        elif scored.letters.kept(scored.positions[index]):
            dead[post] = index
        else:
            stored.setdefault(post, []).append(index)
    for indexes in stored.values():
        if len(indexes) > 1:
            indexes.sort(key=scored.vers.__getitem__, reverse=True)
    refused -= stored.keys()
    return stored, refused, {post: index for post, index in dead.items() if post not in stored.keys() | refused}


def _judge_post(report: HopReport, facts: Facts, versions: Sequence[int], row_version: int | None) -> None:
    """Judges one post by the version that its row shows.

    The row must show the highest version, or one that is at least the highest which the sink has committed.
    """
    scored, best = facts.scored, versions[0]
    if _problem(facts, best, row_version) is None or (row_version is None and _deleted_since(facts, best)):
        report.ids_out += 1
        return
    name = facts.names.post_name(scored.ids[best])
    done = next((index for index in versions if scored.is_handled(scored.positions[index])), None)
    if scored.outdated[best]:
        report.expired += 1
    elif done is None or (done != best and _on_its_way(facts, versions, done, row_version)):
        report.not_yet.add(name, scored.place(best))
    else:
        # The finding names the highest version that the sink has done, which the row should at least show.
        wrong = done if _problem(facts, done, row_version) else best
        problem = _problem(facts, wrong, row_version) or ""
        report.lost.add(facts.names.post_name(scored.ids[wrong]), scored.place(wrong), problem)


def _deleted_since(facts: Facts, best: int) -> bool:
    """Says whether a deletion that was not read hides the post. It came later, or retention removed its record."""
    scored = facts.scored
    ver, at = facts.store.deletions.get(post_of(scored.ids[best]), (-1, -1))
    return ver > scored.vers[best] and not scored.holds(at)


def _on_its_way(facts: Facts, versions: Sequence[int], done: int, row_version: int | None) -> bool:
    """Says whether the row shows the version `done` or one above it. Below a deletion no row is seen."""
    if _problem(facts, done, row_version) is None:
        return True
    above = versions[: versions.index(done)]
    return row_version is None and any(facts.scored.deleted[index] for index in above)


def _problem(facts: Facts, index: int, row_version: int | None) -> str | None:
    wanted = facts.scored.vers[index]
    if facts.scored.deleted[index]:
        return None if row_version is None or row_version > wanted else "deleted, but its row is still there"
    if row_version is None:
        return "no row under FINAL"
    return None if row_version >= wanted else f"the row has version {row_version}, not {wanted}"


def _posts_from_nowhere(report: HopReport, facts: Facts) -> None:
    scored, rows = facts.scored, facts.store.posts
    read_versions = {(post_of(number), ver) for number, ver in zip(scored.ids, scored.vers, strict=True)}
    for index, row in enumerate(zip(rows.ids, facts.store.post_vers, strict=True)):
        # A row of a record outside what was read may be newer than the audit or older than retention allows.
        if row not in read_versions and scored.holds(rows.positions[index]):
            place = _row(rows, index, scored)
            report.unexpected.add(facts.names.name(row[0]), place, f"no such version in {scored.name}")


def events_to_table(facts: Facts) -> HopReport:
    """Judges that each event of a case has one row."""
    return _table(facts, facts.events, facts.store.case_events, "cases.events -> ClickHouse case_events")


def assignments_to_table(facts: Facts) -> HopReport:
    """Judges that each assignment record has one row."""
    return _table(facts, facts.assignments, facts.store.assignments, "assignments -> ClickHouse assignments")


def gauges_to_tables(facts: Facts) -> HopReport:
    """Judges that what was told of each queue and rep has one row.

    The router may tell the same minute twice. Then one row has the later record.
    """
    log = facts.gauges
    return _table(
        facts, log, facts.store.gauges, "route.gauges -> ClickHouse queue_gauges, rep_presence",
        expired=lambda index: bool(log.outdated[index]),
    )  # fmt: skip


def _table(
    facts: Facts, log: Log, rows: Log, hop: str, *, expired: Callable[[int], bool] = lambda _: False
) -> HopReport:
    report = HopReport(hop, "exactly once")
    prefix = "event " if isinstance(log, EventLog) else ""

    def name(number: int) -> str:
        return prefix + facts.names.name(number)

    follow(report, log, set(rows.ids), name, expired=expired)
    doubled_letters(report, log)
    for number, repeat in repeats(rows.ids).items():
        report.doubled.add(name(number), _row(rows, repeat.second, log), f"{repeat.times} rows under FINAL")
    read_ids = set(log.ids)
    for index, number in enumerate(rows.ids):
        if number not in read_ids and log.holds(rows.positions[index]):
            report.unexpected.add(name(number), _row(rows, index, log), f"not in {log.name}")
    compare_rows(report, facts, log)
    return report


def _row(rows: Log, index: int, source: Log) -> str:
    """Names a row by its table and by the record that it says it was made from, since a row has no place of its
    own.
    """
    return f"{rows.name} from {source.name}{rows.place(index).removeprefix(rows.name)}"
