"""Loads and dumps the YAML files that only the product itself writes or reads, as plain data.

A policy, which people write, is read by `policy_file`, because that knows the line of each mistake.
"""

import io
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pipeline.errors import Misconfigured

NO_FOLDING = 10_000
"""Columns of a line, so many that no line is folded. Folding would leave spaces at line ends."""


def load_document(path: Path) -> object:
    """Returns the content of a file as plain data.

    Raises:
        Misconfigured: the file is missing or is no YAML. The message names the file, and the line if it can.
    """
    try:
        document: object = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Misconfigured(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Misconfigured(f"{path}: the file is not UTF-8") from None
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}" if mark is not None else str(path)
        raise Misconfigured(f"{place}: not YAML: {getattr(error, 'problem', None) or error}") from None
    return document


def dump_document(document: object) -> str:
    """Returns a document as text, with its fields in their order and without anchors."""
    yaml = YAML()
    yaml.width = NO_FOLDING
    # Without this an object that occurs twice would be written as an anchor and an alias, which few people can
    # read.
    yaml.representer.ignore_aliases = lambda _: True
    text = io.StringIO()
    yaml.dump(document, text)
    return text.getvalue()
