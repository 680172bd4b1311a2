"""An audit beside a stream that goes on calls nothing lost, whenever it looks, and still names what was lost
before.
"""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.audit.hops.chain import judge_hops
from tests.audit_faults import LOSSES, Fault
from tests.audit_world import Cluster, Moment, World, collect

CLEAN = World(Cluster())
LOSSY = {fault: World(Cluster(), plant=fault.plant) for fault in LOSSES}

MOMENTS = st.lists(st.floats(0, 1), min_size=4, max_size=4).map(sorted)
"""How far the world had come at each of the four looks."""

FOLLOWS = {"seq": ("cases.events -> cases.current",)}
"""Where else a loss shows: while the lost step is the case's last, its state follows a step that nobody sees."""


def moment_of(world: World, shares: list[float]) -> Moment:
    return Moment(*(round(share * world.cluster.now) for share in shares))


@settings(max_examples=300, deadline=None)
@given(MOMENTS)
def test_whenever_an_audit_looks_nothing_is_lost(shares: list[float]) -> None:
    moment = moment_of(CLEAN, shares)
    sent = [one for one in CLEAN.delivered if (("posts.raw", one.partition, one.offset)) in began(CLEAN, moment)]
    found = judge_hops(collect(CLEAN.cluster, sent, moment=moment))
    for hop in found:
        assert hop.ok, (hop, moment)
        assert not hop.doubled, (hop, moment)
        assert not hop.unexpected, (hop, moment)
        arrived = hop.ids_out + hop.not_yet.count + hop.dead_lettered.count + hop.expired + hop.refused
        assert hop.ids_in == arrived, hop.hop


def began(world: World, moment: Moment) -> set[tuple[str, int, int]]:
    """What was appended before the audit read the manifests."""
    return {at for at, time in world.cluster.appended.items() if time <= moment.committed}


@settings(max_examples=200, deadline=None)
@example(next(fault for fault in LOSSES if fault.place == "seq"), [0.0, 0.75, 0.75, 1.0])
@given(st.sampled_from(LOSSES), MOMENTS)
def test_a_loss_is_found_once_its_stage_has_done_and_nothing_else_is(fault: Fault, shares: list[float]) -> None:
    world = LOSSY[fault]
    for moment, known in ((moment_of(world, shares), False), (moment_of(world, [1.0] * 4), True)):
        found = {hop.hop for hop in judge_hops(collect(world.cluster, world.delivered, moment=moment)) if hop.lost}
        # The manifest is that of the whole day: what it names and nobody sent yet looks lost here.
        assert found - {"manifest -> posts.raw"} <= {fault.hop, *FOLLOWS.get(fault.place, ())}
        assert not known or fault.hop in found


def test_at_the_start_everything_is_not_yet_and_in_the_end_nothing() -> None:
    start = Moment(0, 0, CLEAN.cluster.now, CLEAN.cluster.now)
    assert all(hop.ok for hop in judge_hops(collect(CLEAN.cluster, CLEAN.delivered, moment=start)))
    raw_only = CLEAN.cluster.appended["posts.raw", 0, 0]
    early = judge_hops(collect(CLEAN.cluster, [], moment=Moment(0, 0, raw_only, raw_only)))
    assert sum(hop.not_yet.count for hop in early) > 0
    whole = judge_hops(collect(CLEAN.cluster, CLEAN.delivered))
    assert sum(hop.not_yet.count for hop in whole) == 0
