"""Planted personal data, the canaries, goes through the whole running system and is found nowhere but in
`posts.raw`.

Everything that the system writes is searched. That is every other topic (keys, values and headers), every table of
ClickHouse, the files of this lab (logs, manifests, run files), the metrics of each worker, and what the commands
print.
"""

import json
import re
import urllib.request
import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from confluent_kafka import Message

from pipeline.adapters.clickhouse.analytics import open_analyst
from pipeline.adapters.kafka.reader import read_topic
from pipeline.local.endpoints import Endpoints
from pipeline.settings import ClickHouseSettings, KafkaSettings
from schemas.topics import RAW, all_topics, team_topic
from tests.pipeline_lab import PipelineLab

pytestmark = pytest.mark.integration

CANARIES = {
    "phone": ["+1 415-867-5309", "(415) 867 5309", "+44 20 7946 0991", "415.867.5309"],
    "card": ["4539 1488 0343 6467", "4539148803436467", "5105-1051-0510-5100"],
    "email": ["canary.bird+1@example-mail.org"],
    "iban": ["DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432"],
    "address": ["1742 Evergreen Terrace"],
}
PLAIN = [canary for kind in CANARIES.values() for canary in kind]
TEMPLATES = (
    "my internet is down again, call me on {} please", "charged twice!! my details: {} - fix it", "hi {} thanks",
    "@acmecare why is nobody answering {}? this is a disgrace", "{}",
)  # fmt: skip


def written(workspace: str) -> Iterator[dict[str, object]]:
    """Makes posts with every canary in every template, public and direct, in texts, titles and links."""
    start = datetime.now(UTC) - timedelta(hours=1)
    for number, (canary, template) in enumerate((c, t) for c in PLAIN for t in TEMPLATES):
        yield {
            "workspace": workspace, "post_id": f"chirp:canary-{number}", "platform": "chirp",
            "author": {"author_id": f"chirp:bird-{number}", "handle": f"bird{number}", "followers": number},
            "text": template.format(canary), "created_at": (start + timedelta(seconds=number)).isoformat(),
            "visibility": "direct" if number % 2 else "public",
            **({"title": f"call {canary}"} if number % 5 == 0 else {}),
        }  # fmt: skip
    yield {
        "workspace": workspace, "post_id": "chirp:canary-future", "platform": "chirp",
        "author": {"author_id": "chirp:f"},
        "text": f"from the future {PLAIN[0]}", "created_at": (datetime.now(UTC) + timedelta(days=3)).isoformat(),
    }  # fmt: skip


def needles() -> list[str]:
    """Returns the canaries as written, and their digits alone, since no other punctuation may bring them back."""
    digits = {re.sub(r"\D", "", canary) for canary in PLAIN if sum(sign.isdigit() for sign in canary) >= 9}
    return sorted({*PLAIN, *digits, "Evergreen Terrace", "canary.bird"})


NEEDLES = needles()


def sung(place: str, text: str) -> list[str]:
    """Says where canaries are in the clear, which is in the text as it is or in its longer numbers without
    punctuation.
    """
    squeezed = " ".join(re.sub(r"\D", "", run) for run in re.findall(r"[\d +().-]{9,40}", text))
    return [f"{place}: {needle}" for needle in NEEDLES if needle in text or needle in squeezed]


def as_text(message: Message, *, value: bool = True) -> str:
    parts = [message.key() or b"", (message.value() or b"") if value else b""]
    parts += [content or b"" for _, content in message.headers() or []]
    return b"\n".join(parts).decode(errors="replace")


def of_topics(kafka: KafkaSettings, workspace: str) -> Iterator[str]:
    topics = [topic for topic in all_topics() if topic.name != RAW.name]
    for topic in (*topics, team_topic(workspace, "care"), team_topic(workspace, "billing")):
        for message in read_topic(kafka, topic.name):
            # The dead letters of posts.raw are as plain and as closed as itself; why they lie there is not.
            yield from sung(topic.name, as_text(message, value=topic.name != RAW.dlq.name))


def of_tables(store: ClickHouseSettings) -> Iterator[str]:
    with open_analyst(store) as analyst:
        tables = [
            row[0]
            for row in analyst.ask(f"SELECT name FROM system.tables WHERE database = '{store.database}'").rows
        ]
        assert "posts" in tables
        for table in tables:
            for row in analyst.ask(f"SELECT * FROM {table}").rows:
                yield from sung(table, " ".join(map(str, row)))


def of_files(folder: Path, *, but: Iterable[Path]) -> Iterator[str]:
    spared = set(but)
    for path in folder.rglob("*"):
        if path.is_file() and path not in spared:
            yield from sung(str(path), path.read_bytes().decode(errors="replace"))


@pytest.fixture
def lab(stack: Endpoints, tmp_path: Path) -> Iterator[PipelineLab]:
    made = PipelineLab(stack, tmp_path, f"canary-{uuid.uuid4().hex[:8]}")
    made.prepare()
    yield made
    made.close()


def test_planted_personal_data_is_nowhere_in_the_clear_but_in_posts_raw(
    lab: PipelineLab, stack: Endpoints
) -> None:
    posts = list(written(lab.workspace))
    source = lab.folder / "canaries.jsonl"
    source.write_text("\n".join(map(json.dumps, posts)), encoding="utf-8")
    lab.start_all()
    lab.start_desk()
    lab.earshot("ingest", "jsonl", str(source))
    kafka = KafkaSettings(bootstrap_servers=stack.kafka_bootstrap)
    store = ClickHouseSettings.model_validate(
        {"url": stack.clickhouse_url, "user": stack.clickhouse_user, "password": stack.clickhouse_password}
    )

    def stored() -> int:
        with open_analyst(store) as analyst:
            question = f"SELECT count() FROM posts FINAL WHERE workspace = '{lab.workspace}'"
            return int(analyst.ask(question).rows[0][0])

    lab.wait(lambda: stored() == len(posts) - 1, 180, "all posts are stored")

    # They did sing where they may: else this test could not fail.
    plain = [
        as_text(message)
        for message in read_topic(kafka, RAW.name)
        if lab.workspace.encode() in (message.key() or b"")
    ]
    assert {needle for text in plain for needle in PLAIN if needle in text} == set(PLAIN)
    assert sung("here", f"x {PLAIN[0]}")
    assert sung("here", "digits 4539-1488 0343.6467")

    found = [*of_topics(kafka, lab.workspace), *of_tables(store)]
    status = lab.status()
    assert status is not None
    for worker in status.workers:
        with urllib.request.urlopen(f"http://127.0.0.1:{worker.http_port}/metrics", timeout=5) as answer:
            found += sung(f"metrics of {worker.name}", answer.read().decode())
    for words in (
        ("report", "sentiment", "--workspace", lab.workspace), ("audit", "--workspace", lab.workspace),
        ("query", f"SELECT text, title, url FROM posts FINAL WHERE workspace = '{lab.workspace}'"),
    ):  # fmt: skip
        done = lab.earshot(*words, expect=None)
        found += sung(" ".join(words[:2]), done.stdout + done.stderr)
    lab.close()
    found += of_files(lab.folder, but=[source])
    assert found == []
