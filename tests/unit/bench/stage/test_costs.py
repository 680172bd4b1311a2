"""Where the time goes: which part a call belongs to, and how seconds become milliseconds a post."""

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from confluent_kafka import Producer

import pipeline
from pipeline.bench.stage import costs
from pipeline.bench.stage.costs import (
    NO_TIME,
    IsolatedCosts,
    ProcessorTime,
    cost_table,
    loop_shares,
    processor_time_of,
)
from pipeline.bench.stage.watched_worker import Call, Part, Role, part_of, role_of
from pipeline.bench.stage.worker_metrics import BatchTotals, parse_totals
from pipeline.metrics import Metrics

LIB = "/usr/lib/python3.11"
SITE = f"{LIB}/site-packages"
OURS = str(pipeline.__path__[0])
DRIVER: Call = (f"{SITE}/faust/transport/drivers/aiokafka.py", "send")
DELIVER: Call = (f"{OURS}/enrich/agent.py", "_deliver")
BOTTOM: list[Call] = [
    (f"{LIB}/asyncio/base_events.py", "_run_once"),
    (f"{OURS}/adapters/faust/worker.py", "run_until_stopped"),
    (f"{OURS}/app/stages/enrich.py", "run"),
]


@pytest.mark.parametrize(
    ("calls", "part"),
    [
        ([(f"{LIB}/selectors.py", "select")], "idle"),
        ([(f"{SITE}/pydantic/main.py", "model_validate_json"), (f"{OURS}/codec.py", "decode"),
          (f"{OURS}/enrich/agent.py", "_open")], "decode"),
        ([(f"{SITE}/pydantic/main.py", "model_dump_json"), (f"{OURS}/codec.py", "encode")], "encode"),
        ([(f"{SITE}/aiokafka/consumer/consumer.py", "getmany"), DRIVER], "kafka"),
        ([DRIVER], "faust"),
        ([(f"{OURS}/enrich/outputs.py", "mentions_of"), DELIVER], "agent"),
        ([(f"{LIB}/asyncio/selector_events.py", "_read_ready")], "kafka"),
        ([(f"{LIB}/asyncio/locks.py", "wait"), (f"{SITE}/mode/services.py", "wait_first")], "faust"),
        ([(f"{OURS}/metrics.py", "observe"), (f"{OURS}/enrich/agent.py", "_measure")], "agent"),
        ([(f"{LIB}/asyncio/events.py", "_run")], "faust"),
    ],
)  # fmt: skip
def test_the_innermost_call_that_says_something_names_the_part(calls: list[Call], part: Part) -> None:
    assert part_of([*calls, *BOTTOM]) == part


def test_threads_have_roles() -> None:
    assert role_of(threading.main_thread()) == "loop"
    with ThreadPoolExecutor(1, thread_name_prefix="inference") as executor:
        assert executor.submit(lambda: role_of(threading.current_thread())).result() == "engine"
    assert role_of(threading.Thread(name="health")) == "agent"
    assert role_of(threading.Thread(name="asyncio_0")) == "kafka"
    from mode.threads import WorkerThread

    assert role_of(WorkerThread(service=None)) == "kafka"


def test_a_watch_notes_what_the_main_thread_does_and_which_threads_there_are() -> None:
    # In a process of its own: it takes SIGALRM, which pytest's own time-out may use.
    code = (
        "import threading\n"
        "from pipeline.bench.stage.watched_worker import Watch\n"
        "watch = Watch()\n"
        "watch.start()\n"
        "while len(watch.notes) < 3: pass\n"
        "watch.stop()\n"
        "assert {part for _, part in watch.notes} == {'faust'}, watch.notes\n"
        "assert watch.roles == {threading.main_thread().native_id: 'loop'}, watch.roles\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


def test_shares_are_of_the_working_time_within_the_windows() -> None:
    notes: list[tuple[float, Part]] = [
        (0.9, "agent"), (1.0, "faust"), (1.1, "idle"), (1.2, "faust"), (1.3, "kafka"), (2.5, "agent"),
        (3.0, "decode"),
    ]  # fmt: skip
    assert loop_shares(notes, [(1.0, 2.0), (3.0, 4.0)]) == {"faust": 0.5, "kafka": 0.25, "decode": 0.25}
    assert loop_shares(notes, [(8.0, 9.0)]) == {}


def test_the_table_divides_all_that_was_used_and_inference_is_the_rest_of_the_engine() -> None:
    roles: dict[int, Role] = {1: "loop", 2: "kafka", 3: "engine", 4: "agent"}
    used = ProcessorTime({1: 4.0, 2: 1.0, 3: 2.0, 4: 0.5, 99: 8.0}, broker_s=0.5, librdkafka_s=1.0)
    shares: dict[Part, float] = {"faust": 0.5, "kafka": 0.25, "decode": 0.125, "encode": 0.125}
    rows = cost_table(
        used,
        1000,
        roles,
        shares,
        IsolatedCosts(normalise_ms=0.5, tokenise_ms=1.0, language_ms=0.25, record_ms=0.25),
    )
    assert {row.name.split(":")[0].split(",")[0]: row.ms for row in rows if "client" not in row.name} == {
        "Kafka": 0.5, "Faust": 2.0, "decode": 0.5, "normalise": 0.5, "tokenise": 1.0, "infer": 8.0,
        "language": 0.25, "triage": 0.25, "encode": 0.5, "agent": 0.5,
    }  # fmt: skip
    assert [row.ms for row in rows if "client" in row.name] == [3.0]
    assert sum(row.ms for row in rows) == pytest.approx(17.0)
    assert sum(row.share for row in rows) == pytest.approx(1.0)


def test_used_seconds_add_up_by_thread_and_a_new_thread_began_at_nothing() -> None:
    first = ProcessorTime({1: 3.0, 2: 5.0}, 7.0, 4.0) - ProcessorTime({1: 1.0}, 4.0, 1.5)
    assert first == ProcessorTime({1: 2.0, 2: 5.0}, 3.0, 2.5)
    assert NO_TIME + first + ProcessorTime({2: 1.0, 3: 1.0}, 1.0, 0.5) == ProcessorTime(
        {1: 2.0, 2: 6.0, 3: 1.0}, 4.0, 3.0
    )


def test_what_a_process_uses_is_seen_by_thread() -> None:
    pid = os.getpid()
    before = processor_time_of(pid, [pid])
    while (more := processor_time_of(pid, [pid]) - before).broker_s < 0.05:
        sum(range(10_000))
    assert more.threads[pid] > 0


def test_threads_whose_name_is_librdkafkas_are_counted_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    pid = os.getpid()
    monkeypatch.setattr(costs, "LIBRDKAFKA", Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip())
    used = processor_time_of(pid, [])
    assert pid not in used.threads
    assert used.librdkafka_s > 0


def test_librdkafka_names_its_threads_so() -> None:
    producer = Producer({"bootstrap.servers": "127.0.0.1:1", "log_level": 0})
    until = time.monotonic() + 10
    while not any(name.startswith(costs.LIBRDKAFKA) for name in thread_names()):
        assert time.monotonic() < until
    del producer


def thread_names() -> list[str]:
    names = []
    for task in Path(f"/proc/{os.getpid()}/task").iterdir():
        with suppress(OSError):  # short-lived threads come and go
            names.append((task / "comm").read_text(encoding="utf-8"))
    return names


def test_the_stages_metrics_are_read_as_it_writes_them() -> None:
    from prometheus_client.exposition import generate_latest

    metrics = Metrics()
    for seconds, records in ((0.5, 200), (0.25, 100)):
        metrics.observe("batch_seconds", seconds, stage="enrich", step="score")
        metrics.observe("batch_records", records, stage="enrich")
    metrics.observe("batch_seconds", 9, stage="enrich", step="decide")
    seen = parse_totals(generate_latest(metrics.registry).decode())
    assert (seen.batches, seen.records, seen.batch_records) == (2, 300, 150)
    assert seen.wall_ms() == {"decode": 0, "score": 2.5, "deliver": 0, "commit": 0}
    later = BatchTotals(3, 340, {"decode": 0.1, "score": 0.95, "deliver": 0, "commit": 0})
    assert (later - seen).wall_ms()["score"] == pytest.approx(5)
    assert ((later - seen) + seen).records == 340
    assert (seen - seen).wall_ms()["score"] == (seen - seen).batch_records == 0
