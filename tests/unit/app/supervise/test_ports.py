"""Each worker is told a port of its own."""

from pipeline.app.supervise.ports import free_port
from pipeline.local.processes import free_ports


def test_a_worker_gets_the_port_of_its_life_before() -> None:
    (before,) = free_ports(1)
    assert free_port("127.0.0.1", before, set()) == before


def test_a_port_that_another_worker_was_told_is_not_given_again() -> None:
    """The other worker listens only some seconds later, so the port still looks free."""
    told = set(free_ports(3))
    for before in (0, *told):
        assert free_port("127.0.0.1", before, told) not in told
