"""The last hops: what the sink reads is in ClickHouse, counted once under FINAL.

In: `Facts`. Out: one report a table; all of them are exactly once. Never here: I/O, SQL.
"""

from pipeline.audit.facts import EventLog, Facts, Log
from pipeline.audit.findings import HopReport
from pipeline.audit.following import doubled_letters, follow, follow_unreadable, repeats
from pipeline.audit.names import post_of


def scored_to_posts(facts: Facts) -> HopReport:
    """Each post has one row, in its highest version; a deleted one has none; a refused one is on record.

    Counts posts, not revisions.
    """
    report = HopReport("posts.scored -> ClickHouse posts", "exactly once")
    scored, store, names = facts.scored, facts.store, facts.names
    best, refused, dead = _best(facts)
    found = dict(zip(store.posts.ids, store.post_vers, strict=True))
    report.ids_in = len(best) + len(refused) + len(dead)
    report.refused = len(refused)
    for index in dead.values():
        letter = scored.letters.by_source[scored.positions[index]]
        report.dead_lettered.add(names.post_name(scored.ids[index]), scored.place(index), letter.code)
    for post, index in best.items():
        problem = _problem(facts, index, found.get(post))
        if problem is None:
            report.ids_out += 1
        elif scored.outdated[index]:
            report.expired += 1
        else:
            report.missing.add(names.post_name(scored.ids[index]), scored.place(index), problem)
    follow_unreadable(report, scored)
    doubled_letters(report, scored)
    for post, repeat in repeats(store.posts.ids).items():
        place = _row(store.posts, repeat.second, scored)
        report.doubled.add(names.name(post), place, f"{repeat.times} rows under FINAL")
    _posts_from_nowhere(report, facts)
    return report


def _best(facts: Facts) -> tuple[dict[int, int], set[int], dict[int, int]]:
    """Post to the index of its highest stored version; posts of which all versions were refused; dead-lettered."""
    scored, best, refused, dead = facts.scored, dict[int, int](), set[int](), dict[int, int]()
    for index, number in enumerate(scored.ids):
        post = post_of(number)
        if number in facts.store.refused:
            refused.add(post)
        elif scored.letters.kept(scored.positions[index]):
            dead[post] = index
        elif post not in best or scored.vers[index] > scored.vers[best[post]]:
            best[post] = index
    refused -= best.keys()
    return best, refused, {post: index for post, index in dead.items() if post not in best.keys() | refused}


def _problem(facts: Facts, index: int, found: int | None) -> str | None:
    wanted = facts.scored.vers[index]
    if facts.scored.deleted[index]:
        return None if found is None or found > wanted else "deleted, but its row is still there"
    if found is None:
        return "no row under FINAL"
    return None if found >= wanted else f"the row has version {found}, not {wanted}"


def _posts_from_nowhere(report: HopReport, facts: Facts) -> None:
    scored, rows = facts.scored, facts.store.posts
    read = {(post_of(number), ver) for number, ver in zip(scored.ids, scored.vers, strict=True)}
    for index, row in enumerate(zip(rows.ids, facts.store.post_vers, strict=True)):
        if row not in read and scored.holds(rows.positions[index]):
            place = _row(rows, index, scored)
            report.unexpected.add(facts.names.name(row[0]), place, f"no such version in {scored.name}")


def events_to_table(facts: Facts) -> HopReport:
    """Each event of a case has one row."""
    return _table(facts, facts.events, facts.store.case_events, "cases.events -> ClickHouse case_events")


def assignments_to_table(facts: Facts) -> HopReport:
    """Each assignment record has one row."""
    return _table(facts, facts.assignments, facts.store.assignments, "assignments -> ClickHouse assignments")


def _table(facts: Facts, log: Log, rows: Log, hop: str) -> HopReport:
    report = HopReport(hop, "exactly once")
    prefix = "event " if isinstance(log, EventLog) else ""

    def name(number: int) -> str:
        return prefix + facts.names.name(number)

    follow(report, log, set(rows.ids), name)
    doubled_letters(report, log)
    for number, repeat in repeats(rows.ids).items():
        report.doubled.add(name(number), _row(rows, repeat.second, log), f"{repeat.times} rows under FINAL")
    read = set(log.ids)
    for index, number in enumerate(rows.ids):
        if number not in read and log.holds(rows.positions[index]):
            report.unexpected.add(name(number), _row(rows, index, log), f"not in {log.name}")
    return report


def _row(rows: Log, index: int, source: Log) -> str:
    """A row has no place of its own: the table, and the record that it says it was made from."""
    return f"{rows.name} from {source.name}{rows.place(index).removeprefix(rows.name)}"
