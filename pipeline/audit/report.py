"""Presents a verdict to people as a table with lines below it, and to programs as one JSON object.

It judges nothing.
"""

from collections.abc import Iterator
from typing import Any

from rich.table import Table
from rich.text import Text

from pipeline.audit.collect.sample import SAMPLE_RECORDS
from pipeline.audit.findings import SHOWN, Findings, HopReport
from pipeline.audit.verdict import Verdict

KINDS = ("lost", "changed", "doubled", "unexpected", "dead_lettered")
"""These findings of a hop are named one by one, the worst kind first."""
_COLUMNS = (
    "in", "out", "not yet", "lost", "changed", "doubled", "unexpected", "dead-lettered", "expired", "refused",
)  # fmt: skip


def as_object(verdict: Verdict) -> dict[str, Any]:
    """Returns the verdict as one JSON object."""
    return {
        "ok": verdict.ok,
        "hops": [_hop_object(hop) for hop in verdict.hops],
        "not_yet": verdict.waiting,
        "compared": verdict.compared,
        "rejected_lines": verdict.rejected_lines,
        "dead_letters": verdict.dead_letters,
        "records": verdict.records,
        "warnings": verdict.warnings,
    }


def _hop_object(hop: HopReport) -> dict[str, Any]:
    plain = {
        "hop": hop.hop,
        "guarantee": hop.guarantee,
        "ok": hop.ok,
        "in": hop.ids_in,
        "out": hop.ids_out,
        "expired": hop.expired,
        "refused": hop.refused,
    }
    return plain | {kind: _findings_object(getattr(hop, kind)) for kind in ("not_yet", *KINDS)}


def _findings_object(findings: Findings) -> dict[str, Any]:
    return {"count": findings.count, "shown": [finding._asdict() for finding in findings.shown]}


def table(verdict: Verdict) -> Table:
    """Draws one row for each hop."""
    drawing = Table(title="Every id, hop by hop", title_justify="left")
    drawing.add_column("hop", no_wrap=True)
    for column in _COLUMNS:
        drawing.add_column(column, justify="right")
    drawing.add_column("")
    for hop in verdict.hops:
        # Doubled and unexplained ids break only an exactly-once hop, so elsewhere they are not drawn as faults.
        exact = hop.guarantee == "exactly once"
        drawing.add_row(
            hop.hop,
            f"{hop.ids_in:,}",
            f"{hop.ids_out:,}",
            _count(hop.not_yet.count, bad=False),
            _count(hop.lost.count, bad=True),
            _count(hop.changed.count, bad=True),
            _count(hop.doubled.count, bad=exact),
            _count(hop.unexpected.count, bad=exact),
            _count(hop.dead_lettered.count, bad=verdict.gave_up_too_much(hop)),
            f"{hop.expired:,}",
            f"{hop.refused:,}",
            _word(verdict, hop),
        )
    return drawing


def _word(verdict: Verdict, hop: HopReport) -> Text:
    if hop in verdict.failed:
        return Text("NO", style="bold red")
    if hop.not_yet:
        return Text("not yet", style="yellow")
    return Text("ok", style="green") if hop.ids_in else Text("nothing", style="dim")


def _count(count: int, *, bad: bool) -> Text:
    return Text(f"{count:,}" if count else "-", style=("bold red" if bad else "yellow") if count else "dim")


def lines(verdict: Verdict) -> Iterator[str]:
    """Yields what the table cannot hold.

    These are the findings with their places, dead letters by code, warnings and the verdict.
    """
    for hop in verdict.hops:
        for kind in KINDS:
            yield from _finding_lines(hop, kind, getattr(hop, kind))
        if hop.not_yet:
            # Ids that are not there yet are normal beside a running stream, and naming one shows where to look.
            first = hop.not_yet.shown[0]
            yield f"{hop.hop}: not yet: {hop.not_yet.count:,}, the first of them {first.id} at {first.place}"
    for topic, codes in verdict.dead_letters.items():
        yield f"{topic}.dlq: " + ", ".join(f"{code} {count:,}" for code, count in sorted(codes.items()))
    if verdict.rejected_lines:
        yield f"ingest rejected {verdict.rejected_lines:,} lines: they never became ids"
    if verdict.compared:
        counts = ", ".join(f"{table} {count:,}" for table, count in verdict.compared.items())
        yield f"rows compared in every column: {counts} (at most {SAMPLE_RECORDS} a topic, the same each time)"
    for warning in verdict.warnings:
        yield f"warning: {warning}"
    yield from _verdict_lines(verdict)


def _verdict_lines(verdict: Verdict) -> Iterator[str]:
    for hop in verdict.hops:
        if hop.dead_lettered:
            share = f"{hop.dead_lettered.count:,} of {hop.ids_in:,} ids ({hop.given_up:.1%})"
            yield f"{hop.hop}: {share} were given up and lie in the dead letters"
    if verdict.failed:
        yield f"audit: NOT clean: {'; '.join(hop.hop for hop in verdict.failed)}"
    elif verdict.empty:
        yield "audit: nothing at all: no id on any hop, so nothing is proved; is the workspace spelt right?"
    elif verdict.waiting:
        yield f"audit: clean so far; not yet there: {verdict.waiting:,}, which their stages have not come to"
    else:
        yield "audit: clean"


def _finding_lines(hop: HopReport, kind: str, findings: Findings) -> Iterator[str]:
    word = kind.replace("_", "-")
    for finding in findings.shown:
        detail = f" ({finding.detail})" if finding.detail else ""
        yield f"{hop.hop}: {word}: {finding.id} at {finding.place}{detail}"
    if findings.count > SHOWN:
        yield f"{hop.hop}: {word}: and {findings.count - SHOWN:,} more"
