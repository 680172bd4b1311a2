"""Prints the summary of the demo: counts and latency of each hop, a few assignments with reasons, sentiment by
hour.

It reads everything from the stack and prints to a rich console. The stack must be running.
"""

from collections import Counter
from collections.abc import Callable, Sequence

from rich.console import Console
from rich.table import Table

from pipeline.adapters.clickhouse.analytics import SENTIMENT_BY_HOUR, Analyst, open_analyst
from pipeline.adapters.kafka.reader import Message, read_topic
from pipeline.app.endpoints import resolve
from pipeline.bench.stage.latency import HopLatency, hop_latencies, stored_latency
from pipeline.cli.report import draw_sentiment
from pipeline.codec import decode
from pipeline.settings import Settings
from schemas.cases.case import Assignment
from schemas.topics import ACTIONABLE, ASSIGNMENTS, CASE_EVENTS, RAW, SCORED, Topic

Read = Callable[[str], list[Message]]
EXAMPLES = 5
MAX_HOURS = 24
HOPS: tuple[Topic, ...] = (RAW, SCORED, ACTIONABLE, CASE_EVENTS, ASSIGNMENTS)
_TABLES = ("posts", "case_events", "assignments")


def print_report(settings: Settings, console: Console) -> None:
    """Prints all parts in the order of the flow."""
    resolved = resolve(settings, clickhouse=True)
    records: dict[str, list[Message]] = {}

    def read(topic: str) -> list[Message]:
        # The demo has a few thousand records, so that each topic is read once and shown from memory.
        if topic not in records:
            records[topic] = list(read_topic(resolved.kafka, topic))
        return records[topic]

    with open_analyst(resolved.clickhouse) as analyst:
        _print_counts(read, analyst, console)
        _print_latencies([*hop_latencies(read), stored_latency(analyst)], console)
        _print_assignments(_assignments(read), console)
        hours = list(analyst.ask(SENTIMENT_BY_HOUR, {"workspace": ""}).records())
    draw_sentiment(hours, MAX_HOURS)


def _print_counts(read: Read, analyst: Analyst, console: Console) -> None:
    table = Table("where", "records", "dead-lettered", title="counts per hop", title_justify="left")
    for topic in HOPS:
        records = len(read(topic.name))
        dead = len(read(topic.dlq.name)) if topic.dead_letters else 0
        table.add_row(topic.name, f"{records:,}", f"{dead:,}")
    for name in _TABLES:
        rows = analyst.ask(f"SELECT count() FROM {name}").rows[0][0]  # noqa: S608 - a name of ours
        table.add_row(f"ClickHouse {name}", f"{rows:,}", "")
    console.print(table)


def _print_latencies(hops: Sequence[HopLatency], console: Console) -> None:
    table = Table("hop", "records", "p50", "p99", title="latency", title_justify="left")
    for hop in hops:
        table.add_row(hop.name, f"{hop.records:,}", f"{hop.p50_ms:,.0f} ms", f"{hop.p99_ms:,.0f} ms")
    console.print(table)


def _assignments(read: Read) -> list[Assignment]:
    """Returns the most urgent assigned case of each queue first, then the next ones."""
    assignments = [decode(Assignment, message.value()) for message in read(ASSIGNMENTS.name)]
    assigned = sorted((a for a in assignments if a.state == "assigned"), key=lambda a: (-a.priority, a.case_id))
    rank: Counter[str] = Counter()
    ranked = []
    for assignment in assigned:
        ranked.append((rank[assignment.queue], assignment))
        rank[assignment.queue] += 1
    return [assignment for _, assignment in sorted(ranked, key=lambda pair: pair[0])[:EXAMPLES]]


def _print_assignments(assignments: Sequence[Assignment], console: Console) -> None:
    console.rule(f"{len(assignments)} assignments and why")
    for case in assignments:
        last = next((post for post in reversed(case.posts) if not post.own), case.posts[-1])
        why = "; ".join(f"{reason.code} {reason.detail}".strip() for reason in case.reasons)
        console.print(
            f"[bold]{case.rep_id}[/bold] ({case.team}) gets {case.author.handle or case.author.author_id}, "
            f"queue {case.queue}, priority {case.priority:.0f}, answer {case.channel}, "
            f"{case.posts_total} post(s), "
            f"{case.candidates.eligible} of {case.candidates.present} reps could take it",
            highlight=False,
        )
        console.print(f"    {(last.text or last.post_id)[:150]!r}", style="italic", highlight=False, markup=False)
        console.print(f"    because {why}", style="dim", highlight=False, markup=False)
