import pytest

from pipeline.adapters.kafka.partitioner import partition_of
from pipeline.errors import Permanent
from pipeline.ports.places import check_place
from schemas.topics import post_key

HOME = post_key("acme", "x:42")


@pytest.mark.parametrize("key", [None, b"", b"acme/x:43", b"other/x:42", b"\xff\xfe"])
def test_a_key_that_is_not_the_authors_is_refused(key: bytes | None) -> None:
    with pytest.raises(Permanent) as refused:
        check_place(key, HOME, partition=0, partitions=4, partition_of=partition_of)
    assert refused.value.code == "wrong_key"


def test_a_record_must_lie_where_murmur2_puts_its_key() -> None:
    home = partition_of(HOME, 4)
    check_place(HOME, HOME, partition=home, partitions=4, partition_of=partition_of)
    with pytest.raises(Permanent) as refused:
        check_place(HOME, HOME, partition=(home + 1) % 4, partitions=4, partition_of=partition_of)
    assert refused.value.code == "wrong_partition"
