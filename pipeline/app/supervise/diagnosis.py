"""Tells how the workers of this machine are doing, what waits for the stages, and which dead letters there are.

Each function returns a sentence or a note, or raises an error that says what is wrong. It changes nothing.
"""

import os
import urllib.error
import urllib.request

from pipeline.adapters.kafka.clients.members import count_members
from pipeline.adapters.kafka.lag import unread_of
from pipeline.adapters.kafka.reader import TopicReader
from pipeline.app.dlq.listing import Wanted, read_letters, read_receipts
from pipeline.app.supervise.run_file import RunStatus, WorkerStatus, read_run_file
from pipeline.errors import ServiceMissing
from pipeline.local.doctor import Note
from pipeline.settings import Settings
from pipeline.stages import group_of, lasting_stages

ASK_S = 3.0
"""Longest wait for a worker's answer, in seconds. A worker that answers later is stuck or gets no processor
time."""
MOST_LETTERS = 5_000
"""Most dead letters that are read of a topic. More than a person can look into need not be counted to the last."""
EVERYWHERE = ("0.0.0.0", "::", "")  # noqa: S104 - asked on the loopback instead


def stages(settings: Settings) -> str | Note:
    """Looks at the workers of `earshot run all` with this state folder.

    Raises:
        ServiceMissing: a worker has ended or says that it is not ready.
    """
    status = read_run_file(settings.state_dir)
    if status is None or not _lives(status.supervisor_pid):
        return Note(
            "none runs under `earshot run all` with this state folder", "earshot run all, or one stage each"
        )
    host = "127.0.0.1" if settings.operate.http_host in EVERYWHERE else settings.operate.http_host
    problems = [problem for worker in status.workers if (problem := _trouble(worker, host)) is not None]
    if problems:
        raise ServiceMissing("; ".join(problems))
    return f"{_names(status)} ready"


def lag(settings: Settings) -> str | Note:
    """Counts what waits for the consumer group of each stage.

    Raises:
        ServiceMissing: records wait and nobody reads them, or a topic does not exist.
    """
    kafka = settings.kafka
    waiting = {}
    for stage in lasting_stages():
        topics = [topic.name for topic in stage.inputs]
        waiting[stage.name] = sum(part.at_most for part in unread_of(kafka, stage.group, topics))
    summary = ", ".join(f"{name} {count:,}" for name, count in waiting.items())
    deserted = [name for name, count in waiting.items() if count and not count_members(kafka, group_of(name))]
    if deserted:
        raise ServiceMissing(
            f"records wait and nobody reads them: {summary}",
            remedy=" and ".join(f"earshot run {name}" for name in deserted),
        )
    return f"records to read: {summary}"


def dead_letters(settings: Settings) -> str | Note:
    """Counts the dead letters that were not sent back, by topic, with the code of the newest."""
    reader = TopicReader(settings.kafka)
    try:
        receipts = read_receipts(reader)
        counts: dict[str, int] = {}
        newest: dict[str, tuple[int, str]] = {}
        for letter in read_letters(reader, Wanted(), MOST_LETTERS):
            if letter.place not in receipts:
                counts[letter.topic] = counts.get(letter.topic, 0) + 1
                newest[letter.topic] = max(newest.get(letter.topic, (0, "")), (letter.appended_ms, letter.code))
    finally:
        reader.close()
    if not counts:
        return "none that was not sent back"
    summaries = [
        f"{topic} {count:,}{' or more' if count >= MOST_LETTERS else ''} (newest {newest[topic][1]})"
        for topic, count in sorted(counts.items())
    ]
    return Note(", ".join(summaries), "earshot dlq list")


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # the process is somebody else's, and alive
    return True


def _names(status: RunStatus) -> str:
    return ", ".join(worker.name for worker in status.workers)


def _trouble(worker: WorkerStatus, host: str) -> str | None:
    """Returns what is wrong with a worker, or None where it is ready."""
    if worker.state != "running":
        return f"{worker.name} is {worker.state.replace('_', ' ')} (last exit {worker.last_exit})"
    try:
        with urllib.request.urlopen(f"http://{host}:{worker.http_port}/readyz", timeout=ASK_S):
            return None
    except urllib.error.HTTPError as answer:
        return f"{worker.name} is not ready: {answer.read(500).decode(errors='replace').strip()}"
    except OSError as error:
        return f"{worker.name} (pid {worker.pid}) does not answer on port {worker.http_port}: {error}"
