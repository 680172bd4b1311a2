"""Checks what only a whole list shows: no handle stands in it twice, and it says one thing of each customer.

It holds 32 bytes a link, whatever the link says, as 64-bit hashes and numbers of lines. With 10^6 links two of
them share a hash by chance once in 4 * 10^7 lists, which would then be refused with the lines.
"""

from array import array
from collections.abc import Iterator

import numpy as np
from xxhash import xxh3_64_intdigest

from pipeline.errors import Permanent
from schemas.people.customer import Customer, CustomerLink

_OF_CUSTOMER = tuple(set(Customer.model_fields) - {"customer_id", "confidence", "source"})
"""A list says these of the customer, and the others of the link."""


class WholeList:
    """Takes the links of a list in order, and then tells its mistakes."""

    def __init__(self) -> None:
        self._lines, self._authors = array("Q"), array("Q")
        self._customers, self._said = array("Q"), array("Q")

    def __len__(self) -> int:
        return len(self._lines)

    def add(self, line: int, link: CustomerLink) -> None:
        """Takes a link that stands in that line."""
        said = "\x1f".join(f"{name}={getattr(link, name)!r}" for name in sorted(_OF_CUSTOMER))
        self._lines.append(line)
        self._authors.append(author_hash(link.workspace, link.author_id))
        self._customers.append(author_hash(link.workspace, link.customer_id))
        self._said.append(xxh3_64_intdigest(said.encode()))

    def authors(self) -> frozenset[int]:
        """Returns the hashes of all handles, as `author_hash` makes them."""
        return frozenset(self._authors)

    def mistakes(self) -> Iterator[tuple[int, Permanent]]:
        """Yields the line and the reason of each mistake, in the order of the lines."""
        yield from sorted([*self._doubled(), *self._contradicted()], key=lambda one: one[0])

    def _doubled(self) -> Iterator[tuple[int, Permanent]]:
        customers = self._customers
        for first, later in _shared(self._authors):
            line = self._lines[first]
            if customers[first] == customers[later]:
                reason = Permanent("duplicate_handle", f"line {line} has this handle already", "author_id")
            else:
                reason = Permanent(
                    "two_customers", f"line {line} links this handle to another customer", "author_id"
                )
            yield self._lines[later], reason

    def _contradicted(self) -> Iterator[tuple[int, Permanent]]:
        for first, later in _shared(self._customers):
            if self._said[first] != self._said[later]:
                detail = f"line {self._lines[first]} says something else of this customer"
                yield self._lines[later], Permanent("customer_differs", detail, "customer_id")


def author_hash(workspace: str, native_id: str) -> int:
    """Returns 64 bits that stand for an author or a customer of a workspace."""
    return xxh3_64_intdigest(f"{workspace}\x1f{native_id}".encode())


def _shared(hashes: "array[int]") -> Iterator[tuple[int, int]]:
    """Yields the place of the first of several equal hashes with the place of each other one."""
    found = np.frombuffer(hashes, dtype=np.uint64) if hashes else np.empty(0, dtype=np.uint64)
    order = np.argsort(found, kind="stable")
    begins = np.flatnonzero(np.concatenate(([True], found[order][1:] != found[order][:-1])))[: len(found)]
    firsts = np.repeat(order[begins], np.diff(np.append(begins, len(found))))
    yield from zip(firsts[firsts != order].tolist(), order[firsts != order].tolist(), strict=True)
