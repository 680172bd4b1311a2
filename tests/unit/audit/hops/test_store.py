"""ClickHouse is judged under FINAL by versions, deletions, refusals and retention."""

from pipeline.audit.collected import Facts
from pipeline.audit.hops.store import events_to_table, scored_to_posts
from pipeline.audit.logs import Log
from tests.audit_world import Cluster, World, collect


def facts() -> Facts:
    world = World(Cluster())
    return collect(world.cluster, world.delivered)


def index_of(found: Facts, name: str) -> int:
    return next(i for i, number in enumerate(found.scored.ids) if found.names.post_name(number) == name)


def row_of(found: Facts, name: str) -> int:
    return found.store.posts.ids.index(found.names.number(name))


def drop_row(found: Facts, name: str) -> None:
    row = row_of(found, name)
    for column in (found.store.posts.ids, found.store.posts.positions, found.store.post_vers):
        column.pop(row)


def test_an_old_revision_in_the_row_means_that_the_edit_is_missing() -> None:
    found = facts()
    found.store.post_vers[row_of(found, "acme/x:p2")] = found.scored.vers[index_of(found, "acme/x:p2")]
    report = scored_to_posts(found)
    assert [finding.id for finding in report.lost.shown] == ["acme/x:p2@1"]
    assert "the row has version" in report.lost.shown[0].detail


def test_a_deleted_post_that_is_still_there_is_missing_its_deletion() -> None:
    found = facts()
    first = index_of(found, "acme/x:p5")
    found.store.posts.add(found.names.number("acme/x:p5"), found.scored.positions[first], 0)
    found.store.post_vers.append(found.scored.vers[first])
    report = scored_to_posts(found)
    assert [(f.id, f.detail) for f in report.lost.shown] == [
        ("acme/x:p5@1", "deleted, but its row is still there")
    ]


def test_a_refused_post_is_accounted_for() -> None:
    found = facts()
    drop_row(found, "acme/x:p1")
    assert not scored_to_posts(found).ok
    found.store.refused.add(found.scored.ids[index_of(found, "acme/x:p1")])
    report = scored_to_posts(found)
    assert (report.ok, report.refused, report.ids_in) == (True, 1, 5)


def test_a_post_whose_keeping_time_is_over_is_expired() -> None:
    found = facts()
    drop_row(found, "acme/x:p1")
    found.scored.outdated[index_of(found, "acme/x:p1")] = 1
    report = scored_to_posts(found)
    assert (report.ok, report.expired) == (True, 1)


def test_a_row_that_no_record_explains_is_unexpected() -> None:
    found = facts()
    found.store.posts.add(found.names.number("acme/x:nobody"), found.scored.positions[0], 0)
    found.store.post_vers.append(1)
    found.store.case_events.add(found.names.number("nothing"), found.events.positions[0], 0)
    assert [f.id for f in scored_to_posts(found).unexpected.shown] == ["acme/x:nobody"]
    assert [f.id for f in events_to_table(found).unexpected.shown] == ["event nothing"]


def test_a_row_of_a_record_that_is_not_kept_any_more_is_no_surprise() -> None:
    found = facts()
    old: Log = found.scored
    old.low = dict.fromkeys(old.end, 1)
    partition = next(n for n, end in old.end.items() if end)
    found.store.posts.add(found.names.number("acme/x:long-ago"), partition << 48, 0)
    found.store.post_vers.append(1)
    assert scored_to_posts(found).ok
