"""A verdict for people and for programs.

In: a `Verdict`. Out: a rich table and lines, or one JSON object. Never here: a judgement.
"""

from collections.abc import Iterator
from typing import Any

from rich.table import Table
from rich.text import Text

from pipeline.audit.findings import SHOWN, Findings, HopReport
from pipeline.audit.run import Verdict

KINDS = ("missing", "doubled", "unexpected", "dead_lettered")
"""Findings of a hop, the worst first."""
_COLUMNS = ("in", "out", "missing", "doubled", "unexpected", "dead-lettered", "expired", "refused")


def as_object(verdict: Verdict) -> dict[str, Any]:
    """The verdict as one JSON object."""
    return {
        "ok": verdict.ok,
        "hops": [_hop_object(hop) for hop in verdict.hops],
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
    return plain | {kind: _findings_object(getattr(hop, kind)) for kind in KINDS}


def _findings_object(findings: Findings) -> dict[str, Any]:
    return {"count": findings.count, "shown": [finding._asdict() for finding in findings.shown]}


def table(verdict: Verdict) -> Table:
    """One row a hop."""
    made = Table(title="Every id, hop by hop", title_justify="left")
    made.add_column("hop", no_wrap=True)
    for column in _COLUMNS:
        made.add_column(column, justify="right")
    made.add_column("")
    for hop in verdict.hops:
        exact = hop.guarantee == "exactly once"
        made.add_row(
            hop.hop,
            f"{hop.ids_in:,}",
            f"{hop.ids_out:,}",
            _count(hop.missing.count, bad=True),
            _count(hop.doubled.count, bad=exact),
            _count(hop.unexpected.count, bad=exact),
            f"{hop.dead_lettered.count:,}",
            f"{hop.expired:,}",
            f"{hop.refused:,}",
            Text("ok", style="green") if hop.ok else Text("NO", style="bold red"),
        )
    return made


def _count(count: int, *, bad: bool) -> Text:
    return Text(f"{count:,}", style=("bold red" if bad else "yellow") if count else "")


def lines(verdict: Verdict) -> Iterator[str]:
    """What the table cannot hold: each finding with its place, dead letters by code, warnings, the verdict."""
    for hop in verdict.hops:
        for kind in KINDS:
            yield from _finding_lines(hop, kind, getattr(hop, kind))
    for topic, codes in verdict.dead_letters.items():
        yield f"{topic}.dlq: " + ", ".join(f"{code} {count:,}" for code, count in sorted(codes.items()))
    if verdict.rejected_lines:
        yield f"ingest rejected {verdict.rejected_lines:,} lines: they never became ids"
    for warning in verdict.warnings:
        yield f"warning: {warning}"
    failed = [hop.hop for hop in verdict.hops if not hop.ok]
    yield f"audit: NOT clean: {'; '.join(failed)}" if failed else "audit: clean"


def _finding_lines(hop: HopReport, kind: str, findings: Findings) -> Iterator[str]:
    word = kind.replace("_", "-")
    for finding in findings.shown:
        detail = f" ({finding.detail})" if finding.detail else ""
        yield f"{hop.hop}: {word}: {finding.id} at {finding.place}{detail}"
    if findings.count > SHOWN:
        yield f"{hop.hop}: {word}: and {findings.count - SHOWN:,} more"
