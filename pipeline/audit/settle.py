"""Whether the stages have read all that there is: while one has not, missing may mean not yet.

In: the Kafka settings. Out: who is behind. Never here: a judgement of ids.
"""

import time
from collections.abc import Callable, Sequence

from confluent_kafka import KafkaError, KafkaException

from pipeline.adapters.group_lag import Unread, unread_of
from pipeline.errors import ServiceMissing
from pipeline.settings import KafkaSettings
from pipeline.topology import STAGES

INTERVAL_S = 0.5
PATIENCE_S = 20.0
"""A broker that has just started loads its groups first."""
_LOADING = {
    KafkaError.NOT_COORDINATOR,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
}


def behind(kafka: KafkaSettings) -> list[Unread]:
    """What the stages have still to read, in the order of the flow.

    Raises:
        ServiceMissing: a topic does not exist, or no broker answers.
    """
    found: list[Unread] = []
    for stage in STAGES:
        # Topics without dead letters (policies) are read whole at each start, by no group.
        inputs = [topic.name for topic in stage.reads if topic.dead_letters]
        if inputs:
            found += _unread(kafka, f"earshot-{stage.name}", inputs)
    return found


def _unread(kafka: KafkaSettings, group: str, topics: Sequence[str]) -> list[Unread]:
    deadline_s = time.monotonic() + PATIENCE_S
    while True:
        try:
            return unread_of(kafka, group, topics)
        except KafkaException as error:
            cause: KafkaError = error.args[0]
            if cause.code() not in _LOADING or time.monotonic() >= deadline_s:
                raise ServiceMissing(
                    f"Kafka at {kafka.bootstrap_servers} does not answer: {cause.str()}"
                ) from None
        time.sleep(INTERVAL_S)


def settle(
    look: Callable[[], Sequence[Unread]],
    wait_s: float,
    *,
    monotonic_s: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Sequence[Unread]:
    """Looks until nobody is behind or `wait_s` seconds are over; returns who is behind then.

    A stage may give the next one work after it was looked at, so two looks in a row must find nothing.
    """
    deadline_s = monotonic_s() + wait_s
    calm = False
    while True:
        found = look()
        if not found and (calm or wait_s <= 0):
            return found
        calm = not found
        if found and monotonic_s() >= deadline_s:
            return found
        sleep(INTERVAL_S)
