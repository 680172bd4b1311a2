"""A cache key that is compared by the identity of an object, not by its contents."""

from typing import Generic, TypeVar

T = TypeVar("T")


class ByIdentity(Generic[T]):
    """Stands for one object and not for every equal one.

    A policy hands out its parts unchanged, so that identity is enough. Hashing and comparing thousands of queries
    for each post would cost more than finding them.
    """

    def __init__(self, value: T) -> None:
        # The reference keeps the object alive. Otherwise its id could come back as that of another object.
        self.value = value

    def __hash__(self) -> int:
        return id(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ByIdentity) and self.value is other.value
