"""The whole audit: collect from manifests, Kafka and ClickHouse, then judge.

In: resolved settings, what to look at. Out: a `Verdict`. Never here: printing, exit codes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.adapters.clickhouse.retention import ttl_days_in_force
from pipeline.adapters.kafka.partitioning import partition_of
from pipeline.audit.collect.clickhouse import collect_clickhouse
from pipeline.audit.collect.kafka import KafkaReading, collect_kafka
from pipeline.audit.collect.manifests import collect_manifests
from pipeline.audit.collect.settle import behind, settle
from pipeline.audit.collect.taking import Taker
from pipeline.audit.facts import Facts
from pipeline.audit.findings import HopReport
from pipeline.audit.hops.flow import audit
from pipeline.audit.names import Names, workspace_of
from pipeline.clock import Clock, to_ms
from pipeline.ingest.manifest.format import list_manifests
from pipeline.settings import Settings


@dataclass(frozen=True)
class Scope:
    """What is audited."""

    workspaces: frozenset[str] = frozenset()
    """Empty: all."""
    manifests: Sequence[Path] | None = None
    """None: all of the state folder."""
    settle_s: float = 0.0
    most_given_up: float = 1.0
    """Share of a hop's ids, 0 to 1, that must not lie in the dead letters."""


@dataclass
class Verdict:
    """What the audit found."""

    hops: list[HopReport]
    warnings: list[str] = field(default_factory=list)
    """Why the numbers may be incomplete."""
    records: dict[str, int] = field(default_factory=dict)
    """Topic to the records that were read."""
    dead_letters: dict[str, dict[str, int]] = field(default_factory=dict)
    """Topic to code to dead letters."""
    rejected_lines: int = 0
    """Lines that ingest gave up; they never became ids."""
    compared: dict[str, int] = field(default_factory=dict)
    """Table to the rows that were compared with their records in every column."""
    most_given_up: float = 1.0
    """See `Scope`."""

    @property
    def ok(self) -> bool:
        """There is something, every hop keeps its guarantee, and not too much lies in the dead letters."""
        return not self.empty and not self.failed

    @property
    def empty(self) -> bool:
        """No id was found anywhere: a misspelt workspace looks like this, and so does a loss of everything."""
        return not any(hop.ids_in for hop in self.hops)

    @property
    def failed(self) -> list[HopReport]:
        """The hops that do not keep their guarantee, or that gave up too much."""
        return [hop for hop in self.hops if not hop.ok or self.gave_up_too_much(hop)]

    @property
    def waiting(self) -> int:
        """Ids that their stages have not come to, over all hops."""
        return sum(hop.not_yet.count for hop in self.hops)

    def gave_up_too_much(self, hop: HopReport) -> bool:
        """Whether the hop's dead letters are as many as the scope forbids."""
        return bool(hop.dead_lettered) and hop.given_up >= self.most_given_up


def run_audit(settings: Settings, scope: Scope, clock: Clock, progress: Callable[[str], None]) -> Verdict:
    """Audits what is there.

    Args:
        settings: resolved, with ClickHouse.
        scope: what is audited.
        clock: gives the time of the audit.
        progress: told what happens.

    Raises:
        ServiceMissing: Kafka or ClickHouse does not answer. Transient: one of them stopped answering.
        Misconfigured: topics or tables are missing, or a manifest is damaged.
    """
    names = Names()
    lagging = settle(lambda: behind(settings.kafka), scope.settle_s)
    # Manifests first: whatever they name must then be within the topic.
    paths = list_manifests(settings.state_dir) if scope.manifests is None else scope.manifests
    manifests, warnings = collect_manifests(paths, names, scope.workspaces)
    ttl_days = ttl_days_in_force(settings.clickhouse)
    now_ms = to_ms(clock.now())
    taker = Taker(names, scope.workspaces, now_ms, ttl_days)
    reading = collect_kafka(settings.kafka, taker, now_ms, progress)
    store = collect_clickhouse(settings.clickhouse, names, scope.workspaces, taker.samples)
    facts = Facts(
        names=names,
        manifests=manifests,
        raw=taker.raw,
        scored=taker.scored,
        actionable=taker.actionable,
        actionable_partitions=_partitions(taker, names, reading),
        mentions=taker.mentions,
        events=taker.events,
        assignments=taker.assignments,
        teams=list(taker.teams.values()),
        current=taker.current,
        current_log=taker.current_log,
        store=store,
    )
    late = [str(unread) for unread in lagging]
    return _verdict(facts, scope, reading, late + warnings)


def _partitions(taker: Taker, names: Names, reading: KafkaReading) -> dict[str, int]:
    workspaces = {workspace_of(names.post_name(number)) for number in set(taker.scored.ids)}
    return {name: partition_of(name.encode(), reading.actionable_partitions) for name in workspaces}


def _verdict(facts: Facts, scope: Scope, reading: KafkaReading, warnings: list[str]) -> Verdict:
    rows = [stored for tables in facts.store.rows.values() for stored in tables]
    return Verdict(
        audit(facts),
        warnings + reading.warnings,
        reading.records,
        {log.name: dict(log.letters.codes) for log in facts.logs() if log.letters.codes},
        facts.manifests.rejected,
        {stored.table.name: len(stored.pairs) for stored in rows if stored.pairs},
        scope.most_given_up,
    )
