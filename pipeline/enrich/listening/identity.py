"""A key for a cache that is equal only to itself.

In: a value. Out: a key. Never here: the cache.
"""

from typing import Generic, TypeVar

T = TypeVar("T")


class ByIdentity(Generic[T]):
    """Stands for one object, not for all equal ones, and keeps it alive as long as the key is.

    A policy hands out its parts unchanged, but to hash and compare thousands of queries for each post would cost
    more than to find them.
    """

    def __init__(self, value: T) -> None:
        self.value = value

    def __hash__(self) -> int:
        return id(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ByIdentity) and self.value is other.value
