"""The stages' order and topics agree with the drawing at the head of the package."""

import re

import pipeline
from pipeline.stages import ORDER, STAGES, running_stages
from schemas.topics import JOURNAL, POLICIES, TOPICS

NOT_DRAWN = {POLICIES.name, JOURNAL.name}
"""Control and audit: every stage has them or could, so the drawing leaves them out."""


def drawing() -> dict[str, tuple[str, str]]:
    """Stage to what stands left and right of its arrow."""
    lines = re.findall(r"^(\w+) +(.*?)-> *(.*)$", pipeline.__doc__ or "", flags=re.MULTILINE)
    return {stage: (left, right) for stage, left, right in lines}


def named(text: str) -> set[str]:
    known = {topic.name for topic in TOPICS}
    return {word for word in re.findall(r"[a-z]+(?:\.[a-z]+)*", text) if word in known}


def test_the_drawing_shows_the_stages_in_order() -> None:
    assert tuple(drawing()) == ORDER


def test_each_stage_reads_and_writes_what_is_drawn() -> None:
    for stage in STAGES:
        left, right = drawing()[stage.name]
        outputs, _, note = right.partition("(")
        assert named(left) | named(note) == {topic.name for topic in stage.reads} - NOT_DRAWN, stage.name
        assert named(outputs) == {topic.name for topic in stage.writes} - NOT_DRAWN, stage.name


def test_state_is_neither_input_nor_output() -> None:
    route = next(stage for stage in STAGES if stage.name == "route")
    assert [topic.name for topic in route.state] == ["route.state"]
    assert not {*route.state} & {*route.reads, *route.writes}


def test_dead_letters_follow_from_the_inputs() -> None:
    dead = {stage.name: {topic.name for topic in stage.dead_letters} for stage in STAGES}
    assert dead["enrich"] == {"posts.raw.dlq"}
    assert dead["route"] == {"posts.actionable.dlq", "reps.events.dlq"}
    assert dead["ingest"] == set()


def test_lasting_processes_are_the_stages_that_read() -> None:
    assert running_stages() == ("enrich", "route", "sink")


def test_every_topic_is_read_and_written_by_someone_in_the_flow_or_outside() -> None:
    stages = set(ORDER)
    for topic in TOPICS:
        assert {*topic.producers, *topic.consumers} & stages, topic.name
