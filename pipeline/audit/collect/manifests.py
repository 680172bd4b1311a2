"""Reads the manifests of ingest runs into columns: what Kafka has confirmed, line by line.

It returns a `ManifestLog` and what a reader should know about the runs. Kafka itself is not asked.
"""

from collections.abc import Iterable
from pathlib import Path

from pipeline.audit.interned_ids import Names
from pipeline.audit.logs import ManifestLog, position
from pipeline.ingest.manifest.format import read_manifest
from schemas.topics import RAW


def collect_manifests(
    paths: Iterable[Path], names: Names, workspaces: frozenset[str] = frozenset()
) -> tuple[ManifestLog, list[str]]:
    """Reads every manifest. The runs together are one set of ids.

    Args:
        paths: manifest files.
        names: numbers all names.
        workspaces: the only ones that count, or all if empty.

    Returns:
        The deliveries, and one line for each run that did not come to its end.

    Raises:
        Misconfigured: a file is no manifest or is damaged; the message names file and line.
    """
    log, warnings = ManifestLog(), list[str]()
    for path in paths:
        manifest = read_manifest(path)
        run = manifest.header.run_id
        if manifest.header.topic != RAW.name:
            warnings.append(f"run {run} sent to {manifest.header.topic}: not followed")
            continue
        if manifest.broke_off is not None:
            warnings.append(f"run {run} ended early after line {manifest.cursor.line}: {manifest.broke_off}")
        elif not manifest.ended:
            warnings.append(f"run {run} has not ended: it may have sent more than its manifest says")
        log.run_starts.append((len(log.ids), run))
        log.rejected += manifest.cursor.rejected
        for sent in manifest.deliveries:
            if not workspaces or sent.workspace in workspaces:
                log.ids.append(names.post(sent.workspace, sent.post_id, sent.revision))
                log.positions.append(position(sent.partition, sent.offset))
                log.lines.append(sent.line)
    return log, warnings
