"""Reads a column map from its YAML file."""

from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pipeline.errors import Misconfigured
from pipeline.ingest.table.mapping import ColumnMap, from_document


def load_map(path: Path) -> ColumnMap:
    """The map in a YAML file.

    Raises:
        Misconfigured: the file is missing, is no YAML, or holds no map; names the file, and the line if it can.
    """
    try:
        document = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Misconfigured(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Misconfigured(f"{path}: the file is not UTF-8") from None
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}" if mark is not None else str(path)
        raise Misconfigured(f"{place}: not YAML: {getattr(error, 'problem', None) or error}") from None
    return from_document(document, str(path))
