"""Reads and writes YAML as plain data, and survives whatever stands in a file.

What a document should hold is not known here. A policy, which people write, is read by `policy_file`, because that
knows the field of each mistake.
"""

import io
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import DuplicateKeyError, RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import ScalarNode

from pipeline.errors import Misconfigured

NO_FOLDING = 10_000
"""Columns of a line, so many that no line is folded. Folding would leave spaces at line ends."""
MAX_BYTES = 1_000_000
"""Largest file in bytes. A record of `policies` holds at most 1 MiB."""
MAX_ENTRIES = 100_000
"""Most entries of a document with its aliases written out. A file of 1 MB without any alias has fewer, while nine
nested aliases make 10^9."""
MAX_BITS = 4_000
"""A whole number of more bits counts as text, since Python writes none that has more than 4,300 digits."""


class _Constructor(RoundTripConstructor):
    def construct_non_recursive_object(self, node: Any, tag: str | None = None) -> Any:
        """Returns the value of a node, or its text where it is not what it looks like or what its tag says.

        No calendar has 2026-02-30, and `!!int soon` is no number. The field then says what is wrong with it.
        """
        try:
            value = super().construct_non_recursive_object(node, tag)
        except (ValueError, LookupError):
            if not isinstance(node, ScalarNode):
                raise
            return node.value
        is_long = isinstance(value, int) and value.bit_length() > MAX_BITS
        return node.value if is_long else value


# Without this a list of pairs would become plain Python, which the parser itself cannot take as a key.
_Constructor.add_constructor("tag:yaml.org,2002:pairs", RoundTripConstructor.construct_undefined)


def load_document(path: Path) -> object:
    """Returns the content of a file as plain data.

    Raises:
        Misconfigured: as `parse`.
    """
    return plain_data(parse(path))


def parse(path: Path) -> object:
    """Returns the content of a file as ruamel's types, which know their places in it.

    Raises:
        Misconfigured: the file is missing, too large or no YAML, has a key twice, or nests too deep. The message
            names the file, and the line if it can.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Misconfigured(f"{path}: cannot be read: {error.strerror}") from None
    if len(data) > MAX_BYTES:
        raise Misconfigured(f"{path}: {len(data)} bytes, at most {MAX_BYTES} are read")
    try:
        yaml = YAML(typ="rt")
        yaml.Constructor = _Constructor
        document: object = yaml.load(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise Misconfigured(f"{path}:{line}: byte {error.start} is not UTF-8") from None
    except DuplicateKeyError as error:
        # The words of the parser go on with both values, which may be long.
        problem = str(error.problem).partition(" with value ")[0]
        raise Misconfigured(f"{path}:{error.problem_mark.line + 1}: {problem}") from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = 1 if mark is None else mark.line + 1
        raise Misconfigured(f"{path}:{line}: {_first_line(error.problem or error.context)}") from None
    except YAMLError as error:
        raise Misconfigured(f"{path}:1: {_first_line(str(error))}") from None
    except (RecursionError, ValueError):  # thousands of nested brackets, or a sign that there is not
        raise Misconfigured(f"{path}: a value is nested too deep or has a sign that does not exist") from None
    if _entries(document, {}) > MAX_ENTRIES:
        raise Misconfigured(f"{path}: with its aliases written out it has more than {MAX_ENTRIES} entries")
    return document


def plain_data(node: object) -> Any:
    """Returns the same values without the round-trip types, which others need not know."""
    if isinstance(node, CommentedMap):
        return {str(key): plain_data(value) for key, value in node.items()}
    if isinstance(node, CommentedSeq):
        return [plain_data(value) for value in node]
    # bool stands first, because a bool is also an int and `true` would become 1.
    for kind in (bool, int, float, str):
        if isinstance(node, kind):
            return kind(node)
    return node


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


def _entries(node: object, counted: dict[int, float]) -> float:
    """Counts the entries of a document with every alias written out.

    A node that holds itself counts as infinitely many.

    Args:
        node: a part of the document.
        counted: the entries of each collection that was counted before, by identity.
    """
    if not isinstance(node, dict | list):
        return 1
    if id(node) not in counted:
        # A node that is met again inside itself finds this and counts as infinite. Without it the recursion would
        # not end.
        counted[id(node)] = float("inf")
        inner = node.values() if isinstance(node, dict) else node
        counted[id(node)] = 1 + sum(_entries(child, counted) for child in inner)
    return counted[id(node)]


def _first_line(text: str | None) -> str:
    return (text or "not YAML").strip().splitlines()[0]
