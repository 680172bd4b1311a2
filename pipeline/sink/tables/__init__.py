"""Lists the tables of the store, each as a list of columns."""

from typing import Any

from pipeline.sink.columns import Table
from pipeline.sink.tables.cases import ASSIGNMENTS, CASE_EVENTS
from pipeline.sink.tables.posts import POSTS, REFUSED_POSTS
from pipeline.sink.tables.standing import QUEUE_GAUGES, REP_PRESENCE

ALL_TABLES: tuple[Table[Any], ...] = (
    POSTS, REFUSED_POSTS, CASE_EVENTS, ASSIGNMENTS, QUEUE_GAUGES, REP_PRESENCE,
)  # fmt: skip
"""The sink writes these tables. The data dictionary keeps their order."""
