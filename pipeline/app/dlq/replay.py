"""Sends dead letters back to the topics that they were given up from, with key and value untouched.

Each record gets a header that names its letter, and each delivered letter a receipt on `dlq.replays`. A letter
with a receipt is not sent again unless that is asked for. The receipt follows the delivery. A process that dies
between both leaves letters without a receipt, which the next call sends once more, and which the stages recognise.
A letter never goes to a topic that is not its own.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal, NamedTuple

from pipeline.adapters.kafka.publisher import KafkaPublisher
from pipeline.app.dlq.listing import Letter, Receipts
from pipeline.clock import Clock, to_ms
from pipeline.codec import encode
from pipeline.errors import EarshotError, ServiceMissing
from pipeline.ports.records import Record
from pipeline.settings import KafkaSettings
from schemas.dead_letter import Replay, place_of, replay_header
from schemas.topics import REPLAYS

BATCH_LETTERS = 200
"""How many letters a crash can leave without receipts. Letters of 1 MiB each stay far below the memory of a
laptop."""
DELIVERY_TIMEOUT_S = 30.0
"""Longest wait for a delivery. A person waits in front of it."""
RECENT_MS = 60_000
"""The cause of a letter that is younger than this is probably still at work."""

Verdict = Literal["replayed", "would_be_replayed", "replayed_before", "not_its_topic", "unreadable_headers"]


class Outcome(NamedTuple):
    """What became of one chosen letter."""

    letter: Letter
    verdict: Verdict


@dataclass
class Replayer:
    """Sends letters back.

    Args:
        kafka: resolved.
        receipts: of earlier replays.
        clock: stamps the receipts.
        again: letters that were replayed before are sent too.
        dry_run: nothing is sent.
    """

    kafka: KafkaSettings
    receipts: Receipts
    clock: Clock
    again: bool = False
    dry_run: bool = False
    _publisher: KafkaPublisher | None = field(default=None, init=False)

    def replay(self, letters: Iterable[Letter]) -> Iterator[Outcome]:
        """Sends each letter that may be sent, in order. It yields an outcome only when the letter's receipt is
        written.

        Raises:
            ServiceMissing: the brokers did not take a record. Those before it are sent and have their receipts.
        """
        waiting = iter(letters)
        while batch := list(islice(waiting, BATCH_LETTERS)):
            verdicts = [(letter, self._verdict(letter)) for letter in batch]
            # Verdicts are found before anything is sent, so that a dry run says the same.
            if not self.dry_run:
                self._send([letter for letter, verdict in verdicts if verdict == "replayed"])
            for letter, verdict in verdicts:
                dry = self.dry_run and verdict == "replayed"
                yield Outcome(letter, "would_be_replayed" if dry else verdict)

    def _verdict(self, letter: Letter) -> Verdict:
        if letter.info is None:
            return "unreadable_headers"
        if letter.info.source.topic != letter.topic:
            # The headers decide. Whoever may write dead letters of one topic must not write to another topic
            # through us.
            return "not_its_topic"
        if letter.place in self.receipts and not self.again:
            return "replayed_before"
        return "replayed"

    def _send(self, letters: list[Letter]) -> None:
        failures = self._deliver(
            [Record(letter.topic, letter.key, letter.value, [replay_header(letter.place)]) for letter in letters]
        )
        sent = [letter for letter, failure in zip(letters, failures, strict=True) if failure is None]
        now_ms = to_ms(self.clock.now())
        # The receipts follow the records. The other way round a crash would note letters that were never sent.
        unnoted = self._deliver([_receipt(letter, now_ms) for letter in sent])
        for letter in sent:
            self.receipts.setdefault(letter.place, []).append(now_ms)
        if refusal := _first(failures):
            raise ServiceMissing(
                f"of {len(letters)} letters {len(sent)} were sent and noted, the others were not: {refusal}"
            )
        if refusal := _first(unnoted):
            raise ServiceMissing(
                f"{len(sent)} letters were sent, from {place_of(sent[0].place)} to {place_of(sent[-1].place)}, "
                f"but not all are noted on {REPLAYS.name}: {refusal}"
            )

    def _deliver(self, records: list[Record]) -> list[EarshotError | None]:
        """Sends records and returns what became of each, None where the brokers have it."""
        if self._publisher is None:
            self._publisher = KafkaPublisher(self.kafka, DELIVERY_TIMEOUT_S)
        for record in records:
            self._publisher.send(record)
        return [delivery.failure for delivery in self._publisher.settle()]


def _first(failures: Iterable[EarshotError | None]) -> EarshotError | None:
    return next((failure for failure in failures if failure is not None), None)


def _receipt(letter: Letter, now_ms: int) -> Record:
    receipt = Replay(letter=letter.place, topic=letter.topic, replayed_ms=now_ms)
    return Record(REPLAYS.name, place_of(letter.place).encode(), encode(receipt))


def still_arriving(letters: Iterable[Letter], now_ms: int) -> dict[str, int]:
    """Maps a code to the age of its newest letter, in milliseconds, where that is younger than `RECENT_MS`."""
    newest: dict[str, int] = {}
    for letter in letters:
        newest[letter.code] = max(newest.get(letter.code, 0), letter.appended_ms)
    return {code: now_ms - at_ms for code, at_ms in newest.items() if now_ms - at_ms < RECENT_MS}
