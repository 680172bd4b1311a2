"""Inference requests of one OpenVINO model, kept busy in turn, each wait with an end.

In: a compiled model, batches of inputs. Out: the wanted outputs of each. Never here: tokens, labels.

OpenVINO's own `AsyncInferQueue` waits without a timeout, and when an inference fails it never calls back. These
requests are driven by the caller's thread instead: it starts one, prepares the next batch meanwhile, and collects
the oldest when it needs a free one.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from pipeline.adapters.models.batches import Deadline
from pipeline.adapters.models.runner import Inputs, Take

_NO_END_MS = 2**31 - 1


class RequestRing:
    """A fixed number of requests, oldest first. One caller thread.

    Args:
        compiled: an OpenVINO compiled model.
        size: requests; more than its streams, so that a stream has work while the caller collects.
        outputs: which outputs of the model are collected, by their numbers.
    """

    def __init__(self, compiled: Any, size: int, outputs: Sequence[int] = (0,)) -> None:
        self._outputs = tuple(outputs)
        self._idle = deque(compiled.create_infer_request() for _ in range(size))
        self._busy: deque[tuple[Any, list[int]]] = deque()
        self.hung = False
        """A request did not end in time and may still run: this ring must not be used any more."""

    def run(self, batches: Iterable[tuple[list[int], Inputs]], take: Take, deadline: Deadline) -> None:
        """Infers all batches; each next one is asked for while the ones before are inferred.

        Raises:
            TimeoutError: not all ended before the deadline.
            RuntimeError: an inference failed; all others have ended or `hung` is set.
        """
        try:
            for places, inputs in batches:
                deadline.check()
                if not self._idle:
                    self._collect(take, deadline)
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
            raise
        except Exception:
            self._free_oldest()
            raise
        self._free_oldest()

    def _settle(self, deadline: Deadline) -> None:
        """Waits for what still runs after a failure, so that the next call finds every request idle."""
        while self._busy and not self.hung:
            with suppress(Exception):  # it ended; the first failure is the one that is raised
                self.hung = not self._busy[0][0].wait_for(_ms(deadline))
            if not self.hung:
                self._free_oldest()

    def _free_oldest(self) -> None:
        self._idle.append(self._busy.popleft()[0])


def _ms(deadline: Deadline) -> int:
    left_s = deadline.left_s
    return _NO_END_MS if left_s is None else round(left_s * 1000)
