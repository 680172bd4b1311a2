"""Does something at an even pace, as a steady stream arrives.

It says how often it was done and knows nothing of Kafka.
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
    """Calls `do` with 0, 1, 2 and so on, the n-th time n / per_second after the start, and returns how many calls
    it made.

    A call that is late is made at once, so the average holds whatever the machine does meanwhile.

    Args:
        do: gets the number of the call.
        per_second: > 0.
        seconds: how long.
        clock: returns seconds of a clock that never goes back.
        sleep: waits.
    """
    started, count = clock(), max(1, round(per_second * seconds))
    for number in range(count):
        # Each call is timed from the start and not from the call before, or delays would add up.
        early = started + number / per_second - clock()
        if early > 0:
            sleep(early)
        do(number)
    return count
