"""The fixes of Faust: in force in a worker's process, refused for another version, and doing what they say."""

import asyncio
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from faust.types import TP

from pipeline.adapters.faust import fixes as faust_fixes
from pipeline.adapters.faust.fixes import apply_fixes, in_force
from pipeline.adapters.faust.worker import build_app
from pipeline.errors import Misconfigured
from pipeline.settings import KafkaSettings

PLACE = TP("changelog", 3)


def test_building_the_app_puts_all_fixes_in_force() -> None:
    code = """
import sys, tempfile
from pathlib import Path
from pipeline.adapters.faust import fixes as faust_fixes
from pipeline.adapters.faust import worker as faust_worker
from pipeline.settings import KafkaSettings
before = faust_fixes.in_force()
kafka = KafkaSettings(bootstrap_servers="127.0.0.1:9")
faust_worker.build_app(kafka, "g", Path(tempfile.mkdtemp()), batch_size=256, fetch_wait_ms=40)
sys.exit(0 if faust_fixes.in_force() and not before else 1)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_applying_twice_changes_nothing() -> None:
    from faust.transport.producer import ProducerBuffer

    apply_fixes()
    once = ProducerBuffer.flush
    apply_fixes()
    assert ProducerBuffer.flush is once
    assert in_force()


def test_another_version_of_faust_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faust_fixes, "version", lambda _: "0.16.0")
    with pytest.raises(Misconfigured, match=r"0\.15\.3, 0\.16\.0 is installed"):
        apply_fixes()


async def test_a_fetch_waits_for_company_as_long_as_its_app_was_told(tmp_path: Path) -> None:
    from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread

    kafka = KafkaSettings(bootstrap_servers="127.0.0.1:9")
    app = build_app(kafka, "g", tmp_path, batch_size=256, fetch_wait_ms=40)
    thread: Any = SimpleNamespace(app=app, consumer=SimpleNamespace(in_transaction=False))
    built = AIOKafkaConsumerThread._create_worker_consumer(thread, app.transport)
    assert (built._fetch_min_bytes, built._fetch_max_wait_ms) == (faust_fixes.FETCH_BYTES, 40)
    assert built._fetcher is None  # made at the start, from these two
    await built.stop()


async def test_the_commits_of_an_app_go_through_what_it_was_told(tmp_path: Path) -> None:
    from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread

    kafka = KafkaSettings(bootstrap_servers="127.0.0.1:9")
    app = build_app(kafka, "g", tmp_path, batch_size=256, fetch_wait_ms=40)
    told: list[Any] = []

    async def noted(offsets: Any, commit: Any) -> None:
        told.append((offsets, commit.__name__))

    faust_fixes.carry_notes(app, noted)
    thread: Any = SimpleNamespace(app=app, consumer=SimpleNamespace(in_transaction=False))
    built = AIOKafkaConsumerThread._create_worker_consumer(thread, app.transport)
    await built.commit({"place": "offset"})
    assert told == [({"place": "offset"}, "commit")]
    await built.stop()


class Calls:
    """Notes what is called on it."""

    def __init__(self, journal: list[str], name: str) -> None:
        self._journal, self._name = journal, name

    def __getattr__(self, called: str) -> Any:
        return lambda *_: self._journal.append(f"{self._name}.{called}")


async def test_after_a_recovery_streams_are_held_before_anything_else_happens() -> None:
    journal: list[str] = []

    class Recovery:
        class app:  # noqa: N801 - an attribute of Faust's class
            flow_control = Calls(journal, "flow")
            consumer = Calls(journal, "consumer")

        async def on_recovery_completed(self, generation_id: int = 0) -> None:
            journal.append(f"original {generation_id}")

    faust_fixes._hold_streams_until_sought(Recovery)
    await Recovery().on_recovery_completed(7)
    assert journal == ["flow.suspend", "consumer.stop_flow", "original 7"]


async def test_a_store_that_can_restore_itself_does_so_before_the_ends_are_asked_for() -> None:
    journal: list[Any] = []

    class Recovery:
        active_offsets: ClassVar[Counter[Any]] = Counter({PLACE: None})
        tp_to_table: ClassVar[dict[Any, Any]] = {}

        async def _build_highwaters(self, consumer: Any, places: Any, destination: Any, title: str) -> None:
            journal.append(f"ends of {title}")

    class Store:
        async def restore(self, partitions: set[int]) -> dict[Any, int]:
            journal.append(partitions)
            return {PLACE: 7}

    class Table:
        data = Store()

    faust_fixes._let_stores_restore(Recovery)
    recovery = Recovery()
    recovery.tp_to_table[PLACE] = Table()
    await recovery._build_highwaters(None, {PLACE}, {}, "active")
    await recovery._build_highwaters(None, {PLACE}, {}, "standby")
    assert journal == [{3}, "ends of active", "ends of standby"]
    assert recovery.active_offsets == {PLACE: 7}


class Buffer:
    """A producer buffer with one queued change whose sending takes a while."""

    def __init__(self) -> None:
        self.size = 1
        self.sent = asyncio.Event()

    async def _send_pending(self, change: object) -> None:
        self.size = 0
        await asyncio.sleep(0.02)
        self.sent.set()

    async def flush(self) -> None: ...


async def test_a_flush_waits_for_a_change_that_left_the_queue_but_not_the_process() -> None:
    class Fixed(Buffer): ...

    faust_fixes._flush_all(Fixed)
    buffer = Fixed()
    sending = asyncio.create_task(buffer._send_pending(object()))
    await buffer.flush()
    assert buffer.sent.is_set()
    await sending


async def test_a_flush_that_never_ends_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    class Fixed(Buffer): ...

    class Ended(Exception): ...

    def end(code: int) -> None:
        raise Ended(code)

    faust_fixes._flush_all(Fixed)
    monkeypatch.setattr(faust_fixes, "FLUSH_DEADLINE_S", 0.01)
    monkeypatch.setattr(os, "_exit", end)
    with pytest.raises(Ended, match="70"):
        await Fixed().flush()


def test_the_folder_is_made_with_its_parents_and_one_that_cannot_be_is_named(tmp_path: Path) -> None:
    kafka = KafkaSettings(bootstrap_servers="127.0.0.1:1")
    folder = tmp_path / "state" / "faust"
    build_app(kafka, "g", folder, batch_size=256, fetch_wait_ms=40)
    assert folder.is_dir()
    (tmp_path / "file").touch()
    with pytest.raises(Misconfigured, match="EARSHOT_STATE_DIR"):
        build_app(kafka, "g", tmp_path / "file" / "faust", batch_size=256, fetch_wait_ms=40)
