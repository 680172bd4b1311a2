"""The store's tables in memory, as the sink declares them."""

from pipeline.adapters.in_memory.store import MemoryRows, MemoryTable
from pipeline.sink.tables.cases import ASSIGNMENTS, CASE_EVENTS
from pipeline.sink.tables.posts import POSTS, REFUSED_POSTS


def memory_rows() -> MemoryRows:
    return MemoryRows(
        {
            table.name: MemoryTable(table.names, table.key, "ver", table.is_deleted)
            for table in (POSTS, REFUSED_POSTS, CASE_EVENTS, ASSIGNMENTS)
        }
    )
