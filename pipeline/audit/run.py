"""Runs a whole audit: it collects from manifests, Kafka and ClickHouse, and then judges.

It takes resolved settings and a scope and returns a `Verdict`. Printing and exit codes belong to the CLI.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.adapters.clickhouse.retention import ttl_days_in_force
from pipeline.adapters.kafka.partitioner import partition_of
from pipeline.audit.collect.clickhouse import collect_clickhouse
from pipeline.audit.collect.kafka import KafkaSummary, collect_kafka
from pipeline.audit.collect.log_builder import LogBuilder
from pipeline.audit.collect.manifests import collect_manifests
from pipeline.audit.collect.stage_lag import unread_by_stages, wait_for_stages
from pipeline.audit.collected import Facts
from pipeline.audit.hops.chain import judge_hops
from pipeline.audit.interned_ids import Names, workspace_of
from pipeline.audit.verdict import Verdict
from pipeline.clock import Clock, to_ms
from pipeline.ingest.manifest.format import list_manifests
from pipeline.settings import Settings


@dataclass(frozen=True)
class Scope:
    """Says what is audited."""

    workspaces: frozenset[str] = frozenset()
    """An empty set means all workspaces."""
    manifests: Sequence[Path] | None = None
    """None means all manifests of the state folder."""
    settle_s: float = 0.0
    most_given_up: float = 1.0
    """The audit fails when this share of a hop's ids, from 0 to 1, or more lies in the dead letters."""


def run_audit(settings: Settings, scope: Scope, clock: Clock, progress: Callable[[str], None]) -> Verdict:
    """Audits what is there.

    Args:
        settings: resolved settings, with ClickHouse.
        scope: what is audited.
        clock: gives the time of the audit.
        progress: is told what happens.

    Raises:
        ServiceMissing: Kafka or ClickHouse does not answer.
        Transient: one of them stopped answering.
        Misconfigured: topics or tables are missing, or a manifest is damaged.
    """
    names = Names()
    lagging = wait_for_stages(lambda: unread_by_stages(settings.kafka), scope.settle_s)
    # Manifests are read first, because whatever they name must then be within the topic, which only grows.
    paths = list_manifests(settings.state_dir) if scope.manifests is None else scope.manifests
    manifests, warnings = collect_manifests(paths, names, scope.workspaces)
    ttl_days = ttl_days_in_force(settings.clickhouse)
    now_ms = to_ms(clock.now())
    builder = LogBuilder(names, scope.workspaces, now_ms, ttl_days)
    reading = collect_kafka(settings.kafka, builder, now_ms, progress)
    # ClickHouse is read last: what the sink had committed when Kafka was read is in the tables by now.
    store = collect_clickhouse(settings.clickhouse, names, scope.workspaces, builder.samples)
    facts = builder.facts(manifests, _partitions(builder, names, reading), store)
    late = [str(unread) for unread in lagging]
    return _verdict(facts, scope, reading, late + warnings)


def _partitions(builder: LogBuilder, names: Names, reading: KafkaSummary) -> dict[str, int]:
    workspaces = {workspace_of(names.post_name(number)) for number in set(builder.scored.ids)}
    return {name: partition_of(name.encode(), reading.actionable_partitions) for name in workspaces}


def _verdict(facts: Facts, scope: Scope, reading: KafkaSummary, warnings: list[str]) -> Verdict:
    rows = [stored for tables in facts.store.rows.values() for stored in tables]
    return Verdict(
        judge_hops(facts),
        warnings + reading.warnings,
        reading.records,
        {log.name: dict(log.letters.codes) for log in facts.logs() if log.letters.codes},
        facts.manifests.rejected,
        {stored.table.name: len(stored.pairs) for stored in rows if stored.pairs},
        scope.most_given_up,
    )
