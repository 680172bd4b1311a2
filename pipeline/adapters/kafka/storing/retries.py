"""Says when a batch that the store did not take is tried again."""

FIRST_DELAY_S, QUICK_TRIES, SLOW_DELAY_S = 0.5, 5, 30.0
"""A batch that is not stored is tried again after 0.5 s, doubled five times as Snuba does, then every 30 s
until it works. It is never skipped."""


def back_off_s(failures: int) -> float:
    """Returns the seconds to wait after so many failures in a row."""
    return FIRST_DELAY_S * 2.0 ** (failures - 1) if failures <= QUICK_TRIES else SLOW_DELAY_S
