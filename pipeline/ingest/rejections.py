"""Tells the operator which lines of a file cannot be posts, what helps where all lack a workspace, and which
optional cells the posts go without.
"""

from collections.abc import Callable

from pipeline.errors import Permanent
from pipeline.ingest.lines import LeftOut


class Rejections:
    """Names each line with its mistake. Of those that only lack a workspace the first is named, the rest counted.
    Cells that are left out are counted, and told once a column at the end.

    Args:
        name: of the file.
        say: takes each line of text for the operator.
    """

    def __init__(self, name: str, say: Callable[[str], None]) -> None:
        self._name = name
        self._say = say
        self._unplaced = 0
        self._left_out: dict[LeftOut, list[int]] = {}

    def __call__(self, line: int, reason: Permanent) -> None:
        """Takes the number of a line, and why it is no post."""
        if (reason.field, reason.detail) != ("workspace", "is missing"):
            self._say(f"{self._name}:{line}: {reason}")
            return
        self._unplaced += 1
        if self._unplaced == 1:
            self._say(f"{self._name}:{line}: {reason}: add --workspace NAME for posts that state none")

    def left_out(self, line: int, cell: LeftOut) -> None:
        """Takes the number of a line whose post goes without that cell."""
        seen = self._left_out.setdefault(cell, [line, 0])
        seen[1] += 1

    def end(self) -> None:
        """Tells how many lines were not named, and what was left out of each column."""
        if self._unplaced > 1:
            self._say(f"{self._name}: {self._unplaced - 1:,} more posts name no workspace")
        for cell, (first, count) in self._left_out.items():
            self._say(
                f"{self._name}: column '{cell.column}': {count:,} left out of {cell.field} as {cell.code}, "
                f"first in line {first}"
            )
