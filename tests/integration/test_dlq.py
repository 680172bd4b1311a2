"""`earshot dlq` runs on the real broker. The tests see what it tells, what it never tells, and letters on their
way back.
"""

import dataclasses
import json
import os
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from confluent_kafka import Message, Producer

from pipeline.adapters.kafka.admin import ensure_topics
from pipeline.adapters.kafka.config import producer_config
from pipeline.adapters.kafka.partitioner import partition_of
from pipeline.adapters.kafka.reader import read_topic
from pipeline.cli import main
from pipeline.codec import decode
from pipeline.errors import EXIT_NO, EXIT_OK, EXIT_SERVICE_MISSING, EXIT_USAGE
from pipeline.local.endpoints import Endpoints
from pipeline.settings import KafkaSettings
from schemas.base import SourcePosition
from schemas.dead_letter import DeadLetterInfo, encode_headers
from schemas.people.casework import PostRevealed
from schemas.people.rep import RepEvent
from schemas.topics import RAW, REPLAYS, REPS, Topic

pytestmark = pytest.mark.integration
Run = Callable[..., tuple[int, str, str]]

POST = b'{"workspace": "acme", "post_id": "x:9", "visibility": "whispered", "text": "Ann Hollis, 020 7946 0123"}'
VALUES = [b'{"workspace": "acme", "text": "cut off in the mid', b"\xff\xfe private", POST]
KEY = b"acme/x:42"
CODES = ["invalid_json", "invalid_utf8", "invalid_field"]


@pytest.fixture(scope="module")
def kafka(stack: Endpoints) -> KafkaSettings:
    return KafkaSettings(bootstrap_servers=stack.kafka_bootstrap)


@pytest.fixture(autouse=True)
def _environment(kafka: KafkaSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARSHOT_KAFKA__BOOTSTRAP_SERVERS", str(kafka.bootstrap_servers))


def give_up(
    kafka: KafkaSettings, topic: Topic, value: bytes, code: str, source: str | None = None, key: bytes = KEY
) -> str:
    """Puts a dead letter into the topic's dead letters and returns its name."""
    info = DeadLetterInfo(
        stage="enrich",
        code=code,
        detail="the rule that it breaks",
        field="visibility" if code == "invalid_field" else None,
        source=SourcePosition(topic=source or topic.name, partition=0, offset=5),
        appended_ms=1,
        failed_ms=2,
    )
    placed: list[Message] = []
    producer = Producer(producer_config(kafka))
    producer.produce(
        topic.dlq.name,
        key=key,
        value=value,
        headers=encode_headers(info),
        on_delivery=lambda _, message: placed.append(message),
    )
    assert producer.flush(30) == 0
    return f"{topic.dlq.name}/{placed[0].partition()}/{placed[0].offset()}"


@pytest.fixture
def topic(kafka: KafkaSettings) -> Topic:
    """Creates a topic of this test, like posts.raw, with three dead letters."""
    source = dataclasses.replace(RAW, name=f"dlq-{uuid.uuid4().hex[:8]}")
    ensure_topics(kafka, [source, source.dlq])
    for value, code in zip(VALUES, CODES, strict=True):
        give_up(kafka, source, value, code)
    return source


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command and returns exit code, stdout and stderr."""

    def command(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(list(words))
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return command


def names(topic: Topic) -> list[str]:
    return [f"{topic.dlq.name}/0/{offset}" for offset in range(3)]


def back(kafka: KafkaSettings, topic: Topic) -> list[tuple[Any, Any, Any]]:
    """Returns what lies in the topic itself, as value, key and headers."""
    return [(record.value(), record.key(), record.headers()) for record in read_topic(kafka, topic.name)]


def mark(name: str) -> list[tuple[str, bytes]]:
    return [("earshot.replay.of", name.encode())]


def test_the_list_counts_by_code_and_names_each_and_never_says_what_they_say(topic: Topic, run: Run) -> None:
    code, out, err = run("dlq", "list", "--topic", topic.name)
    assert code == EXIT_OK
    assert [line.split()[:4] for line in out.splitlines()[1:]] == [
        [topic.name, name, "1", "0"] for name in sorted(CODES)
    ]
    newest = dict(zip(CODES, names(topic), strict=True))
    assert [line.split()[-1] for line in out.splitlines()[1:]] == [newest[code] for code in sorted(CODES)]
    assert err.startswith("3 dead letters; --each names each of them")
    code, out, _ = run("dlq", "list", "--topic", topic.dlq.name, "--each", "--json")
    found = [json.loads(line) for line in out.splitlines()]
    assert [(one["letter"], one["code"], one["workspace"]) for one in found] == [
        (name, code, "acme") for name, code in zip(names(topic), CODES, strict=True)
    ]
    assert "private" not in out
    assert "Ann" not in out


def test_the_list_is_chosen_by_code_and_workspace(topic: Topic, run: Run) -> None:
    chosen = ("dlq", "list", "--topic", topic.name, "--each")
    assert run(*chosen, "--code", "invalid_utf8")[1].count("\n") == 1
    assert run(*chosen, "--workspace", "acme")[1].count("\n") == 3
    assert run(*chosen, "--workspace", "other")[1] == ""
    assert run("dlq", "list", "--topic", "nowhere")[0] == EXIT_USAGE


def test_a_letter_that_may_hold_plain_text_is_shown_as_a_shape_with_the_way_to_its_text(
    topic: Topic, run: Run
) -> None:
    code, out, err = run("dlq", "show", names(topic)[2])
    assert code == EXIT_OK
    assert '"visibility": "whispered"' in out
    assert '"text": "Xxx Xxxxxx, 000 0000 0000"' in out
    assert f"earshot reveal x:9 --workspace acme --source {names(topic)[2]}" in err
    assert "Ann" not in out + err
    assert "private" not in "".join(run("dlq", "show", names(topic)[1])[1:])
    assert run("dlq", "show", f"{topic.dlq.name}/0/99")[0] == EXIT_NO
    assert run("dlq", "show", "posts.raw/0/1")[0] == EXIT_USAGE


def test_a_letter_of_a_topic_without_plain_text_is_shown_as_it_is(kafka: KafkaSettings, run: Run) -> None:
    ensure_topics(kafka, [REPS, REPS.dlq])
    letter = give_up(kafka, REPS, b'{"rep_id": "ben"}', "invalid_field")
    assert json.loads(run("dlq", "show", letter, "--json")[1])["value"] == '{"rep_id": "ben"}'


def test_named_letters_go_back_untouched_once(kafka: KafkaSettings, topic: Topic, run: Run) -> None:
    first, second, _ = names(topic)
    code, out, _ = run("dlq", "replay", first, second)
    assert code == EXIT_OK
    assert out.splitlines() == [f"{name} replayed: {topic.name}" for name in (first, second)]
    sent = [(value, KEY, mark(name)) for value, name in zip(VALUES, (first, second), strict=False)]
    assert back(kafka, topic) == sent

    code, out, _ = run("dlq", "replay", first)
    assert (code, out) == (EXIT_NO, f"{first} replayed before: {topic.name}\n")
    assert back(kafka, topic) == sent
    assert run("dlq", "replay", first, "--again")[0] == EXIT_OK
    assert back(kafka, topic) == [*sent, sent[0]]
    counts = [json.loads(line) for line in run("dlq", "list", "--topic", topic.name, "--json")[1].splitlines()]
    assert {count["code"]: count["replayed"] for count in counts} == dict(zip(CODES, (1, 1, 0), strict=True))
    assert sum(name == f"{first}".encode() for name in (m.key() for m in read_topic(kafka, REPLAYS.name))) == 2


def test_chosen_letters_go_back_and_those_sent_before_are_left_out(
    kafka: KafkaSettings, topic: Topic, run: Run
) -> None:
    chosen = ("dlq", "replay", "--topic", topic.name, "--workspace", "acme", "--json")
    dry = [json.loads(line)["verdict"] for line in run(*chosen, "--dry-run")[1].splitlines()]
    assert dry == ["would_be_replayed"] * 3
    assert back(kafka, topic) == []
    run("dlq", "replay", "--topic", topic.name, "--code", "invalid_utf8")
    code, out, err = run(*chosen)
    assert code == EXIT_OK
    assert [json.loads(line)["verdict"] for line in out.splitlines()] == [
        "replayed",
        "replayed_before",
        "replayed",
    ]
    assert "if its cause is still there, they come back" in err
    assert sorted(value for value, _, _ in back(kafka, topic)) == sorted(VALUES)
    assert run(*chosen)[0] == EXIT_NO


def test_a_letter_that_is_not_there_keeps_all_from_being_sent(
    kafka: KafkaSettings, topic: Topic, run: Run
) -> None:
    code, _, err = run("dlq", "replay", names(topic)[0], f"{topic.dlq.name}/0/99")
    assert code == EXIT_USAGE
    assert f"there is no letter {topic.dlq.name}/0/99; nothing was sent" in err
    assert back(kafka, topic) == []
    assert run("dlq", "replay")[0] == EXIT_USAGE


def test_a_letter_that_names_another_topic_is_not_sent_there(kafka: KafkaSettings, topic: Topic, run: Run) -> None:
    ensure_topics(kafka, [REPS])
    before = len(list(read_topic(kafka, REPS.name)))
    letter = give_up(kafka, topic, b'{"type": "case_resolved"}', "invalid_field", source=REPS.name)
    assert run("dlq", "replay", letter)[:2] == (EXIT_NO, f"{letter} not its topic: {topic.name}\n")
    assert len(list(read_topic(kafka, REPS.name))) == before


def test_what_was_sent_before_a_refusal_is_noted_and_the_rest_goes_later(kafka: KafkaSettings, run: Run) -> None:
    source = dataclasses.replace(RAW, name=f"dlq-{uuid.uuid4().hex[:8]}", max_message_bytes=2_000)
    ensure_topics(kafka, [source, dataclasses.replace(RAW, name=source.name).dlq])
    home = partition_of(KEY, kafka.post_partitions)
    # On another partition, or it would share its batch and its fate with the others.
    elsewhere = next(f"acme/x:{n}".encode() for n in range(99) if partition_of(f"acme/x:{n}".encode(), 4) != home)
    letters = [
        give_up(kafka, source, b"a", "invalid_json"),
        give_up(kafka, source, os.urandom(8_000), "invalid_json", key=elsewhere),
        give_up(kafka, source, b"c", "invalid_json"),
    ]
    code, _, err = run("dlq", "replay", "--topic", source.name)
    assert code == EXIT_SERVICE_MISSING
    assert "of 3 letters 2 were sent and noted, the others were not" in err
    ensure_topics(kafka, [dataclasses.replace(source, max_message_bytes=20_000)])
    verdicts = [
        json.loads(line) for line in run("dlq", "replay", "--topic", source.name, "--json")[1].splitlines()
    ]
    assert [one["letter"] for one in verdicts if one["verdict"] == "replayed"] == [letters[1]]
    assert len(back(kafka, source)) == 3


def test_the_text_of_a_letter_that_is_no_post_takes_a_reading_that_is_recorded(
    kafka: KafkaSettings, run: Run
) -> None:
    ensure_topics(kafka, [RAW, RAW.dlq, REPS])
    workspace = f"dlq-{uuid.uuid4().hex[:8]}"
    letter = give_up(kafka, RAW, b'{"text": "Ann Hollis, 020 7946 0123', "invalid_json")
    read = ("--workspace", workspace, "--source", letter, "--rep", "ben", "--reason", "broken_export")
    code, out, err = run("reveal", "x:9", *read)
    assert (code, out) == (EXIT_NO, "")
    assert f"is called dead_letter:{letter}" in err
    code, out, _ = run("reveal", f"dead_letter:{letter}", *read)
    assert (code, out) == (EXIT_OK, '{"text": "Ann Hollis, 020 7946 0123\n')
    events = [
        decode(RepEvent, m.value()).root for m in read_topic(kafka, REPS.name) if m.key() == workspace.encode()
    ]
    assert [(event.post_id, event.rep_id) for event in events if isinstance(event, PostRevealed)] == [
        (f"dead_letter:{letter}", "ben")
    ]
