"""Keys land where Kafka's Java clients and Faust put them."""

import pytest

from pipeline.adapters.kafka.partitioner import partition_of

VECTORS = {b"21": -973932308, b"foobar": -790332482, b"a-little-bit-long-string": -985981536, b"abc": 479470107}
"""murmur2 of Kafka's own `UtilsTest.testMurmur2`."""


@pytest.mark.parametrize("key", VECTORS)
def test_partition_of_agrees_with_the_java_client(key: bytes) -> None:
    assert partition_of(key, 24) == (VECTORS[key] & 0x7FFFFFFF) % 24
