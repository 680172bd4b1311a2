import json
from collections.abc import Iterator

from pipeline.adapters.in_memory.publisher import MemoryPublisher
from pipeline.app.importing.engagements import BATCH_LINES, Sent, send_engagements
from pipeline.codec import decode
from pipeline.errors import Permanent
from pipeline.ingest.lines import Line
from schemas.posts.engagement import Engagement
from schemas.topics import ENGAGEMENTS


def like(number: int, **changes: object) -> bytes:
    known = {
        "workspace": "acme", "engagement_id": f"like-{number}", "target_author_id": "x:ann", "post_id": "x:1",
        "kind": "like", "created_at": "2026-11-29T09:30:00Z",
    }  # fmt: skip
    return json.dumps(known | changes).encode()


def lines(*raw: bytes) -> Iterator[Line]:
    return (Line(number, one) for number, one in enumerate(raw, 1))


def sent(*raw: bytes, workspace: str | None = None) -> tuple[MemoryPublisher, Sent, list[tuple[int, str]]]:
    publisher, refused = MemoryPublisher(), list[tuple[int, str]]()

    def refuse(line: int, reason: Permanent) -> None:
        refused.append((line, reason.code))

    done = send_engagements(lines(*raw), publisher, workspace, refuse)
    return publisher, done, refused


def test_each_line_is_sent_to_its_target_in_order_over_more_than_one_batch() -> None:
    publisher, done, refused = sent(*(like(number) for number in range(BATCH_LINES + 1)))
    assert {(record.topic, record.key) for record in publisher.delivered} == {(ENGAGEMENTS.name, b"acme/x:ann")}
    ids = [decode(Engagement, record.value).engagement_id for record in publisher.delivered]
    assert ids == [f"like-{number}" for number in range(BATCH_LINES + 1)]
    assert (done, refused) == (Sent(BATCH_LINES + 1, 0), [])


def test_a_bad_line_is_told_by_its_number_and_the_others_are_sent() -> None:
    publisher, done, refused = sent(like(1), b"\n", b"{", like(4, count=-1), like(5))
    assert refused == [(3, "invalid_json"), (4, "invalid_field")]
    assert done == Sent(2, 2)
    assert len(publisher.delivered) == 2


def test_the_workspace_stands_for_those_that_state_none() -> None:
    publisher, _, _ = sent(like(1, workspace=None), like(2), workspace="other")
    assert [record.key for record in publisher.delivered] == [b"other/x:ann", b"acme/x:ann"]
