"""What retention has removed is expired, never missing, and only what it can have removed."""

from pipeline.audit.collected import Facts
from pipeline.audit.hops import case as case_hops
from pipeline.audit.hops import current as current_hop
from pipeline.audit.hops import post as post_hops
from pipeline.audit.hops.arrivals import EXPIRY_MARGIN_MS
from pipeline.audit.logs import Log, partition_at
from tests.audit_world import Cluster, Plant, World, collect
from tests.builders import START_MS


def facts(plant: Plant | None = None) -> Facts:
    world = World(Cluster(), plant=plant or Plant())
    return collect(world.cluster, world.delivered)


def trim(log: Log, first_ms: int) -> None:
    """As if records before `first_ms` had been removed, all that the log holds being later."""
    log.low = dict.fromkeys(log.end, 1)
    log.first_ms = dict.fromkeys(log.end, first_ms)


def test_a_delivery_before_the_first_offset_of_posts_raw_is_expired() -> None:
    found = facts(Plant("manifest", 0))
    found.raw.low = {n: end + 1 for n, end in found.raw.end.items()}
    report = post_hops.manifest_to_raw(found)
    assert (report.expired, report.lost.count) == (1, 0)


def test_a_delivery_behind_the_end_of_posts_raw_is_missing() -> None:
    found = facts(Plant("manifest", 0))
    found.manifests.positions[3] += 1000
    assert post_hops.manifest_to_raw(found).lost.count == 1


def test_an_output_older_than_what_is_kept_is_expired() -> None:
    found = facts(Plant("actionable", 0))
    trim(found.actionable, START_MS + 1)
    report = post_hops.scored_to_actionable(found)
    assert (report.expired, report.lost.count) == (1, 0)


def test_an_output_younger_than_what_is_kept_is_missing() -> None:
    found = facts(Plant("actionable", 0))
    trim(found.actionable, START_MS - EXPIRY_MARGIN_MS)
    report = post_hops.scored_to_actionable(found)
    assert (report.expired, report.lost.count) == (0, 1)


def test_assignments_are_kept_for_a_shorter_time_than_events() -> None:
    found = facts(Plant("assignments", 0))
    trim(found.assignments, START_MS + 1)
    report = case_hops.events_to_assignments(found)
    assert (report.expired, report.lost.count, report.unexpected.count) == (1, 0, 0)


def test_the_first_steps_of_a_case_may_be_expired() -> None:
    found = facts()
    first = next(i for i, seq in enumerate(found.events.seqs) if seq == 0)
    found.events.seqs[first] = -1
    lost = case_hops.events_without_gap(found)
    assert lost.lost.shown[0].id.endswith(" seq 0")
    trim(found.events, START_MS)
    kept = case_hops.events_without_gap(found)
    assert (kept.expired, kept.lost.count) == (1, 0)


def test_an_open_case_without_any_event_is_unexpected_unless_events_were_removed() -> None:
    found = facts()
    open_case = next(case for case, one in found.current.items() if one.state is not None)
    for index, case in enumerate(found.events.cases):
        if case == open_case:
            found.events.seqs[index] = -1
    report = current_hop.events_to_current(found)
    assert [finding.id for finding in report.unexpected.shown] == [f"case {found.names.name(open_case)}"]
    trim(found.events, START_MS)
    assert current_hop.events_to_current(found).ok


def test_records_of_transactions_that_were_not_over_are_not_judged() -> None:
    found = facts()
    found.events.assignments = type(found.events.assignments)("q", [-1] * len(found.events))
    assert case_hops.events_to_assignments(found).unexpected.count == len(found.assignments)
    found.assignments.settled = {}
    assert case_hops.events_to_assignments(found).unexpected.count == 0


def test_a_partition_that_lost_nothing_expires_nothing() -> None:
    found = facts()
    assert found.raw.removed_before_ms(partition_at(found.raw.positions[0])) == 0
    assert not found.raw.trimmed
