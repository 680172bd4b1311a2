"""Asks how far the stages lag behind their topics. While one of them does, a missing id may only be late.

It reads offsets and judges no ids.
"""

import time
from collections.abc import Callable, Sequence

from pipeline.adapters.kafka.lag import Unread, unread_of
from pipeline.settings import KafkaSettings
from pipeline.stages import inputs_by_group

INTERVAL_S = 0.5
"""This is the pause between two looks, in seconds."""


def unread_by_stages(kafka: KafkaSettings) -> list[Unread]:
    """Returns what the stages have still to read, in the order of the flow.

    Raises:
        ServiceMissing: a topic does not exist, or no broker answers.
    """
    return [unread for group, inputs in inputs_by_group().items() for unread in unread_of(kafka, group, inputs)]


def wait_for_stages(
    look: Callable[[], Sequence[Unread]],
    wait_s: float,
    *,
    monotonic_s: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Sequence[Unread]:
    """Looks until no stage lags or `wait_s` seconds are over, and returns what is unread then.

    A stage may give the next one work just after that one was looked at, so two looks in a row must find nothing.
    """
    deadline_s = monotonic_s() + wait_s
    calm = False
    while True:
        unread = look()
        if not unread and (calm or wait_s <= 0):
            return unread
        calm = not unread
        if unread and monotonic_s() >= deadline_s:
            return unread
        sleep(INTERVAL_S)
