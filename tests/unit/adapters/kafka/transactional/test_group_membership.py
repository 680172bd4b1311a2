"""What a member of the router's group does with what the group gives and takes; the clients are twins."""

import pytest

from pipeline.errors import MustRestart
from tests.unit.adapters.kafka.transactional.fake_group import Cluster, Member, Noting

BOTH = (("a", 3), ("b", 3))
WORK = (("a", 3, 0), ("b", 3, 0))


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture
def member(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Member:
    return Member(cluster, monkeypatch)


def test_a_number_that_comes_without_all_inputs_is_not_even_fenced(member: Member, cluster: Cluster) -> None:
    member.play(member.gets(("a", 1), *BOTH, ("b", 5)))
    assert {n for _, n in cluster.done} == {-1, 3}
    assert {(topic, n) for topic, n, _ in member.consumer.assigned} == set(BOTH)
    assert member.heard.left_alone == {1: ("b",), 5: ("a",)}


def test_a_spare_worker_is_ready_and_one_that_has_not_joined_is_not(member: Member) -> None:
    assert not member.agent.ready[0]
    member.play(member.gets())
    assert member.agent.ready == (True, "ok, a spare: other workers own all partitions")


def test_a_worker_is_not_ready_while_it_restores_nor_after_its_partitions_are_taken(member: Member) -> None:
    seen: list[bool] = []

    def look() -> None:
        seen.append(member.agent.ready[0])

    def assign_and_look() -> None:
        member.gets(*BOTH)()
        look()

    def lose_and_look() -> None:
        member.loses(*BOTH)()
        look()

    member.play(assign_and_look, look, lose_and_look)
    assert seen == [False, True, False]


def test_where_inputs_end_is_asked_by_a_client_that_fetches_nothing(
    member: Member, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Noting, "next_timer_ms", lambda _: 1500)

    def start() -> None:
        member.gets(*BOTH)()
        cluster.asked.clear()

    # A question waits behind the fetch of its client, and no record is decided meanwhile.
    member.play(start, member.ends(("a", 3, 0), ("b", 3, 0)))
    assert set(cluster.asked) == {"earshot-test-ends"}


def test_offsets_are_asked_for_after_every_former_owner_is_fenced(member: Member, cluster: Cluster) -> None:
    member.play(member.gets(*BOTH, ("a", 4), ("b", 4)))
    assert cluster.done[:5] == [("init", 3), ("restore", 3), ("init", 4), ("restore", 4), ("offsets", -1)]


def test_a_partition_that_comes_back_untouched_is_not_restored(member: Member, cluster: Cluster) -> None:
    member.play(member.gets(*BOTH), member.reads(*WORK), member.loses(*BOTH), member.gets(*BOTH))
    assert member.heard.taken_as == [(3, "restored"), (3, "kept")]
    assert len(member.deciders) == 1
    assert [what for what, n in cluster.done if n == 3].count("init") == 2, "fenced anew all the same"


def test_a_partition_that_never_decided_anything_is_kept_too(member: Member) -> None:
    member.play(member.gets(*BOTH), lambda: None, member.loses(*BOTH), member.gets(*BOTH))
    assert member.heard.taken_as == [(3, "restored"), (3, "kept")]


def test_a_partition_on_which_another_owner_decided_meanwhile_is_restored(
    member: Member, cluster: Cluster
) -> None:
    def another_decides() -> None:
        member.loses(*BOTH)()
        cluster.changelog_end[3] += 2
        cluster.committed["a", 3] = 7

    member.play(member.gets(*BOTH), member.reads(*WORK), another_decides, member.gets(*BOTH))
    assert member.heard.taken_as == [(3, "restored"), (3, "restored")]
    assert len(member.deciders) == 2
    assert member.heard.dropped == [3]
    assert ("a", 3, 7) in member.consumer.assigned


def test_the_state_of_a_partition_is_dropped_once_it_goes_to_another_worker(member: Member) -> None:
    other = (("a", 4), ("b", 4))
    found: list[list[int]] = []
    look = [lambda: found.append(list(member.heard.dropped))] * 2
    member.play(member.gets(*BOTH), member.loses(*BOTH), look[0], member.gets(*other), look[1])
    assert found == [[], [3]]


def test_a_partition_lost_while_it_was_being_restored_is_restored_from_its_beginning(member: Member) -> None:
    def came_and_went() -> None:
        member.gets(*BOTH)()
        member.loses(*BOTH)()

    member.play(came_and_went, member.gets(*BOTH))
    assert member.heard.taken_as == [(3, "restored")]
    assert len(member.deciders) == 2


def test_a_state_that_does_not_come_back_with_the_next_assignment_is_let_go(
    member: Member, cluster: Cluster
) -> None:
    other = (("a", 4), ("b", 4))
    member.play(
        member.gets(*BOTH), member.reads(*WORK), member.loses(*BOTH), member.gets(*other), member.loses(*other),
        member.gets(*BOTH),
    )  # fmt: skip
    assert member.heard.taken_as == [(3, "restored"), (4, "restored"), (3, "restored")]
    assert ("close", 3) in cluster.done


def test_records_of_an_assignment_that_has_ended_are_dropped(member: Member, cluster: Cluster) -> None:
    """They were fetched before: taken, the position would jump to them, and what lies between would be lost."""

    def while_it_restores() -> None:
        member.gets(*BOTH)()
        member.reads(("a", 3, 50), ("b", 3, 50))()

    def while_it_is_away() -> None:
        member.loses(*BOTH)()
        member.reads(("a", 3, 60), ("b", 3, 60))()

    member.play(while_it_restores, member.reads(*WORK), while_it_is_away, lambda: None)
    assert member.deciders[0].offsets == [("a", 0)]
    assert cluster.committed == {("a", 3): 1, ("b", 3): 0}, "the end of a is not known, so b waits"


def test_offsets_are_committed_under_the_membership_of_the_assignment_and_no_other(
    member: Member, cluster: Cluster
) -> None:
    """A client that was thrown out has no name for a while, and Kafka takes nameless offsets unseen."""

    def thrown_out() -> None:
        member.consumer.member_id = ""
        member.reads(*WORK)()

    member.play(member.gets(*BOTH), lambda: None, thrown_out)
    assert set(cluster.memberships) == {"m1"}


def test_who_was_thrown_out_during_the_assignment_must_restart(member: Member) -> None:
    member.consumer.member_id = ""
    with pytest.raises(MustRestart, match="thrown out"):
        member.play(member.gets(*BOTH))


def test_the_member_keeps_its_name(member: Member) -> None:
    assert member.consumer.config["group.instance.id"] == "route-1"
