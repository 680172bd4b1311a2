"""Says where Kafka's own clients put a key. Every producer of ours agrees with it (`config.PARTITIONER`)."""

from functools import lru_cache

from aiokafka.partitioner import murmur2


@lru_cache(maxsize=16_384)
def partition_of(key: bytes, partitions: int) -> int:
    """Returns the partition of `key` on a topic with that many partitions (murmur2, sign bit cleared)."""
    place: int = (murmur2(key) & 0x7FFFFFFF) % partitions
    return place
