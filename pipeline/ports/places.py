"""Checks that a record lies where all records of its author lie, so that one worker has them in order."""

from collections.abc import Callable

from pipeline.errors import Permanent

PartitionOf = Callable[[bytes, int], int]
"""Maps key and number of partitions to the partition that producers must have chosen (Kafka's murmur2)."""


def check_place(
    key: bytes | None, expected: bytes, *, partition: int, partitions: int, partition_of: PartitionOf
) -> None:
    """Refuses a record that lies where other records of its author do not.

    Args:
        key: of the record.
        expected: the key that its value asks for (`schemas.topics.post_key`).
        partition: where it lies.
        partitions: how many its topic has.
        partition_of: the partitioner of the contract.

    Raises:
        Permanent: `wrong_key` when the key is not workspace/author_id of the value, `wrong_partition` when the
            key does not hash to the record's partition (a producer with another partitioner).
    """
    if key is None or key != expected:
        raise Permanent("wrong_key", "the record's key must be <workspace>/<author_id> of its value")
    home = partition_of(key, partitions)
    if home != partition:
        raise Permanent(
            "wrong_partition",
            f"the key belongs on partition {home} of {partitions}, not {partition}: "
            "the producer must partition by murmur2",
        )
