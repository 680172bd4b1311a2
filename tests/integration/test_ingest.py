"""`earshot ingest` runs against a real broker: whole files, bad input, kill -9 and resuming, standard input."""

import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
from confluent_kafka import Consumer, TopicPartition

from pipeline.adapters.kafka.admin import ensure_topics
from pipeline.adapters.kafka.config import consumer_config
from pipeline.app.stages.ingest import connect
from pipeline.codec import decode, encode
from pipeline.errors import Misconfigured, ServiceMissing
from pipeline.ingest.manifest.format import list_manifests, read_manifest
from pipeline.local.endpoints import Endpoints
from pipeline.scenario.generate import generate
from pipeline.settings import KafkaSettings
from schemas.posts.raw import RawPost
from schemas.topics import RAW

pytestmark = pytest.mark.integration
START = datetime(2026, 11, 1, tzinfo=UTC)


@dataclass
class Site:
    """Holds a broker with its topic, a folder of our own, and a workspace that no other test uses."""

    kafka: KafkaSettings
    folder: Path
    workspace: str

    @property
    def state_dir(self) -> Path:
        return self.folder / "state"

    def start(self, *words: str, stdin: bytes | None = None) -> "subprocess.Popen[bytes]":
        assert self.kafka.bootstrap_servers is not None
        environment = os.environ | {
            "EARSHOT_STATE_DIR": str(self.state_dir),
            "EARSHOT_KAFKA__BOOTSTRAP_SERVERS": self.kafka.bootstrap_servers,
        }
        started = subprocess.Popen(
            [sys.executable, "-m", "pipeline.cli", "ingest", *words],
            env=environment,
            stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        if stdin is not None:
            assert started.stdin is not None
            started.stdin.write(stdin)
        return started

    def ingest(self, *words: str, stdin: bytes | None = None) -> tuple[int, str, str]:
        with self.start(*words, stdin=stdin) as process:
            out, err = process.communicate(timeout=120)
        return process.returncode, out.decode(), err.decode()

    def published(self) -> Counter[str]:
        """Returns how often each post of the workspace is in the topic."""
        consumer = Consumer(consumer_config(self.kafka, f"test-{uuid.uuid4()}"))
        try:
            places = [TopicPartition(RAW.name, number, 0) for number in range(self.kafka.post_partitions)]
            consumer.assign(places)
            open_partitions = len(places)
            found: Counter[str] = Counter()
            while open_partitions:
                message = consumer.poll(20.0)
                assert message is not None, "the topic did not come to its end"
                if message.error() is not None:
                    open_partitions -= 1
                    continue
                if message.key().startswith(f"{self.workspace}/".encode()):
                    post = decode(RawPost, message.value())
                    found[f"{post.post_id}/{post.revision}"] += 1
            return found
        finally:
            consumer.close()


@pytest.fixture
def site(stack: Endpoints, tmp_path: Path) -> Site:
    kafka = KafkaSettings(bootstrap_servers=stack.kafka_bootstrap)
    ensure_topics(kafka, [RAW])
    return Site(kafka, tmp_path, f"w{uuid.uuid4().hex[:12]}")


def write_posts(site: Site, count: int) -> tuple[Path, set[str]]:
    path = site.folder / "posts.jsonl"
    posts = list(generate(11, count, START, 24, site.workspace))
    path.write_bytes(b"".join(encode(post) + b"\n" for post in posts))
    return path, {f"{post.post_id}/{post.revision}" for post in posts}


def test_a_generated_file_arrives_whole_and_the_manifest_says_where(site: Site) -> None:
    path, ids = write_posts(site, 3000)
    code, out, err = site.ingest("jsonl", str(path), "--json")
    assert code == 0, err
    summary = orjson.loads(out)
    assert (summary["read"], summary["sent"], summary["rejected"]) == (3000, 3000, 0)
    assert site.published() == Counter(ids)
    (manifest,) = (read_manifest(found) for found in list_manifests(site.state_dir))
    assert manifest.whole
    assert {f"{post_id}/{revision}" for _, post_id, revision in manifest.ids} == ids
    assert str(manifest.path) == summary["manifest"]


def test_bad_lines_are_named_kept_and_the_rest_arrives(site: Site) -> None:
    path, ids = write_posts(site, 20)
    good = path.read_bytes().splitlines(keepends=True)
    bad = [
        good[0][:50] + b"\n",
        good[1].replace(b'"schema_version":1', b'"schema_version":9'),
        b'{"text": "\xff"}\n',
        orjson.dumps(orjson.loads(good[2]) | {"text": "x" * 900_000}) + b"\n",
        orjson.dumps(orjson.loads(good[2]) | {"created_at": "9999-01-01T00:00:00Z"}) + b"\n",
        orjson.dumps(orjson.loads(good[2]) | {"revision": "many"}) + b"\n",
        b'{"text": "' + b"y" * 2_000_000 + b'"}\n',
    ]
    path.write_bytes(b"".join([*bad, *good]))
    code, out, err = site.ingest("jsonl", str(path), "--json")
    assert code == 2
    summary = orjson.loads(out)
    assert (summary["sent"], summary["rejected"]) == (20, 7)
    named = re.compile(re.escape(str(path)) + r":\d+: (\w+): ")
    codes = [found[1] for line in err.splitlines() if (found := named.match(line))]
    assert codes[:3] == ["invalid_json", "unknown_schema_version", "invalid_utf8"]
    assert codes[3:] == ["invalid_field", "invalid_field", "invalid_field", "too_large"]
    kept = Path(summary["rejects"]).read_bytes().splitlines()
    assert len(kept) == len(bad)
    assert all(
        entry.endswith(raw.strip()[1:]) and b"earshot_reject" in entry
        for entry, raw in zip(kept, bad, strict=True)
    )
    assert site.published() == Counter(ids)


@pytest.mark.parametrize("content", [b"", b"id,user\n1,ann\n"])
def test_an_empty_file_or_a_missing_column_sends_nothing(site: Site, content: bytes) -> None:
    path = site.folder / "export.csv"
    path.write_bytes(content)
    spec = f"post_id=id,author.author_id=user,text=body,created_at=id,platform==chirp,workspace=={site.workspace}"
    code, _, err = site.ingest("csv", str(path), "--columns", spec)
    assert code == 2
    assert str(path) in err
    assert "is empty" in err or "no column 'body'" in err
    assert "Traceback" not in err
    assert not site.published()
    assert not list_manifests(site.state_dir)


def await_sent(site: Site, count: int) -> int:
    """Returns how many posts the manifest confirms, once they are so many."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = list_manifests(site.state_dir)
        if found and (sent := read_manifest(found[0]).cursor.sent) >= count:
            return sent
        time.sleep(0.02)
    raise AssertionError(f"{count} posts were not confirmed in a minute")


def test_a_killed_ingest_is_taken_up_exactly(site: Site) -> None:
    path, ids = write_posts(site, 6000)
    words = ("jsonl", str(path), "--speed", "7200")  # 24 h in 12 s, so that there is a middle
    for least in (1, 1500, 3500):
        with site.start(*words) as process:
            sent = await_sent(site, least)
            process.send_signal(signal.SIGKILL)
        assert sent < 6000, "it was killed in the middle"
    first = read_manifest(list_manifests(site.state_dir)[0])
    code, out, err = site.ingest("jsonl", str(path), "--json")
    assert code == 0, err
    assert f"after line {first.cursor.line}" in err
    assert site.published() == Counter(ids), "nothing is lost, and nothing is doubled"
    (manifest,) = (read_manifest(found) for found in list_manifests(site.state_dir))
    assert {f"{post_id}/{revision}" for _, post_id, revision in manifest.ids} == ids
    assert len(manifest.resumed_after) == 3
    assert orjson.loads(out)["sent"] == 6000 - first.cursor.sent


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_ingest_confirms_what_it_sent_and_goes_on_without_doubles(
    site: Site, stop: signal.Signals
) -> None:
    path, ids = write_posts(site, 3000)
    with site.start("jsonl", str(path), "--speed", "7200") as process:
        await_sent(site, 100)
        process.send_signal(stop)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 1, err
    assert b"Traceback" not in err
    (manifest,) = (read_manifest(found) for found in list_manifests(site.state_dir))
    assert manifest.broke_off == "stopped by the operator"
    code, _, _ = site.ingest("jsonl", str(path))
    assert code == 0
    assert site.published() == Counter(ids)


def test_two_runs_on_one_file_do_not_harm_each_other(site: Site) -> None:
    path, ids = write_posts(site, 3000)
    with site.start("jsonl", str(path), "--speed", "600") as process:
        await_sent(site, 1)
        for words in ([], ["--restart"], ["--workspace", "other"]):
            code, _, err = site.ingest("jsonl", str(path), *words)
            assert code == 2, "it takes 144 s, so the first is still running"
            assert "another ingest of" in err
        process.send_signal(signal.SIGTERM)
        _, first_err = process.communicate(timeout=60)
    assert process.returncode == 1, first_err
    code, _, err = site.ingest("jsonl", str(path))
    assert code == 0, err
    assert site.published() == Counter(ids)
    (manifest,) = (read_manifest(found) for found in list_manifests(site.state_dir))
    assert (manifest.whole, manifest.cursor.sent) == (True, 3000)


def test_a_dry_run_sends_nothing_and_needs_no_broker(site: Site) -> None:
    path, _ = write_posts(site, 50)
    path.write_bytes(path.read_bytes() + b"garbage\n")
    nowhere = replace(site, kafka=KafkaSettings(bootstrap_servers="127.0.0.1:1"))
    code, out, err = nowhere.ingest("jsonl", str(path), "--dry-run", "--json")
    assert code == 2, err
    summary = orjson.loads(out)
    assert (summary["sent"], summary["rejected"], summary["manifest"]) == (50, 1, "")
    assert Path(summary["rejects"]).stat().st_mode & 0o077 == 0
    assert not site.published()
    assert not list_manifests(site.state_dir)


def test_mended_rejects_come_in_once(site: Site) -> None:
    path, ids = write_posts(site, 30)
    good = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(
        b"".join([*good[:10], good[10].replace(b'"schema_version":1', b'"schema_version":9'), *good[11:]])
    )
    code, out, err = site.ingest("jsonl", str(path), "--json")
    assert code == 2, err
    rejects = Path(orjson.loads(out)["rejects"])
    rejects.write_bytes(rejects.read_bytes().replace(b'"schema_version":9', b'"schema_version":1'))
    for sent in (1, 0):
        code, out, err = site.ingest("jsonl", str(rejects), "--json")
        assert (code, orjson.loads(out)["sent"]) == (0, sent), err
    assert site.published() == Counter(ids)


def test_standard_input_works(site: Site) -> None:
    path, ids = write_posts(site, 50)
    code, out, err = site.ingest("jsonl", "-", "--json", stdin=path.read_bytes())
    assert code == 0, err
    assert orjson.loads(out)["sent"] == 50
    assert site.published() == Counter(ids)


def test_a_stop_while_standard_input_is_silent_confirms_what_came(site: Site) -> None:
    path, _ = write_posts(site, 50)
    with site.start("jsonl", "-", stdin=path.read_bytes()) as process:
        assert process.stdin is not None
        process.stdin.flush()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and sum(site.published().values()) < 50:
            time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)
    assert process.returncode == 1
    (manifest,) = (read_manifest(found) for found in list_manifests(site.state_dir))
    assert manifest.cursor.sent == 50


def test_a_cluster_that_does_not_answer_is_a_missing_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.app.stages.ingest.METADATA_TIMEOUT_S", 0.5)
    with pytest.raises(ServiceMissing, match="does not answer"):
        connect(KafkaSettings(bootstrap_servers="127.0.0.1:1"))


def test_a_missing_topic_says_how_to_create_it(stack: Endpoints, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.app.stages.ingest.RAW", replace(RAW, name=f"absent-{uuid.uuid4()}"))
    with pytest.raises(Misconfigured, match="topics apply"):
        connect(KafkaSettings(bootstrap_servers=stack.kafka_bootstrap))
