"""A monotonic clock for tests of what waits."""


class FakeTime:
    """Only `sleep` moves it."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def monotonic(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds
