"""`earshot reveal` stores the event first and then shows the text, or does neither, on the real broker and
ClickHouse.
"""

import json
import time
import uuid

import pytest
from confluent_kafka import Producer, TopicPartition

from pipeline.adapters.clickhouse.writer import ClickHouseWriter
from pipeline.adapters.kafka.admin import ensure_topics
from pipeline.adapters.kafka.config import producer_config
from pipeline.adapters.kafka.partitioner import partition_of
from pipeline.adapters.kafka.reader import read_topic
from pipeline.app.offline import reveal as app_reveal
from pipeline.cli import main
from pipeline.clock import from_ms
from pipeline.codec import decode, encode
from pipeline.errors import EXIT_NO, EXIT_OK, EXIT_SERVICE_MISSING, EXIT_USAGE
from pipeline.ports.records import InputRecord
from pipeline.sink.columns import Source
from pipeline.sink.tables.posts import POSTS
from schemas.base import SourcePosition
from schemas.people.casework import PostRevealed
from schemas.people.rep import RepEvent
from schemas.posts.raw import RawPost
from schemas.topics import RAW, REPS, SCORED, all_topics, post_key
from tests.builders import START_MS, post, scored
from tests.integration.audit_lab import PATIENCE_S, AuditLab

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("commands_find_the_lab")]
TEXT = "my number is 020 7946 0123\nand \x1b[2Jmy card ends in 4242"
SHOWN = "my number is 020 7946 0123\nand  [2Jmy card ends in 4242\n"
URL = "https://x.example/p1"


@pytest.fixture
def workspace() -> str:
    return f"reveal-{uuid.uuid4().hex[:8]}"


def _send(lab: AuditLab, raw: RawPost) -> SourcePosition:
    places: list[SourcePosition] = []
    producer = Producer(producer_config(lab.kafka))
    producer.produce(
        RAW.name,
        encode(raw),
        post_key(raw.workspace, raw.author.author_id),
        on_delivery=lambda _, m: places.append(
            SourcePosition(topic=RAW.name, partition=m.partition(), offset=m.offset())
        ),
    )
    assert producer.flush(PATIENCE_S) == 0
    return places[0]


def _store(lab: AuditLab, workspace: str, source: SourcePosition) -> None:
    made = scored("p1", workspace=workspace, text="my number is [phone]", url=URL, source=source)
    record = InputRecord(SCORED.name, 0, 0, b"", encode(made), START_MS)
    writer = ClickHouseWriter(lab.store)
    writer.insert(
        "posts", POSTS.names, [POSTS.row(made, Source(record, from_ms(START_MS)))], token=uuid.uuid4().hex
    )
    writer.close()


def _readings(lab: AuditLab, workspace: str) -> list[tuple[PostRevealed, int | None]]:
    found = []
    for message in read_topic(lab.kafka, REPS.name):
        if message.key() == workspace.encode():
            event = decode(RepEvent, message.value()).root
            assert isinstance(event, PostRevealed)
            found.append((event, message.partition()))
    return found


def _run(capsys: pytest.CaptureFixture[str], workspace: str, *options: str) -> tuple[int, str, str]:
    args = ["reveal", "x:p1", "--workspace", workspace, "--rep", "ben", "--reason", "identity_check", *options]
    with pytest.raises(SystemExit) as ended:
        main(args)
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


def _at(source: SourcePosition) -> tuple[str, str]:
    return "--source", f"{source.topic}/{source.partition}/{source.offset}"


def test_the_text_is_shown_and_the_reading_is_an_event(
    lab: AuditLab, workspace: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _send(lab, post("p0", workspace=workspace, text="another post"))
    source = _send(lab, post("p1", workspace=workspace, text=TEXT, revision=2))
    _send(lab, post("p2", workspace=workspace, text="a later post"))
    assert _run(capsys, workspace, *_at(source)) == (EXIT_OK, SHOWN, "")
    [(event, partition)] = _readings(lab, workspace)
    assert (event.post_id, event.revision, event.rep_id, event.reason) == ("x:p1", 2, "ben", "identity_check")
    assert partition == partition_of(workspace.encode(), lab.kafka.route_partitions)


def test_the_position_is_looked_up_and_json_has_every_character(
    lab: AuditLab, workspace: str, capsys: pytest.CaptureFixture[str]
) -> None:
    source = _send(lab, post("p1", workspace=workspace, text=TEXT))
    _store(lab, workspace, source)
    code, out, _ = _run(capsys, workspace, "--json")
    said = json.loads(out)
    [(event, _)] = _readings(lab, workspace)
    assert (code, said["post"]["text"], said["event_id"]) == (EXIT_OK, TEXT, event.event_id)
    assert said["source"] == source.model_dump()


def test_a_record_of_another_workspace_or_post_is_refused_without_an_event(
    lab: AuditLab, workspace: str, capsys: pytest.CaptureFixture[str]
) -> None:
    source = _send(lab, post("p1", workspace=f"{workspace}-other", text=TEXT))
    code, out, err = _run(capsys, workspace, *_at(source))
    assert (code, out) == (EXIT_NO, "")
    assert f"is not post x:p1 of workspace {workspace}\n" in err
    assert "7946" not in err
    source = _send(lab, post("p9", workspace=workspace, text=TEXT))
    assert _run(capsys, workspace, *_at(source))[:2] == (EXIT_NO, "")
    assert _readings(lab, workspace) == _readings(lab, f"{workspace}-other") == []


def test_a_position_without_a_record_is_no_and_names_the_platform(
    lab: AuditLab, workspace: str, capsys: pytest.CaptureFixture[str]
) -> None:
    source = _send(lab, post("p1", workspace=workspace, text=TEXT))
    ahead = source.model_copy(update={"offset": source.offset + 1000})
    code, out, err = _run(capsys, workspace, *_at(ahead))
    assert (code, out) == (EXIT_NO, "")
    assert "holds no record" in err
    assert "https://" not in err
    _store(lab, workspace, ahead)
    code, _, err = _run(capsys, workspace)
    assert (code, err.splitlines()[-1]) == (EXIT_NO, f"on its platform: {URL}")
    assert _run(capsys, workspace, *_at(ahead))[2].endswith(f"on its platform: {URL}\n")
    assert _run(capsys, workspace, "--source", f"{RAW.name}/99/0")[0] == EXIT_NO


def test_a_record_that_retention_has_removed_is_no(
    lab: AuditLab, workspace: str, capsys: pytest.CaptureFixture[str]
) -> None:
    source = _send(lab, post("p1", workspace=workspace, text=TEXT))
    later = _send(lab, post("p2", workspace=workspace, text="a later post"))
    assert later.partition == source.partition
    [removed] = lab.admin.delete_records([TopicPartition(RAW.name, later.partition, later.offset)]).values()
    removed.result(PATIENCE_S)
    code, out, err = _run(capsys, workspace, *_at(source))
    assert (code, out) == (EXIT_NO, "")
    assert "holds no record: posts.raw keeps them 3 days" in err


def test_an_unknown_post_is_no(workspace: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = _run(capsys, workspace)
    assert (code, out) == (EXIT_NO, "")
    assert "is stored" in err


def test_a_deletion_has_nothing_to_show_and_a_reason_may_not_quote(
    lab: AuditLab, workspace: str, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = _send(lab, post("p1", workspace=workspace, text=None, deleted=True, revision=1))
    assert _run(capsys, workspace, *_at(gone))[:2] == (EXIT_NO, "")
    source = _send(lab, post("p1", workspace=workspace, text=TEXT))
    code, out, err = _run(capsys, workspace, *_at(source), "--reason", "call 020-7946-0123")
    assert (code, out) == (EXIT_USAGE, "")
    assert "7946" not in err
    assert _readings(lab, workspace) == []


def test_when_the_event_cannot_be_delivered_nothing_is_shown(
    lab: AuditLab, workspace: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = _send(lab, post("p1", workspace=workspace, text=TEXT))
    monkeypatch.setattr(app_reveal, "DELIVERY_TIMEOUT_S", 2.0)
    for future in lab.admin.delete_topics([REPS.name]).values():
        future.result(PATIENCE_S)
    deadline = time.monotonic() + PATIENCE_S
    while REPS.name in lab.admin.list_topics(timeout=PATIENCE_S).topics:
        assert time.monotonic() < deadline
    try:
        code, out, err = _run(capsys, workspace, *_at(source))
    finally:
        ensure_topics(lab.kafka, all_topics())
    assert (code, out) == (EXIT_SERVICE_MISSING, "")
    assert "nothing is shown" in err
    assert "7946" not in err
