"""The part of a decider that a core without policies, and without anything to hand out, need not have."""

from collections.abc import Mapping, Sequence

from pipeline.ports.decider import PolicyMark
from pipeline.ports.records import InputRecord


class Plain:
    """A core that has no policies and holds nothing back."""

    def take_policy(self, workspace: str, content: bytes | None, now_ms: int) -> None:
        pass

    def policies(self) -> Mapping[str, PolicyMark]:
        return {}

    def read_ahead(self, records: Sequence[InputRecord]) -> None:
        """Nothing is to be decoded."""

    def park_timer(self, now_ms: int) -> None:
        raise AssertionError("no timer is ever undeliverable here")

    def set_live(self, live: bool, now_ms: int, limit: int) -> bool:
        return True

    def size_bytes(self) -> int:
        return 0
