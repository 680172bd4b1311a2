"""How what runs is doing: the workers of this machine, what waits for the stages, the dead letters.

In: the settings, resolved where Kafka is asked. Out: a sentence, a note, or an error that says what is wrong.
Never here: anything that changes.
"""

import os
import urllib.error
import urllib.request

from pipeline.adapters.kafka.beside.members import count_members
from pipeline.adapters.kafka.lag import unread_of
from pipeline.adapters.kafka.reader import TopicReader
from pipeline.app.dlq.letters import Wanted, read_letters, read_receipts
from pipeline.app.supervise.run_file import RunStatus, WorkerStatus, read_run_file
from pipeline.errors import ServiceMissing
from pipeline.local.doctor import Note
from pipeline.settings import Settings
from pipeline.stages import group_of, lasting_stages

ASK_S = 3.0
"""For a worker's answer; one that takes longer is stuck or starved."""
MOST_LETTERS = 5_000
"""Read of each topic: what is more than a person can look into need not be counted to the last."""
EVERYWHERE = ("0.0.0.0", "::", "")  # noqa: S104 - asked on the loopback instead


def stages(settings: Settings) -> str | Note:
    """The workers of `earshot run all` with this state folder.

    Raises:
        ServiceMissing: a worker has ended or says that it is not ready.
    """
    status = read_run_file(settings.state_dir)
    if status is None or not _lives(status.supervisor_pid):
        return Note(
            "none runs under `earshot run all` with this state folder", "earshot run all, or one stage each"
        )
    host = "127.0.0.1" if settings.operate.http_host in EVERYWHERE else settings.operate.http_host
    ill = [said for worker in status.workers if (said := _trouble(worker, host)) is not None]
    if ill:
        raise ServiceMissing("; ".join(ill))
    return f"{_names(status)} ready"


def lag(settings: Settings) -> str | Note:
    """What waits for the consumer group of each stage.

    Raises:
        ServiceMissing: records wait and nobody reads them, or a topic does not exist.
    """
    kafka = settings.kafka
    waiting = {}
    for stage in lasting_stages():
        topics = [topic.name for topic in stage.inputs]
        waiting[stage.name] = sum(part.at_most for part in unread_of(kafka, stage.group, topics))
    told = ", ".join(f"{name} {count:,}" for name, count in waiting.items())
    deserted = [name for name, count in waiting.items() if count and not count_members(kafka, group_of(name))]
    if deserted:
        raise ServiceMissing(
            f"records wait and nobody reads them: {told}",
            remedy=" and ".join(f"earshot run {name}" for name in deserted),
        )
    return f"records to read: {told}"


def dead_letters(settings: Settings) -> str | Note:
    """The dead letters that were not sent back, by topic, with the code of the newest."""
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
    told = [
        f"{topic} {count:,}{' or more' if count >= MOST_LETTERS else ''} (newest {newest[topic][1]})"
        for topic, count in sorted(counts.items())
    ]
    return Note(", ".join(told), "earshot dlq list")


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # somebody else's, and alive
    return True


def _names(status: RunStatus) -> str:
    return ", ".join(worker.name for worker in status.workers)


def _trouble(worker: WorkerStatus, host: str) -> str | None:
    """What is wrong with a worker; None where it is ready."""
    if worker.state != "running":
        return f"{worker.name} is {worker.state.replace('_', ' ')} (last exit {worker.last_exit})"
    try:
        with urllib.request.urlopen(f"http://{host}:{worker.http_port}/readyz", timeout=ASK_S):
            return None
    except urllib.error.HTTPError as answer:
        return f"{worker.name} is not ready: {answer.read(500).decode(errors='replace').strip()}"
    except OSError as error:
        return f"{worker.name} (pid {worker.pid}) does not answer on port {worker.http_port}: {error}"
