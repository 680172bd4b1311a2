"""Tells the operator which lines of a file cannot be posts, and what helps where all lack a workspace."""

from collections.abc import Callable

from pipeline.errors import Permanent


class Rejections:
    """Names each line with its mistake. Of those that only lack a workspace the first is named, the rest counted.

    Args:
        name: of the file.
        say: takes each line of text for the operator.
    """

    def __init__(self, name: str, say: Callable[[str], None]) -> None:
        self._name = name
        self._say = say
        self._unplaced = 0

    def __call__(self, line: int, reason: Permanent) -> None:
        """Takes the number of a line, and why it is no post."""
        if (reason.field, reason.detail) != ("workspace", "is missing"):
            self._say(f"{self._name}:{line}: {reason}")
            return
        self._unplaced += 1
        if self._unplaced == 1:
            self._say(f"{self._name}:{line}: {reason}: add --workspace NAME for posts that state none")

    def end(self) -> None:
        """Tells how many lines were not named."""
        if self._unplaced > 1:
            self._say(f"{self._name}: {self._unplaced - 1:,} more posts name no workspace")
