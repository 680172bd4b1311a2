"""Keeps the policies in force: it reads the whole compacted topic `policies` before the first input, and
follows it.

The last valid record of a workspace counts, and a tombstone ends its policy. A bad record stops nothing. It is
logged with its place and skipped.
"""

import threading
import time
from collections.abc import Mapping
from types import MappingProxyType

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Message, TopicPartition

from pipeline.adapters.kafka.config import consumer_config
from pipeline.adapters.kafka.messages import Remainder, error_of
from pipeline.codec import decode
from pipeline.errors import Permanent, ServiceMissing
from pipeline.logs import get_log
from pipeline.settings import KafkaSettings
from schemas.policy.policy import Policy
from schemas.topics import POLICIES

START_TIMEOUT_S = 30.0
POLL_S = 0.5
_BATCH = 500


class PoliciesInForce:
    """Follows the topic from its beginning. Make one with `PoliciesInForce.start`.

    Args:
        consumer: a confluent consumer that no group assigns.
    """

    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer
        self._policies: Mapping[str, Policy] = MappingProxyType({})
        self._contents: Mapping[str, bytes] = MappingProxyType({})
        self._log = get_log("policies")
        self._remainder = Remainder({}, {})
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @classmethod
    def start(cls, kafka: KafkaSettings) -> "PoliciesInForce":
        """Reads everything that is there now.

        Raises:
            ServiceMissing: no broker answers, or the topic does not exist.
        """
        # The group is never joined, because every process reads all of the topic.
        reader = cls(Consumer(consumer_config(kafka, "earshot-policies")))
        try:
            reader._read_all(str(kafka.bootstrap_servers))
        except BaseException:
            reader.close()
            raise
        return reader

    def policies(self) -> Mapping[str, Policy]:
        """Returns workspace to policy; a new mapping each time that something changed."""
        return self._policies

    def contents(self) -> Mapping[str, bytes]:
        """Returns workspace to policy as it was published; a new mapping each time that something changed."""
        return self._contents

    def versions(self) -> dict[str, int]:
        """Returns workspace to the version of its policy."""
        return {workspace: policy.version for workspace, policy in sorted(self._policies.items())}

    def poll(self) -> bool:
        """Takes over what is new, without waiting, and says whether a policy changed. Not while `follow` runs."""
        return self._take(0.0)

    def follow(self) -> None:
        """Lets a thread poll from now on, for stages that have no place of their own to do it."""
        self._thread = threading.Thread(target=self._run, name="policies", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stops following and leaves the cluster."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        self._consumer.close()

    def _read_all(self, servers: str) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        try:
            topic = self._consumer.list_topics(POLICIES.name, timeout=START_TIMEOUT_S).topics[POLICIES.name]
            if topic.error is not None or not topic.partitions:
                raise ServiceMissing(f"topic {POLICIES.name} does not exist: run `earshot topics apply`")
        except KafkaException as error:
            raise ServiceMissing(f"Kafka at {servers} does not answer: {error.args[0].str()}") from None
        # The end is not asked: right after the topic was made, its leader may still be unknown to the client.
        self._remainder = Remainder({}, dict.fromkeys(sorted(topic.partitions)))
        self._consumer.assign(
            [TopicPartition(POLICIES.name, n, OFFSET_BEGINNING) for n in sorted(topic.partitions)]
        )
        while self._remainder:
            if time.monotonic() > deadline:
                raise ServiceMissing(f"{POLICIES.name} could not be read within {START_TIMEOUT_S:.0f} s")
            self._take(0.1)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._take(POLL_S)

    def _take(self, timeout_s: float) -> bool:
        messages = self._consumer.consume(_BATCH, timeout_s)
        # Most calls find nothing new, and then copy nothing.
        if not messages:
            return False
        fresh, contents = dict(self._policies), dict(self._contents)
        for message in messages:
            error = error_of(message)
            if error is not None:
                # librdkafka goes on trying. Until it succeeds, the policies of before hold.
                self._log.warning("policies cannot be read now", error=error.str())
                continue
            self._remainder.pass_by(message)
            if message.error() is None:
                self._apply(message, fresh, contents)
        if contents == self._contents:
            return False
        # Replaced whole, never changed: other threads may be reading the former mapping.
        self._policies, self._contents = MappingProxyType(fresh), MappingProxyType(contents)
        # What was there at the start is no change; whoever started the reader logs it.
        if not self._remainder:
            self._log.info("policies changed", versions=self.versions())
        return True

    def _apply(self, message: Message, fresh: dict[str, Policy], contents: dict[str, bytes]) -> None:
        key, value = message.key(), message.value()
        try:
            if value is None:
                fresh.pop((key or b"").decode(), None)
                contents.pop((key or b"").decode(), None)
                return
            policy = decode(Policy, value)
            if key != policy.workspace.encode():
                raise Permanent("wrong_key", "the record's key must be the workspace of its value")
        except (Permanent, UnicodeDecodeError) as error:
            self._log.error(
                "a policy record is skipped",
                place=f"{message.topic()}/{message.partition()}/{message.offset()}",
                error=str(error),
            )
            return
        fresh[policy.workspace], contents[policy.workspace] = policy, value
