"""Neither the hash seed of a process nor what a restore finds in its log changes what the router decides."""

import os
import random
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.loop.now import NOW_KEY
from tests.builders import START_MS
from tests.property.route_play import KINDS, STEPS, WAITS_MS, Desk, Step, play

ROOT = Path(__file__).parents[2]
DAYS = 20


@settings(max_examples=60, deadline=None)
@given(STEPS, st.randoms(use_true_random=False))
def test_a_restart_from_a_log_that_is_compacted_in_parts_changes_no_byte(
    steps: list[Step], chance: random.Random
) -> None:
    desk = Desk()
    log = desk.settle(START_MS)
    for played in play(steps):
        if chance.random() < 0.5:
            desk, last = Desk(), {key: place for place, (key, _) in enumerate(log)}
            for place, (key, value) in enumerate(log):
                if last[key] == place or chance.random() < 0.5:
                    desk.driver.restore(key, value)
            # In the past, so that no timer fires on the way to the live edge.
            desk.settle(START_MS)
        transaction = desk.decide(played.records, played.clock_ms)
        assert transaction is not None
        desk.commit(transaction, played.clock_ms)
        assert transaction.decisions == played.decisions
        assert list(transaction.decisions.changes) == list(played.decisions.changes), "in the same order"
        log += [(NOW_KEY, transaction.now_value), *transaction.decisions.changes.items()]


@pytest.mark.parametrize("hash_seed", ["1", "2"])  # a set of two skills has another order under each
def test_the_hash_seed_changes_no_byte(hash_seed: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", __name__],
        cwd=ROOT, env=os.environ | {"PYTHONHASHSEED": hash_seed}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == [digest(day) for day in range(DAYS)]


def digest(day: int) -> str:
    """Returns a digest of all that is written on the day of that number."""
    chance, told = random.Random(day), sha256()
    steps = [
        Step(
            chance.choice(KINDS), chance.randrange(5), chance.randrange(10), chance.choice(WAITS_MS),
            chance.random() < 0.5,
        )
        for _ in range(80)
    ]  # fmt: skip
    for played in play(steps):
        told.update(repr((played.decisions.outputs, [*played.decisions.changes.items()])).encode())
        told.update(played.decided.journal.model_dump_json().encode())
    return told.hexdigest()


if __name__ == "__main__":
    print(*map(digest, range(DAYS)))  # noqa: T201
