"""Asks the broker whether anything is unread that would have to be decided first."""

from collections.abc import Callable, Mapping, Sequence

from pipeline.loop.inputs.merge import InputBuffers

EndOffsets = Callable[[Sequence[str]], Mapping[str, int]]
"""Asks the broker where these inputs end now: topic to offset."""


class Unread:
    """What the inputs of one partition number hold beyond what was read of them.

    Args:
        buffers: what was read.
        end_offsets: asks the broker. Its answer costs the time of a request for each input.
        event_clock: whether a record's own time counts.
    """

    def __init__(self, buffers: InputBuffers, end_offsets: EndOffsets, *, event_clock: bool) -> None:
        self._buffers = buffers
        self._end_offsets = end_offsets
        self._event_clock = event_clock

    def ends(self) -> Mapping[str, int]:
        """Asks where the inputs end now: topic to offset."""
        return self._end_offsets(self._buffers.topics)

    def nothing(self) -> bool:
        """Whether every input was read to its end, and the broker confirms it."""
        # Asked last: the question costs an answer of the broker for each input.
        return self._buffers.drained and self._are_at_end(self._buffers.topics)

    def nothing_older(self, time_ms: int, bound_ms: int, at_end: set[str]) -> bool:
        """Whether every record that counts before `time_ms` was read, so that a timer before it may fire.

        Append times of a partition do not fall. So only an input whose last record that was read is older leaves a
        doubt. The others need no question, and a busy one would never be at its end when it is asked. On the event
        clock a record's own time counts, which may fall, so every input is asked.

        Args:
            time_ms: time of the record that is decided next.
            bound_ms: the latest append time that is believed.
            at_end: inputs that were at their end when they were asked for this batch; grows.
        """
        doubtful = [
            topic for topic in self._buffers.empty_topics()
            if topic not in at_end and not self._is_read_past(topic, time_ms, bound_ms)
        ]  # fmt: skip
        if not self._are_at_end(doubtful):
            return False
        at_end.update(doubtful)
        return True

    def _is_read_past(self, topic: str, time_ms: int, bound_ms: int) -> bool:
        last_ms = self._buffers.last_append_ms(topic)
        # A broker that is not believed may say less with its next record.
        return not self._event_clock and last_ms is not None and time_ms <= last_ms <= bound_ms

    def _are_at_end(self, topics: Sequence[str]) -> bool:
        ends = self._end_offsets(topics)
        return all(ends[topic] <= self._buffers.read_to(topic) for topic in topics)
