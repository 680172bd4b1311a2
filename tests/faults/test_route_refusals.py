"""A topic that does not take what is written costs what would have gone there, and nobody else waits long."""

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType

from pipeline.adapters.kafka.config import client_config
from pipeline.codec import encode
from pipeline.loop.setbacks import TRIES
from pipeline.settings import KafkaSettings
from schemas.policy.policy import Policy
from schemas.policy.queues import Queue
from schemas.topics import ACTIONABLE, ASSIGNMENTS, POLICIES, team_topic
from tests.builders import policy, scored, signed_in
from tests.faults.route_lab import RouteLab

pytestmark = pytest.mark.integration
LIMIT = 4000
Note = Callable[[str, object], None]


@pytest.fixture
def lab(kafka: KafkaSettings, tmp_path: Path) -> Iterator[RouteLab]:
    made = RouteLab(kafka, tmp_path)
    yield made
    made.close()


def one_queue(workspace: str, version: int = 1) -> Policy:
    return policy(workspace=workspace, version=version, queues=(Queue(name="care", team="care"),))


def feed(lab: RouteLab, batch: str, posts: int = 20) -> None:
    """Sends so many posts to both workspaces, in turn, each of an author of its own."""
    both = (lab.workspace, lab.neighbour)
    lab.send(*(scored(f"{batch}{n}", f"{batch}{n}", workspace=name) for n in range(posts) for name in both))


def sign_in(lab: RouteLab) -> None:
    """Lets a rep of each workspace begin, who has room for every case."""
    for name in (lab.workspace, lab.neighbour):
        lab.send(signed_in("r1", capacity=100).model_copy(update={"workspace": name}))


def wait_for_offers(lab: RouteLab, here: int, beside: int) -> None:
    """Waits until so many cases of each workspace are offered."""
    lab.wait(lambda: len(lab.offers(lab.neighbour)) >= beside, "the neighbour's cases are offered")
    lab.wait(lambda: len(lab.offers(lab.workspace)) >= here, "the cases are offered")


def held_up_ms(lab: RouteLab) -> int:
    """Returns the longest time from a post of the neighbour until it was offered."""
    posted = {told.value["post_id"]: told.append_ms for told in lab.told(ACTIONABLE.name, lab.neighbour)}
    return max(told.append_ms - posted[told.value["posts"][0]["post_id"]] for told in lab.offers(lab.neighbour))


def copies(lab: RouteLab) -> int:
    """Returns how many offers the topic of the workspace's team holds."""
    told = lab.told(team_topic(lab.workspace, "care").name, lab.workspace)
    return sum(record.value["state"] == "offered" for record in told)


def test_a_team_topic_that_is_missing_is_made_and_every_case_is_offered(
    lab: RouteLab, kafka: KafkaSettings, record_property: Note
) -> None:
    lab.apply(one_queue(lab.neighbour))
    lab.put(POLICIES.name, lab.workspace.encode(), encode(one_queue(lab.workspace)))
    life = lab.start()
    sign_in(lab)
    feed(lab, "a")
    wait_for_offers(lab, 20, 20)
    assert life.events("transaction_aborted") == []
    assert copies(lab) == 20
    admin, name = AdminClient(client_config(kafka)), team_topic(lab.workspace, "care").name
    admin.delete_topics([name])[name].result(30)
    feed(lab, "b")
    wait_for_offers(lab, 40, 40)
    record_property("ms that a deleted topic held up the neighbour", held_up_ms(lab))
    record_property("transactions undone", len(life.events("transaction_aborted")))
    assert copies(lab) == 20, "those of the new topic"
    assert lab.dead_letters(lab.workspace) == lab.dead_letters(lab.neighbour) == []


def test_a_team_topic_that_cannot_be_made_is_left_out_and_no_case_is_lost(
    lab: RouteLab, record_property: Note
) -> None:
    lab.apply(one_queue(lab.neighbour))
    lab.put(POLICIES.name, lab.workspace.encode(), encode(one_queue(lab.workspace)))
    # One broker cannot hold three copies, so it refuses the topic.
    life = lab.start(EARSHOT_KAFKA__REPLICATION_FACTOR="3")
    sign_in(lab)
    feed(lab, "a")
    wait_for_offers(lab, 20, 20)
    feed(lab, "b")
    wait_for_offers(lab, 40, 40)
    record_property("ms that a missing topic held up the neighbour", held_up_ms(lab))
    record_property("transactions undone", len(life.events("transaction_aborted")))
    assert life.events("team topics cannot be made")
    assert len(life.events("transaction_aborted")) <= TRIES
    assert lab.dead_letters(lab.workspace) == lab.dead_letters(lab.neighbour) == []


def limited(kafka: KafkaSettings, topic: str, size: int) -> None:
    """Sets the largest batch of records that a topic takes, compressed."""
    entry = ConfigEntry("max.message.bytes", str(size), incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
    admin = AdminClient(client_config(kafka))
    admin.incremental_alter_configs([resource])[resource].result(30)


def incompressible(signs: int) -> str:
    """Returns a text that takes two bytes a sign, also compressed."""
    return "".join(map(chr, Random(5).choices(range(0x4E00, 0x9FA5), k=signs)))


def test_a_record_that_is_too_large_for_a_team_topic_is_left_out_and_no_case_is_lost(
    lab: RouteLab, kafka: KafkaSettings, record_property: Note
) -> None:
    lab.apply(one_queue(lab.workspace))
    lab.apply(one_queue(lab.neighbour))
    limited(kafka, team_topic(lab.workspace, "care").name, LIMIT)
    life = lab.start()
    sign_in(lab)
    lab.send(scored("large", "large", workspace=lab.workspace, text=incompressible(4000)))
    feed(lab, "a")
    wait_for_offers(lab, 21, 20)
    record_property("ms that a large record held up the neighbour", held_up_ms(lab))
    record_property("transactions undone", len(life.events("transaction_aborted")))
    assert copies(lab) == 20, "all but the large one"
    assert lab.dead_letters(lab.workspace) == []


def test_a_case_that_the_topic_of_assignments_does_not_take_is_put_aside_and_the_rest_is_offered(
    lab: RouteLab, kafka: KafkaSettings, record_property: Note
) -> None:
    lab.apply(one_queue(lab.workspace))
    lab.apply(one_queue(lab.neighbour))
    limited(kafka, ASSIGNMENTS.name, LIMIT)
    try:
        life = lab.start()
        sign_in(lab)
        lab.send(scored("large", "large", workspace=lab.workspace, text=incompressible(4000)))
        feed(lab, "a")
        wait_for_offers(lab, 20, 20)
        feed(lab, "b")
        wait_for_offers(lab, 40, 40)
    finally:
        limited(kafka, ASSIGNMENTS.name, ASSIGNMENTS.max_message_bytes)
    record_property("ms that a large case held up the neighbour", held_up_ms(lab))
    record_property("transactions undone", len(life.events("transaction_aborted")))
    assert life.events("transaction_aborted")
    posts = {post["post_id"] for told in lab.offers(lab.workspace) for post in told.value["posts"]}
    assert "large" not in {post_id.split(":")[-1] for post_id in posts}
    assert [event for event in lab.events(lab.workspace, "queued") if event["post_id"].endswith(":large")]
    assert lab.dead_letters(lab.workspace) == lab.dead_letters(lab.neighbour) == []
    # With the next step of the case it is tried again.
    lab.send(scored("more", "large", workspace=lab.workspace))
    wait_for_offers(lab, 41, 40)
