"""Keeps the inference requests of one OpenVINO model busy in turn, and bounds every wait.

It takes a compiled model and batches of inputs, and hands over the wanted outputs of each. It knows neither tokens
nor labels.

OpenVINO's own `AsyncInferQueue` waits without a timeout, and when an inference fails it never calls back. These
requests are driven by the caller's thread instead, which starts one, prepares the next batch meanwhile, and
collects the oldest when it needs a free one.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from pipeline.adapters.models.batches import Deadline
from pipeline.adapters.models.runner import Inputs, Take

_NO_END_MS = 2**31 - 1


class RequestRing:
    """A fixed number of requests, oldest first. It serves one caller thread.

    Args:
        compiled: an OpenVINO compiled model.
        size: number of requests. It exceeds the model's streams, so that a stream has work while the caller
            collects.
        outputs: numbers of the model's outputs that are collected.
    """

    def __init__(self, compiled: Any, size: int, outputs: Sequence[int] = (0,)) -> None:
        self._outputs = tuple(outputs)
        self._idle = deque(compiled.create_infer_request() for _ in range(size))
        self._busy: deque[tuple[Any, list[int]]] = deque()
        self.hung = False
        """True once a request has not ended in time. It may still run, so this ring must not be used any more."""

    def run(self, batches: Iterable[tuple[list[int], Inputs]], take: Take, deadline: Deadline) -> None:
        """Infers all batches. The next batch is taken from the caller while those before it are inferred.

        Raises:
            TimeoutError: not all ended before the deadline.
            RuntimeError: an inference failed. All others have ended, or `hung` is set.
        """
        try:
            for places, inputs in batches:
                deadline.check()
                if not self._idle:
                    self._collect(take, deadline)
                # The request leaves the idle ones only after it has started. Otherwise a failing start would lose
                # it for good.
                self._idle[0].start_async(inputs)
                self._busy.append((self._idle.popleft(), places))
            while self._busy:
                self._collect(take, deadline)
        finally:
            self._settle(deadline)

    def _collect(self, take: Take, deadline: Deadline) -> None:
        request, places = self._busy[0]
        try:
            if not request.wait_for(_ms(deadline)):
                raise TimeoutError
            take(places, [request.get_output_tensor(number).data for number in self._outputs])
        except TimeoutError:
            raise  # the request still runs, so it stays among the busy ones for `_settle` to wait for
        except Exception:
            self._free_oldest()
            raise
        self._free_oldest()

    def _settle(self, deadline: Deadline) -> None:
        """Waits for what still runs after a failure, so that the next call meets idle requests only."""
        while self._busy and not self.hung:
            with suppress(Exception):  # a second failure has ended its request too, and the first one is raised
                self.hung = not self._busy[0][0].wait_for(_ms(deadline))
            if not self.hung:
                self._free_oldest()

    def _free_oldest(self) -> None:
        self._idle.append(self._busy.popleft()[0])


def _ms(deadline: Deadline) -> int:
    left_s = deadline.left_s
    # OpenVINO takes a number only, so a wait without a limit lasts 24 days.
    return _NO_END_MS if left_s is None else round(left_s * 1000)
