"""Builds a Faust app from our settings, and runs it until it is told to stop.

Faust's own web server, its loggers and its creation of topics stay off. It does not see the environment, where
variables like BROKER_URL would overrule the settings.
"""

import asyncio
import faulthandler
import signal
import ssl
from collections.abc import Awaitable, Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiokafka.codec

from pipeline.adapters.faust.ending import end_at_once
from pipeline.adapters.faust.fixes import apply_fixes, set_fetch_wait
from pipeline.adapters.faust.membership import membership_error
from pipeline.adapters.faust.watchdog import Place
from pipeline.adapters.kafka.config import instance_id
from pipeline.errors import Misconfigured, ServiceMissing
from pipeline.logs import Log
from pipeline.settings import KafkaSettings

if TYPE_CHECKING:
    import faust

COMMIT_INTERVAL_S = 0.3
"""It is a safety net only, because the agent commits after each batch. Measured at 300-500 events a second,
a kill -9 repeated 240-420 events with Faust's default of 2.8 s and 30 with 0.2 s."""
REQUEST_TIMEOUT_S = 90.0
"""This is Faust's default. Faust wants it above the session timeout."""
NEVER_S = 1e9
"""Switches off Faust's own check for stalled streams. It compares with the last record before a pause, so that
on a topic that was idle it calls each first record an error, in twenty lines. `LagWatchdog` asks the brokers
and ends what is really stuck."""
PRODUCER_LINGER_S, PRODUCER_BATCH_BYTES = 0.02, 256 * 1024
STOP_TIMEOUT_S = 60.0
"""A clean stop may take this long. A batch takes about a second."""


def build_app(
    kafka: KafkaSettings, group_id: str, data_dir: Path, *, batch_size: int, fetch_wait_ms: int
) -> "faust.App":
    """Returns the app, not started, with all fixes in force.

    Args:
        kafka: resolved settings of the cluster.
        group_id: the consumer group.
        data_dir: where Faust may keep files. Workers with tables on disk would need one each.
        batch_size: number of records that an agent takes at once.
        fetch_wait_ms: how long the broker may hold a fetch back, so that more records join it.

    Raises:
        Misconfigured: Faust has another version than the fixes were tested with, or `data_dir` cannot be made.
        ServiceMissing: the decompressors for what producers send are not installed.
    """
    apply_fixes()
    _require_codecs()
    _make(data_dir)
    import faust

    session_s = kafka.session_timeout_ms / 1000
    app = faust.App(
        group_id,
        # Faust would let variables like BROKER_URL overrule the settings.
        env={},
        broker=[f"kafka://{server.strip()}" for server in str(kafka.bootstrap_servers).split(",")],
        broker_credentials=_credentials(kafka),
        broker_commit_interval=COMMIT_INTERVAL_S,
        broker_session_timeout=session_s,
        broker_heartbeat_interval=session_s / 5,
        broker_request_timeout=max(REQUEST_TIMEOUT_S, session_s),
        consumer_auto_offset_reset="earliest",
        consumer_group_instance_id=instance_id(kafka),
        stream_buffer_maxsize=max(256, 4 * batch_size),
        stream_wait_empty=True,
        stream_processing_timeout=NEVER_S,
        broker_commit_livelock_soft_timeout=NEVER_S,
        # Only changes of tables go through Faust's producer. Together they cost a third less (measured).
        producer_linger=PRODUCER_LINGER_S,
        producer_max_batch_size=PRODUCER_BATCH_BYTES,
        store="memory://",
        table_standby_replicas=0,
        # Topics are made by `earshot topics apply`, with the settings of the contract.
        topic_allow_declare=False,
        topic_disable_leader=True,
        topic_partitions=kafka.post_partitions,
        topic_replication_factor=kafka.replication_factor,
        datadir=str(data_dir),
        web_enabled=False,
    )
    set_fetch_wait(app, fetch_wait_ms)
    return app


def owned_places(app: "faust.App", topics: Collection[str]) -> set[Place]:
    """Returns the partitions of the topics that this worker owns now; none before the first assignment."""
    from faust.exceptions import ConsumerNotStarted

    try:
        return {(place.topic, place.partition) for place in app.consumer.assignment() if place.topic in topics}
    except ConsumerNotStarted:
        return set()


def run_until_stopped(
    app: "faust.App", log: Log, *, started: Callable[[], None], beat: Callable[[], None], frozen_s: float
) -> None:
    """Runs the app until SIGTERM or SIGINT, then lets it finish what it has begun.

    Args:
        app: with its agents registered.
        log: of the stage.
        started: called once when the app runs.
        beat: called every second while the loop turns.
        frozen_s: seconds without a turn of the loop after which the process ends itself with 1 and a trace of each
            thread. No Python code can do so while a C function holds the interpreter; `faulthandler` can.
    """
    asyncio.set_event_loop(app.loop)
    app.loop.run_until_complete(_run(app, log, started, beat, frozen_s))


async def _run(
    app: "faust.App", log: Log, started: Callable[[], None], beat: Callable[[], None], frozen_s: float
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    app.in_worker = True
    # The start waits for the first partitions, so the membership is watched from before it.
    watch = asyncio.ensure_future(_watch_membership(app, log))
    starting = asyncio.ensure_future(app.start())
    await _until(app, log, stop, starting)
    if not stop.is_set():
        started()
    while not stop.is_set():
        beat()
        faulthandler.dump_traceback_later(frozen_s, exit=True)
        await _until(app, log, stop, asyncio.sleep(1.0))
    faulthandler.cancel_dump_traceback_later()
    watch.cancel()
    log.info("stopping: the batches in flight are finished first")
    try:
        await asyncio.wait_for(app.stop(), STOP_TIMEOUT_S)
    except TimeoutError:
        log.error("the clean stop took too long, ending at once", seconds=STOP_TIMEOUT_S)
        end_at_once()
    except Exception as error:
        # A thread may still deliver. Waiting for it, as an ordinary end does, could outlast every grace period.
        log.error("the clean stop failed, ending at once", error=repr(error))
        end_at_once()


async def _watch_membership(app: "faust.App", log: Log) -> None:
    while (error := membership_error(app)) is None:
        await asyncio.sleep(1.0)
    log.error("no longer a member of the group, ending at once", error=repr(error))
    end_at_once()


async def _until(app: "faust.App", log: Log, stop: asyncio.Event, other: Awaitable[Any]) -> None:
    """Waits for `other` or the signal, and ends the process when Faust crashes meanwhile."""
    crash = asyncio.ensure_future(app._crashed.wait())
    waiting = {asyncio.ensure_future(stop.wait()), crash}
    work = asyncio.ensure_future(other)
    await asyncio.wait({work, *waiting}, return_when=asyncio.FIRST_COMPLETED)
    failed = work.exception() if work.done() and not work.cancelled() else None
    if crash.done() or failed is not None:
        reason = failed if failed is not None else app.crash_reason
        log.error("Faust crashed, ending at once", error=repr(reason))
        end_at_once()
    for task in waiting:
        task.cancel()


def _make(data_dir: Path) -> None:
    # Faust makes the last folder of the path only, and the image's state folder is not there at first.
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Misconfigured(
            f"{data_dir} cannot be made: {error.strerror}. Set EARSHOT_STATE_DIR to a folder that can be written."
        ) from None


def _require_codecs() -> None:
    if not (aiokafka.codec.has_lz4() and aiokafka.codec.has_snappy() and aiokafka.codec.has_zstd()):
        raise ServiceMissing(
            "the Python package cramjam is not installed: without it Faust's client cannot read the lz4, snappy "
            "and zstd batches that producers send"
        )


def _credentials(kafka: KafkaSettings) -> Any:
    import faust

    context = None
    if "SSL" in kafka.security_protocol.split("_"):
        context = ssl.create_default_context(
            cafile=None if kafka.ssl_ca_location is None else str(kafka.ssl_ca_location)
        )
    if kafka.security_protocol.startswith("SASL"):
        password = kafka.sasl_password
        return faust.SASLCredentials(
            username=kafka.sasl_username,
            password=None if password is None else password.get_secret_value(),
            ssl_context=context,
            mechanism=kafka.sasl_mechanism,
        )
    return None if context is None else faust.SSLCredentials(context)
