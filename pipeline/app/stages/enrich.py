"""Joins the enrich stage with Faust, the engine and the policies.

Until it is told to stop, the process turns `posts.raw` into `posts.scored`, `posts.actionable` and `mentions`, and
`engagements` into the table of authors. This module holds wiring only.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar
from zipfile import BadZipFile

from pipeline.adapters.faust.ending import end_at_once
from pipeline.adapters.faust.notes import CommitNotes
from pipeline.adapters.faust.watchdog import LagWatchdog, Place, Standing
from pipeline.adapters.faust.worker import build_app, owned_places, run_until_stopped
from pipeline.adapters.kafka.admin import TIMEOUT_S, admin_client
from pipeline.adapters.kafka.links.known import KnownCustomers
from pipeline.adapters.kafka.partitioner import partition_of
from pipeline.adapters.kafka.policies.in_force import PoliciesInForce
from pipeline.adapters.kafka.publisher import KafkaPublisher
from pipeline.adapters.models.cache import OnLookup
from pipeline.adapters.models.engines import OnOpened, Served, open_engine
from pipeline.adapters.models.locked_model import LockedModel
from pipeline.app.authors import PUBLISH_SHARE, keep_authors
from pipeline.app.endpoints import resolve
from pipeline.app.garbage_collection import freeze_collector
from pipeline.app.languages import load_languages
from pipeline.app.readiness import Readiness
from pipeline.clock import SystemClock
from pipeline.enrich.agent import DELIVERY_TIMEOUT_S, STAGE, Parts, register
from pipeline.enrich.batches import waiting
from pipeline.enrich.preparation import Preparation
from pipeline.enrich.reading.intents.by_example import IntentReader
from pipeline.enrich.reading.intents.model import HEAD_BESIDE, IntentModel, load_head
from pipeline.enrich.reading.pressing.head import HEAD_BESIDE as PRESSING_BESIDE
from pipeline.enrich.reading.pressing.head import PressingModel, load_pressing_head
from pipeline.enrich.score import Scorer
from pipeline.errors import Misconfigured, ServiceMissing
from pipeline.logs import get_log, setup_logs
from pipeline.ports.models import TextModel
from pipeline.ports.places import PartitionOf
from pipeline.settings import ModelSettings, Settings, load_settings
from pipeline.stages import group_of, stage_of
from schemas.topics import RAW

if TYPE_CHECKING:
    import faust

H = TypeVar("H")
GROUP_ID = group_of(STAGE)
INPUTS = frozenset(topic.name for topic in stage_of(STAGE).inputs)
STALL_S = 60.0
"""Seconds after which a commit that stands still will not move again, counted beyond the slowest batch."""
CACHED_KEYS = 65_536
ENGINE_SHARE = 0.9
"""Share of the time for a batch's scores after which the engine gives up. It must give up first, because it says
how many texts were waiting."""


class _Worker:
    """One enrich process with what it holds from start to end."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._log = get_log(STAGE)
        self._state = "starting"
        self._readiness = Readiness(settings, STAGE)
        self._metrics = self._readiness.metrics
        self._readiness.ask(lambda: (self._state == "ok", self._state))
        self._log.info("starting", health_port=self._readiness.port)

    def run(self) -> None:
        """Loads the models and policies, joins the group, and works until SIGTERM or SIGINT."""
        settings = self._settings
        # This comes before the model, which takes seconds to load. A missing topic is told at once.
        raw_partitions = count_partitions(settings)
        self._state = "loading the model"
        deadline_s = ENGINE_SHARE * settings.enrich.inference_timeout_s
        count, show = self._count_lookups, self._show_model
        model = load_model(settings.model, deadline_s=deadline_s, on_lookup=count, on_opened=show)
        languages = load_languages(settings.model, deadline_s=deadline_s, on_lookup=count, on_opened=show)
        self._state = "reading the policies"
        # They are whole before the first batch, which would otherwise be triaged as `no_policy`.
        reader = PoliciesInForce.start(settings.kafka)
        self._log.info("policies read", versions=reader.versions())
        reader.follow()
        enrich = settings.enrich
        app = build_app(
            settings.kafka,
            GROUP_ID,
            settings.state_dir / "faust",
            batch_size=enrich.batch_size,
            fetch_wait_ms=waiting.at_broker_ms(enrich.batch_wait_ms),
        )
        notes = CommitNotes(app, RAW.name)
        # With two threads one batch prepares its texts while the model reads the other.
        with ThreadPoolExecutor(2, thread_name_prefix="inference") as executor:
            live_within_s = settings.enrich.live_within_h * 3600
            intents = IntentReader(load_intent_model(settings.model))
            pressing = load_pressing_model(settings.model)
            home = lru_cache(CACHED_KEYS)(partition_of)
            known = KnownCustomers(
                settings.kafka,
                owned=lambda: {partition for _, partition in owned_places(app, {RAW.name})},
                home=lambda key: home(key, raw_partitions),
                die=end_at_once,
            )
            known.start()
            preparation = Preparation(customer_of=known.customer_of)
            scorer = Scorer(
                LockedModel(model), live_within_s, settings.clock, languages, intents, pressing, preparation
            )
            register(app, self._parts(app, scorer, reader, executor, raw_partitions, notes, home))
            watchdog = self._watchdog(app)
            watchdog.start()
            freeze_collector()
            self._state = "joining the group"
            run_until_stopped(
                app,
                self._log,
                started=self._started,
                beat=self._readiness.beat,
                frozen_s=enrich.inference_timeout_s,
            )
            watchdog.close()
            known.close()
        reader.close()
        self._readiness.close()
        self._log.info("stopped")

    def _parts(
        self,
        app: "faust.App",
        scorer: Scorer,
        reader: PoliciesInForce,
        executor: ThreadPoolExecutor,
        raw_partitions: int,
        notes: CommitNotes,
        home: PartitionOf,
    ) -> Parts:
        enrich = self._settings.enrich
        history_of = keep_authors(
            app,
            self._settings.kafka,
            STAGE,
            reader.policies,
            home,
            raw_partitions,
            self._metrics,
            self._log,
        )
        return Parts(
            scorer=scorer,
            policies=reader.policies,
            history_of=history_of,
            partition_of=home,
            raw_partitions=raw_partitions,
            executor=executor,
            publisher=KafkaPublisher(self._settings.kafka, PUBLISH_SHARE * DELIVERY_TIMEOUT_S),
            commit=lambda: app.consumer.commit(),
            notes=notes,
            die=end_at_once,
            clock=SystemClock(),
            metrics=self._metrics,
            log=self._log,
            batch_size=enrich.batch_size,
            batch_characters=enrich.batch_characters,
            batch_wait_s=waiting.in_agent_s(enrich.batch_wait_ms),
            inference_timeout_s=enrich.inference_timeout_s,
        )

    def _watchdog(self, app: "faust.App") -> LagWatchdog:
        return LagWatchdog(
            self._settings.kafka,
            GROUP_ID,
            owned=lambda: owned_places(app, INPUTS),
            on_standings=self._show_lag,
            on_stuck=self._end_stuck,
            patience_s=STALL_S + 2 * self._settings.enrich.inference_timeout_s,
        )

    def _started(self) -> None:
        self._state = "ok"
        self._log.info("ready")

    def _count_lookups(self, hits: int, misses: int) -> None:
        self._metrics.count("model_cache_total", hits, outcome="hit")
        self._metrics.count("model_cache_total", misses, outcome="miss")

    def _show_model(self, served: Served) -> None:
        self._metrics.set("model_info", 1, **served._asdict())

    def _show_lag(self, standings: Mapping[Place, Standing]) -> None:
        for (topic, partition), standing in standings.items():
            self._metrics.set("lag_records", standing.lag, stage=STAGE, topic=topic, partition=str(partition))

    def _end_stuck(self, places: list[Place]) -> NoReturn:
        self._log.error("commits stand still while records wait, ending at once", partitions=places)
        end_at_once()


def run(settings: Settings) -> None:
    """Runs the stage until SIGTERM or SIGINT. The batches in flight are finished first.

    Raises:
        ServiceMissing: Kafka does not answer, or a topic is missing.
        Misconfigured: the model's folder or Faust's version is not what it must be.
        Transient: the health port is taken, or the engine does not answer.
    """
    setup_logs(settings.operate.log_level, settings.operate.log_format)
    _Worker(resolve(settings)).run()


def load_model(
    model: ModelSettings,
    *,
    deadline_s: float | None = None,
    on_lookup: OnLookup | None = None,
    on_opened: OnOpened | None = None,
) -> TextModel:
    """Returns the configured engine, checked and warm, behind its cache. With `cache_entries` 0 it is the engine
    alone.

    Args:
        model: its settings.
        deadline_s: longest time of one call; None: as long as it takes.
        on_lookup: told the cache's hits and misses after each call.
        on_opened: told what serves.

    Raises:
        ServiceMissing: the engine is torch, which is not installed.
        Misconfigured: the model's folder is incomplete or damaged, or the engine cannot serve it rightly here.
        Transient: the engine does not answer.
    """
    return open_engine(model, deadline_s=deadline_s, on_lookup=on_lookup, on_opened=on_opened)


def load_intent_model(model: ModelSettings) -> IntentModel:
    """Returns the intent model with the head that stands beside the model (`intent.npz`), or else with the head of
    the package.

    Raises:
        Misconfigured: the head is of another version of this code, or none.
    """
    return IntentModel(_head_beside(model, HEAD_BESIDE, load_head))


def load_pressing_model(model: ModelSettings) -> PressingModel:
    """Returns what tells pressing posts, with the head that stands beside the model (`pressing.npz`), or else with
    the head of the package.

    Raises:
        Misconfigured: the head is of another version of this code, or none.
    """
    return PressingModel(_head_beside(model, PRESSING_BESIDE, load_pressing_head))


def _head_beside(model: ModelSettings, name: str, load: Callable[[Path], H]) -> H | None:
    beside = None if model.path is None else Path(model.path) / name
    if beside is None or not beside.is_file():
        return None
    try:
        return load(beside)
    except (ValueError, KeyError, OSError, EOFError, BadZipFile) as error:
        raise Misconfigured(f"{beside}: cannot read the head: {error}") from error


def count_partitions(settings: Settings) -> int:
    """Counts the partitions of `posts.raw`, and checks that every topic of the stage exists.

    Raises:
        ServiceMissing: Kafka does not answer or a topic does not exist. Without this check the first batch
            would fail once its time is up, again and again.
        Misconfigured: an input or the changelog has another number of partitions, so that a worker would look for
            an author's row where it is not.
    """
    existing = admin_client(settings.kafka).list_topics(timeout=TIMEOUT_S).topics
    stage = stage_of(STAGE)
    for topic in stage.topics:
        if topic.name not in existing:
            raise ServiceMissing(f"topic {topic.name} does not exist: run `earshot topics apply`")
    wanted = len(existing[RAW.name].partitions)
    for topic in (*stage.inputs, *stage.state):
        found = len(existing[topic.name].partitions)
        if found != wanted:
            raise Misconfigured(
                f"{topic.name} has {found} partitions and {RAW.name} has {wanted}: make them equal"
            )
    return wanted


if __name__ == "__main__":
    run(load_settings())
