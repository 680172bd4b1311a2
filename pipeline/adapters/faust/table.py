"""Opens a Faust table of raw bytes over a changelog of the contract.

One agent writes the table, event by event, because Faust accepts writes nowhere else. Anything else only reads.
Faust's own web views of tables are off with its web server.
"""

from typing import TYPE_CHECKING, Any

from pipeline.adapters.faust.ending import end_at_once
from pipeline.logs import Log
from pipeline.settings import KafkaSettings
from schemas.topics import Topic

if TYPE_CHECKING:
    import faust

RECOVERY_QUEUE = 131_072
"""Faust's own bound on changelog records that are read and not yet applied."""


def open_table(
    app: "faust.App", kafka: KafkaSettings, name: str, changelog: Topic, partitions: int, log: Log
) -> "faust.Table[bytes, bytes]":
    """Returns the table, whose rows are restored before an agent of the app sees a record.

    A change that the brokers refuse ends the process at once. Faust would only log it, and commit past it.

    Args:
        app: not started yet.
        kafka: resolved settings.
        name: of the table.
        changelog: compacted, and made beforehand.
        partitions: of the changelog, as many as its source topic has.
        log: told how long a restore took.
    """
    from faust.tables import Table

    from pipeline.adapters.faust.restored import RestoredRows

    def told(rows: int, seconds: float) -> None:
        log.info("rows restored", table=name, rows=rows, seconds=round(seconds, 1))

    class CheckedTable(Table):  # type: ignore[misc]
        def send_changelog(self, *args: Any, **kwargs: Any) -> Any:
            sent = super().send_changelog(*args, **kwargs)
            sent.add_done_callback(_require_delivery)
            return sent

        def _new_store(self) -> Any:
            return RestoredRows("memory://", app, self, kafka=kafka, told=told)

    topic = app.topic(
        changelog.name,
        key_type=bytes,
        value_type=bytes,
        key_serializer="raw",
        value_serializer="raw",
        partitions=partitions,
        compacting=True,
        acks=False,
        internal=True,
        maxsize=RECOVERY_QUEUE,
        allow_empty=True,
    )
    table = CheckedTable(
        app, name=name, key_type=bytes, value_type=bytes, partitions=partitions, changelog_topic=topic
    )
    app.tables.add(table)
    return table


def _require_delivery(sent: Any) -> None:
    if sent.cancelled() or sent.exception() is None:
        return
    end_at_once(f"a table change was not delivered: {sent.exception()!r}")
