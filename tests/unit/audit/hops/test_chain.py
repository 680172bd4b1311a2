"""Every hop names the one id that is lost or doubled on it, and no other hop says anything."""

import pytest

from pipeline.audit.findings import HopReport
from pipeline.audit.hops.chain import HOPS, judge_hops
from pipeline.audit.report import KINDS
from tests.audit_faults import FAULTS, Fault
from tests.audit_world import Cluster, World, collect


def reports(world: World) -> list[HopReport]:
    return judge_hops(collect(world.cluster, world.delivered, world.workspace))


def said(found: list[HopReport]) -> dict[tuple[str, str], list[str]]:
    """(hop, kind) to the names of its findings, dead letters left out: those are in the clean world too."""
    return {
        (hop.hop, kind): [finding.id for finding in getattr(hop, kind).shown]
        for hop in found
        for kind in KINDS[:4]
        if getattr(hop, kind)
    }


def test_a_whole_world_is_clean_and_every_hop_counts() -> None:
    found = reports(World(Cluster()))
    assert said(found) == {}
    assert len(found) == len(HOPS) == 13
    assert all(hop.ok and hop.ids_out > 0 for hop in found)
    letters = {hop.hop: [finding.detail for finding in hop.dead_lettered.shown] for hop in found}
    assert sorted(letters["posts.raw -> posts.scored"]) == ["invalid_json", "wrong_key"]
    assert letters["posts.actionable -> cases.events"] == ["invalid_utf8"]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.place}-{fault.copies}")
def test_the_audit_names_what_is_lost_or_doubled(fault: Fault) -> None:
    world = World(Cluster(), plant=fault.plant)
    found = reports(world)
    assert said(found) == fault.said(world)
    assert all(hop.ok for hop in found) is not fault.fatal
    for hop in found:
        # Each id is in exactly one column.
        arrived = (
            hop.ids_out + hop.not_yet.count + hop.lost.count + hop.dead_lettered.count + hop.expired + hop.refused
        )
        assert hop.ids_in == arrived, hop.hop


def test_faults_of_one_workspace_are_not_seen_in_another() -> None:
    cluster = Cluster()
    worlds = [World(cluster, fault.workspace, fault.plant) for fault in FAULTS]
    clean = World(cluster, "clean")
    delivered = [sent for world in [*worlds, clean] for sent in world.delivered]
    assert said(judge_hops(collect(cluster, [s for s in delivered if s.workspace == "clean"], "clean"))) == {}
    everything = said(judge_hops(collect(cluster, delivered)))
    for fault, world in zip(FAULTS, worlds, strict=True):
        assert fault.named(world) in everything[fault.hop, fault.kind]


def test_runs_of_the_same_file_are_one_set() -> None:
    world = World(Cluster())
    world.delivered *= 2
    found = reports(world)
    assert said(found) == {}
    assert found[0].ids_in == 7
