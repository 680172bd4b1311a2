"""Defines what an operator asks of an import, and what comes back."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, NamedTuple

from pipeline.ingest.look.decision import Asked
from pipeline.ingest.sources.source_map import SourceMap

STDIN = "-"
PATIENCE_LINES = 1000
"""After so many lines in a row with one mistake the mistake is hardly theirs."""


@dataclass(frozen=True)
class FileOptions:
    """What the operator says about a file of any kind. What is not said is found out."""

    asked: Asked = field(default_factory=Asked)
    platform: str | None = None
    said: Mapping[str, Any] = field(default_factory=dict)
    """Holds what times and numbers mean, by the names of a map: times, zone, order and decimal."""


@dataclass(frozen=True)
class IngestRequest:
    """What the operator wants to send, and how."""

    file: str
    """Path of the file. `-` stands for standard input."""
    workspace: str | None = None
    columns: SourceMap | None = None
    """A complete map for CSV. None says that the file holds JSON lines, or that a map is looked for."""
    speed: float | None = None
    """Seconds of event time that pass in a second. None sends as fast as possible."""
    limit: int | None = None
    start: Literal["auto", "resume", "restart"] = "auto"
    """`auto` takes up a run that crashed or was stopped. `resume` also takes up a run that `--limit` ended. Only
    `restart` sends again what was sent."""
    strict: bool = False
    """Whether a post with an odd optional cell is refused."""
    dry_run: bool = False
    """Whether everything is done but sending."""
    patience: int = PATIENCE_LINES
    """The run ends after so many lines in a row that are rejected for one reason. 0 never ends it."""
    file_options: FileOptions | None = None
    """What is known of a file of any kind. None says that the format is CSV or JSON lines."""

    def options(self) -> dict[str, Any]:
        """Returns what decides what a line becomes, as a manifest keeps it."""
        asked = {"workspace": self.workspace, "strict": self.strict}
        source_map = None if self.columns is None else self.columns.model_dump(mode="json", exclude_defaults=True)
        if self.file_options is not None:
            said = asdict(self.file_options)
            del said["asked"]["columns"]  # It follows from the map.
            return {"format": "file", **asked, **said, "map": source_map}
        return (
            {"format": "jsonl", **asked} if source_map is None else {"format": "csv", **asked, "map": source_map}
        )


@dataclass(frozen=True)
class IngestSummary:
    """What one call of ingest did."""

    file: str
    manifest: str
    """Path of the manifest, or an empty text where none was written."""
    rejects: str = ""
    """Path of the file with the rejected lines, or an empty text where there are none."""
    read: int = 0
    sent: int = 0
    rejected: int = 0
    sent_before: int = 0
    """Posts that an earlier run had sent, and that were not sent again."""
    left_out: dict[str, int] = field(default_factory=dict)
    """Optional cells that posts go without, by column."""
    left_aside: dict[str, int] = field(default_factory=dict)
    """Entries that are no posts by the map, by the reason in words."""
    seconds: float = 0.0
    resumed_after: int = 0
    """Line after which the run was taken up. 0 says that it began at the beginning."""
    whole: bool = True
    """Whether all of the input was read."""
    fault: str | None = None
    """Why the run ended before the end of its input, where that is to be mended."""
    dry_run: bool = False


class Progress(NamedTuple):
    """Says how far a run is."""

    sent: int
    rejected: int
    """Both count the whole run, also before it was taken up."""
    read_bytes: int | None
    """So much of the file was read. It is None where the input has no size."""
    size_bytes: int | None
    resuming: bool
    """Whether lines are passed over that an earlier call has sent."""
