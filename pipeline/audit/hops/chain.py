"""Judges all hops in the order of the flow and returns one report for each of them.

This is the pure part of the audit, so nothing here reads or writes. The hops of posts are in `post` and `mention`,
those of cases in `case` and `current`, and those into ClickHouse in `store` and `row_comparison`.
"""

from collections.abc import Callable

from pipeline.audit.collected import Facts
from pipeline.audit.findings import HopReport
from pipeline.audit.hops import (
    case as case_hops,
)
from pipeline.audit.hops import (
    current as current_hop,
)
from pipeline.audit.hops import (
    mention as mention_hop,
)
from pipeline.audit.hops import (
    post as post_hops,
)
from pipeline.audit.hops import (
    store as store_hops,
)

HOPS: tuple[Callable[[Facts], HopReport], ...] = (
    post_hops.manifest_to_raw,
    post_hops.raw_to_scored,
    post_hops.scored_to_actionable,
    mention_hop.scored_to_mentions,
    case_hops.actionable_to_events,
    case_hops.events_without_gap,
    case_hops.events_to_assignments,
    case_hops.assignments_to_teams,
    current_hop.events_to_current,
    store_hops.scored_to_posts,
    store_hops.events_to_table,
    store_hops.assignments_to_table,
    store_hops.gauges_to_tables,
)


def judge_hops(facts: Facts) -> list[HopReport]:
    """Returns the report of every hop."""
    return [hop(facts) for hop in HOPS]
