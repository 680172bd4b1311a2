"""A commit whose answer is in doubt, on a real broker behind a proxy.

deploy/decisions/0001-two-runtimes-and-the-transactional-loop.md says what may go wrong and what is done about it.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.proxied_broker import Proxy, proxied_broker
from tests.faults.torn_transaction import torn

pytestmark = pytest.mark.integration
Broker = tuple[str, str, Proxy]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with proxied_broker(tmp_path_factory.mktemp("proxied")) as made:
        yield made


@pytest.mark.parametrize("cut", [False, True], ids=["delayed", "connection cut"])
def test_a_commit_that_arrives_twice_makes_nothing_visible_that_was_undone(
    broker: Broker, tmp_path: Path, cut: bool
) -> None:
    seen = torn(*broker, tmp_path, cut=cut)
    assert seen.ids == ["warm", "first", "second", "third"]
    assert seen.undone == 0
    assert seen.reasons[0] in ({"sent_again", "disconnected"} if cut else {"unanswered"})
    assert seen.reasons[1:] == ["failed"] * seen.aborts, "the transaction that was undone"
    assert (seen.aborts - seen.late, seen.restarts) == (1, 0)


def test_without_the_renewal_an_undone_transaction_is_seen_or_its_input_lost(
    broker: Broker, tmp_path: Path
) -> None:
    """Shows that the runs above meet the fault, and what the renewal is for.

    The late commit ends the transaction that is to be undone, as far as it has come: with its outputs, or with the
    positions of its inputs and without its outputs. Now and then it has come no further than records that nobody
    reads, which does no harm: so one run of three must show the damage.
    """
    runs = (torn(*broker, folder(tmp_path, number), cut=True, renewing=False) for number in range(3))
    assert any(seen.undone == 1 or "second" not in seen.ids for seen in runs)


def folder(parent: Path, number: int) -> Path:
    made = parent / str(number)
    made.mkdir()
    return made
