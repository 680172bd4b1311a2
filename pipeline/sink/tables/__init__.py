"""The tables of the store, each as a list of columns."""

from typing import Any

from pipeline.sink.columns import Table
from pipeline.sink.tables.cases import ASSIGNMENTS, CASE_EVENTS
from pipeline.sink.tables.posts import POSTS, REFUSED_POSTS

ALL_TABLES: tuple[Table[Any], ...] = (POSTS, REFUSED_POSTS, CASE_EVENTS, ASSIGNMENTS)
"""Every table that the sink writes, in the order of the data dictionary."""
