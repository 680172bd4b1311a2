"""What follows the links to customers does not fail in silence."""

import threading
from typing import NoReturn

import pytest

from pipeline.adapters.kafka.links.known import KnownCustomers
from pipeline.settings import KafkaSettings


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_reader_that_can_go_on_no_longer_ends_the_process() -> None:
    ended = threading.Event()

    def owned() -> set[int]:
        raise RuntimeError("the assignment cannot be told")

    def die() -> NoReturn:
        ended.set()
        raise SystemExit

    known = KnownCustomers(KafkaSettings(bootstrap_servers="127.0.0.1:1"), owned, lambda _: 0, die)
    known.start()
    assert ended.wait(30)
    known.close()
