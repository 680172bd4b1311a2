"""Defines what an operator asks of a load of customers, and what comes back."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.app.importing.request import FileOptions
from pipeline.ingest.customers.customer_map import CustomerMap
from schemas.policy.policy import Policy


@dataclass(frozen=True)
class LoadRequest:
    """What the operator wants to load."""

    file: str
    """Path of the list. `-` stands for standard input."""
    workspace: str | None = None
    """For rows that state none."""
    customer_map: CustomerMap | None = None
    """None guesses one by the names of the columns."""
    options: FileOptions = field(default_factory=FileOptions)
    policies: Mapping[str, Policy] | None = None
    """Workspace to policy. None takes those that are in force."""
    replace: bool = False
    """Whether links of the workspace that the list does not have are taken back."""
    dry_run: bool = False


@dataclass(frozen=True)
class LoadSummary:
    """What one load did."""

    file: str
    rows: int = 0
    links: int = 0
    """Links that are sent, or would be."""
    taken_back: int = 0
    """Links that rows take back, and those that `replace` does."""
    without_handle: int = 0
    """Rows of customers of whom no handle is known."""
    refused: int = 0
    """Rows that are refused. With any of them nothing is sent."""
    signals: int = 0
    """Changes of value that were told to open cases."""
    sent: bool = False
