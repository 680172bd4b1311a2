"""In-memory twin of the dead-letter producer: `letters` keeps what was sent, in order."""

from collections.abc import Sequence

from pipeline.ports.records import DeadLetter


class MemoryDeadLetters:
    """`ports.DeadLetters` over a list."""

    def __init__(self) -> None:
        self.letters: list[DeadLetter] = []

    def send(self, letters: Sequence[DeadLetter]) -> None:
        """See `ports.DeadLetters.send`."""
        self.letters.extend(letters)
