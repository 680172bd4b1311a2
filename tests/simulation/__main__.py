"""Plays days: `python -m tests.simulation SEED` tells the story of one, `FROM TO` plays all of [FROM, TO)."""

import sys
import time

from tests.simulation.day import play, quiet_collector
from tests.simulation.desk import SHORT


def main(first: int, behind: int) -> int:
    """Returns 1 where a day is damaged."""
    started_s, damaged, least = time.process_time(), 0, sys.maxsize
    with quiet_collector() as collect:
        for seed in range(first, behind):
            day = play(seed)
            damaged, least = damaged + bool(day.damage), min(least, len(day.history.inputs))
            if day.damage or behind == first + 1:
                sys.stdout.write(day.story() + "\n")
            del day
            collect()
    count, spent_s = behind - first, time.process_time() - started_s
    sys.stdout.write(
        f"{damaged} of {count} days are damaged; at least {least} inputs each; "
        f"{spent_s / count * 1000:.0f} ms of CPU a day, {count / spent_s * 60:.0f} seeds and "
        f"{count * SHORT.end_s / 3600 / spent_s * 60:.1f} logical hours a minute\n"
    )
    return int(damaged > 0)


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:3]]
    sys.exit(main(numbers[0], numbers[1] if len(numbers) > 1 else numbers[0] + 1))
