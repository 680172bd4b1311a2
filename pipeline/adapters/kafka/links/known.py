"""Keeps the links to customers of the partitions that a worker owns.

`customers` is compacted and has as many partitions as `posts.raw`, with the same keys, so that whoever owns a
partition of posts needs the links of the same number and no other. A thread reads these partitions from their
beginning and follows them. There is no changelog beside the topic, since the topic is the state, and nothing is
committed. A partition that the worker has lost is forgotten.
"""

import threading
import time
from collections.abc import Callable, Set
from typing import Final, NoReturn

from confluent_kafka import OFFSET_BEGINNING, Consumer, Message, TopicPartition

from pipeline.adapters.kafka.config import consumer_config
from pipeline.adapters.kafka.messages import error_of
from pipeline.codec import decode
from pipeline.errors import Permanent
from pipeline.logs import get_log
from pipeline.settings import KafkaSettings
from schemas.people.customer import Customer, CustomerLink
from schemas.topics import CUSTOMERS, post_key

POLL_S = 0.1
WAIT_S = 45.0
"""A lookup waits so long for the links of its partition to be read. A million of them take seconds."""
_BATCH = 2_000


class KnownCustomers:
    """Follows the links of the owned partitions. Any thread may look them up.

    Args:
        kafka: resolved.
        owned: returns the partitions that the worker owns now.
        home: returns the partition of a key.
        die: ends the process, for links that cannot be read.
    """

    def __init__(
        self,
        kafka: KafkaSettings,
        owned: Callable[[], Set[int]],
        home: Callable[[bytes], int],
        die: Callable[[], NoReturn],
    ) -> None:
        # The group is never joined, because the posts' own group says who owns what.
        self._consumer: Final = Consumer(consumer_config(kafka, "earshot-customers-read"))
        self._owned, self._home, self._die = owned, home, die
        self._log = get_log("customers")
        self._next: dict[int, int] = {}
        """Maps each partition that is read to the offset behind what was read of it."""
        self._links: dict[int, dict[bytes, bytes]] = {}
        self._asked: set[int] = set()
        """Partitions that a lookup waits for, also where the worker has just lost them."""
        self._whole: set[int] = set()
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="customers", daemon=True)

    def start(self) -> None:
        """Begins to read."""
        self._thread.start()

    def close(self) -> None:
        """Stops reading."""
        self._stopping.set()
        self._thread.join()
        self._consumer.close()

    def customer_of(self, workspace: str, author_id: str) -> Customer | None:
        """Returns who is behind a handle, once the links of its partition are read to the end that they had.

        A record that is no link counts as none. It is logged and stays in the topic.
        """
        key = post_key(workspace, author_id)
        partition = self._home(key)
        if partition not in self._whole:
            self._wait_for(partition)
        value = self._links.get(partition, {}).get(key)
        if value is None:
            return None
        try:
            return decode(CustomerLink, value).customer
        except Permanent as error:
            self._log.error("a link is passed over", partition=partition, error=str(error))
            return None

    def _wait_for(self, partition: int) -> None:
        with self._changed:
            self._asked.add(partition)
            if not self._changed.wait_for(lambda: partition in self._whole, WAIT_S):
                self._log.error("the links could not be read, ending at once", partition=partition)
                self._die()

    def _run(self) -> None:
        try:
            self._follow()
        except Exception as error:
            # Without this thread the links would stand still, and nobody would see it.
            self._log.error("the links can be followed no longer, ending at once", error=repr(error))
            self._die()

    def _follow(self) -> None:
        while not self._stopping.is_set():
            self._follow_ownership()
            if not self._next:
                time.sleep(POLL_S)
                continue
            for message in self._consumer.consume(_BATCH, POLL_S):
                self._take(message)

    def _follow_ownership(self) -> None:
        with self._changed:
            wanted = {*self._owned(), *self._asked}
            self._asked -= self._whole
            if wanted == self._next.keys():
                return
            for partition in self._next.keys() - wanted:
                self._whole.discard(partition)
                del self._next[partition], self._links[partition]
            for partition in wanted - self._next.keys():
                self._next[partition], self._links[partition] = OFFSET_BEGINNING, {}
            places = [TopicPartition(CUSTOMERS.name, *place) for place in sorted(self._next.items())]
        self._consumer.assign(places)

    def _take(self, message: Message) -> None:
        error = error_of(message)
        if error is not None:
            # librdkafka goes on trying, and the links of before hold.
            self._log.warning("links cannot be read now", error=error.str())
            return
        partition = message.partition()
        if message.error() is not None:
            # The end of the partition, which comes behind its markers too.
            with self._changed:
                self._whole.add(partition)
                self._changed.notify_all()
            return
        self._next[partition] = message.offset() + 1
        key, value = message.key() or b"", message.value()
        if value is None:
            self._links[partition].pop(key, None)
        else:
            self._links[partition][key] = value
