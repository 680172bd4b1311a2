"""Stands in for the manifest where nothing is sent."""

from collections.abc import Sequence
from pathlib import Path

from pipeline.ingest.manifest.disk import RejectsFile
from pipeline.ingest.manifest.format import Cursor, Delivered

FOLDER = "dry-runs"
"""Rejects of dry runs lie in this folder under the state folder, away from the manifests that an audit reads."""


class DryLedger:
    """Counts what would be sent, and writes the rejects only.

    Args:
        state_dir: the state folder.
        run_id: names the rejects file.
        rejects_begin: bytes that begin it.
    """

    def __init__(self, state_dir: Path, run_id: str, rejects_begin: bytes) -> None:
        self.path = None
        self.cursor = Cursor()
        self._rejects = RejectsFile(state_dir / FOLDER / f"{run_id}.rejects", rejects_begin, 0)

    @property
    def rejects_path(self) -> Path:
        """See `Ledger.rejects_path`."""
        return self._rejects.path

    def reject(self, entry: bytes) -> None:
        """See `Ledger.reject`."""
        self._rejects.add(entry)

    def confirm(self, delivered: Sequence[Delivered], line: int, rejected: int) -> None:
        """See `Ledger.confirm`."""
        old = self.cursor
        size = self._rejects.write()
        self.cursor = Cursor(line, old.sent + len(delivered), old.rejected + rejected, size)

    def end(self, *, whole: bool) -> None:
        """There is no manifest in which it could be noted."""

    def break_off(self, reason: str) -> None:
        """There is no manifest in which it could be noted."""

    def close(self) -> None:
        """See `Ledger.close`."""
        self._rejects.close()
