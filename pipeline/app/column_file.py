"""Reads a column map from its YAML file."""

from pathlib import Path

from pipeline.adapters.yaml.documents import load_document
from pipeline.ingest.table.mapping import ColumnMap, from_document


def load_map(path: Path) -> ColumnMap:
    """Returns the map in a YAML file.

    Raises:
        Misconfigured: the file is missing, is no YAML, or holds no map; the message names the file, and the line
            if it can.
    """
    return from_document(load_document(path), str(path))
