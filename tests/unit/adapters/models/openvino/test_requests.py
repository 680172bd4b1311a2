"""The ring of requests: order, overlap, failures, hangs; on requests that do what the test says."""

from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import pytest

from pipeline.adapters.models.batches import Deadline
from pipeline.adapters.models.openvino.requests import RequestRing
from pipeline.adapters.models.runner import Inputs


class FakeRequest:
    """Like OpenVINO's: an error shows when it is waited for."""

    def __init__(self, world: "FakeModel") -> None:
        self.world = world
        self.number = -1
        self.busy = False

    def start_async(self, inputs: Inputs) -> None:
        assert not self.busy, "Infer Request is busy"
        self.busy = True
        self.number = int(inputs["at"][0])
        self.world.running.append(self.number)
        self.world.most = max(self.world.most, len(self.world.running))
        self.world.journal.append(f"start {self.number}")

    def wait_for(self, _milliseconds: int) -> bool:
        if self.number in self.world.hanging:
            return False
        self.world.running.remove(self.number)
        self.busy = False
        if self.number in self.world.failing:
            raise RuntimeError(f"batch {self.number} failed")
        return True

    def get_output_tensor(self, index: int) -> SimpleNamespace:
        return SimpleNamespace(data=np.array([[float(self.number + 100 * index)]]))


class FakeModel:
    def __init__(self, *, failing: set[int] | None = None, hanging: set[int] | None = None) -> None:
        self.failing, self.hanging = failing or set(), hanging or set()
        self.running: list[int] = []
        self.journal: list[str] = []
        self.most = 0

    def create_infer_request(self) -> FakeRequest:
        return FakeRequest(self)

    def batches(self, count: int) -> Iterator[tuple[list[int], Inputs]]:
        for at in range(count):
            self.journal.append(f"make {at}")
            yield [at], {"at": np.array([at])}


def run(ring: RequestRing, world: FakeModel, count: int, seconds: float | None = None) -> list[int]:
    taken: list[int] = []
    ring.run(world.batches(count), lambda places, _rows: taken.extend(places), Deadline(seconds))
    return taken


def test_every_batch_is_taken_once_and_all_requests_are_used() -> None:
    world = FakeModel()
    assert run(RequestRing(world, 3), world, 10) == list(range(10))
    assert world.most == 3
    assert not world.running


def test_only_the_wanted_outputs_are_taken_in_their_order() -> None:
    world, taken = FakeModel(), list[list[float]]()
    ring = RequestRing(world, 2, (0, 2))
    ring.run(
        world.batches(3), lambda _places, rows: taken.append([float(row[0, 0]) for row in rows]), Deadline(None)
    )
    assert taken == [[0, 200], [1, 201], [2, 202]]


def test_the_next_batch_is_made_while_the_ones_before_run() -> None:
    world = FakeModel()
    run(RequestRing(world, 2), world, 3)
    assert world.journal == ["make 0", "start 0", "make 1", "start 1", "make 2", "start 2"]
    assert run(RequestRing(world, 2), world, 0) == []


def test_after_a_failure_every_request_is_idle_and_the_ring_works() -> None:
    world = FakeModel(failing={1, 2})
    ring = RequestRing(world, 3)
    with pytest.raises(RuntimeError, match="batch 1 failed"):
        run(ring, world, 10)
    assert not world.running
    assert not ring.hung
    world.failing = set()
    assert run(ring, world, 10) == list(range(10))


def test_a_request_that_does_not_end_makes_the_ring_unusable() -> None:
    world = FakeModel(hanging={4})
    ring = RequestRing(world, 3)
    with pytest.raises(TimeoutError):
        run(ring, world, 10, seconds=0.1)
    assert ring.hung


def test_a_batch_that_takes_too_long_to_make_is_not_started() -> None:
    world = FakeModel()
    ring = RequestRing(world, 3)
    with pytest.raises(TimeoutError):
        run(ring, world, 10, seconds=0)
    assert world.journal == ["make 0"]
    assert not ring.hung


def test_a_batch_that_cannot_be_made_lets_the_others_end() -> None:
    world = FakeModel()
    ring = RequestRing(world, 3)

    def breaking() -> Iterator[tuple[list[int], Inputs]]:
        yield from world.batches(2)
        raise ValueError("the tokenizer fell over")

    with pytest.raises(ValueError, match="fell over"):
        ring.run(breaking(), lambda _places, _rows: None, Deadline(None))
    assert not world.running
    assert run(ring, world, 5) == list(range(5))
