"""Something done at an even pace, as a steady stream arrives.

In: what to do, how often, for how long. Out: how often it was done. Never here: Kafka.
"""

import time
from collections.abc import Callable


def pace(
    do: Callable[[int], None],
    per_second: float,
    seconds: float,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Calls `do` with 0, 1, 2 ..., the n-th time n / per_second after the start; returns how many.

    What is late is done at once, so the average holds whatever the machine does meanwhile.

    Args:
        do: gets the number of the call.
        per_second: > 0.
        seconds: how long.
        clock: seconds of a clock that never goes back.
        sleep: waits.
    """
    started, count = clock(), max(1, round(per_second * seconds))
    for number in range(count):
        early = started + number / per_second - clock()
        if early > 0:
            sleep(early)
        do(number)
    return count
