"""Finds in the store what is known of a voice: what it wrote, who is behind it, and its cases."""

from dataclasses import dataclass
from typing import Any

from pipeline.adapters.clickhouse.analytics import Analyst

MOST_CASES = 20
"""So many cases are listed, the newest first."""
# argMax passes over NULL, and the newest link may state no value where an older one did. A tuple is no NULL.
_AUTHORS = """
SELECT workspace, author_id, argMax(author_handle, created_at) AS handle,
       argMax(author_followers, created_at) AS followers, count() AS posts,
       countIf(sentiment = 'negative') AS negative, min(created_at) AS first_at, max(created_at) AS last_at,
       argMax(influence, created_at) AS score, argMax(influence_lower, created_at) AS score_lower,
       argMax(customer_id, created_at) AS customer, argMax(customer_kind, created_at) AS kind,
       argMax(tuple(customer_value), created_at).1 AS value, argMax(customer_tier, created_at) AS tier,
       argMax(customer_segment, created_at) AS segment,
       argMax(tuple(customer_confidence), created_at).1 AS confidence,
       argMax(customer_source, created_at) AS source
FROM posts
WHERE ({workspace:String} = '' OR workspace = {workspace:String})
  AND (author_id = {who:String} OR lower(author_handle) = {handle:String}
       OR concat(platform, ':', lower(author_handle)) = {handle:String})
GROUP BY workspace, author_id
ORDER BY last_at DESC, author_id
"""
_HANDLES = """
SELECT author_id, argMax(customer_confidence, created_at) AS confidence,
       argMax(customer_source, created_at) AS source, count() AS posts
FROM posts
WHERE workspace = {workspace:String} AND customer_id = {customer:String} AND {customer:String} != ''
GROUP BY author_id
ORDER BY author_id
"""
_CASES = """
SELECT case_id, opened_at, queue, state, outcome, priority, is_closed
FROM cases
WHERE workspace = {workspace:String} AND case_id IN (
    SELECT case_id FROM case_events WHERE workspace = {workspace:String} AND post_id IN (
        SELECT post_id FROM posts WHERE workspace = {workspace:String} AND author_id IN {authors:Array(String)}))
ORDER BY opened_at DESC, case_id
LIMIT {most:UInt32}
"""


@dataclass(frozen=True)
class Voice:
    """One author of one workspace."""

    author: dict[str, Any]
    """Holds posts, mood, influence and the newest link, by the names of `_AUTHORS`."""
    handles: list[dict[str, Any]]
    """Lists all handles of the same customer that have written, with confidence and source of the link."""
    cases: list[dict[str, Any]]
    """Lists the cases of all these handles, the newest first."""


def voices(analyst: Analyst, name: str, workspace: str = "") -> list[Voice]:
    """Returns the authors of that name, whoever wrote last first.

    Args:
        analyst: an open connection.
        name: a handle, a handle behind its network (`x:ann`), or an author id.
        workspace: an empty text for all.

    Raises:
        Misconfigured: the store lacks a table.
        Transient: nobody answers.
    """
    asked = {"who": name, "handle": name.removeprefix("@").lower(), "workspace": workspace}
    found: list[Voice] = []
    for author in analyst.ask(_AUTHORS, asked).records():
        of = {"workspace": author["workspace"], "customer": author["customer"]}
        handles = list(analyst.ask(_HANDLES, of).records())
        authors = sorted({author["author_id"], *(handle["author_id"] for handle in handles)})
        cases = analyst.ask(_CASES, {"workspace": author["workspace"], "authors": authors, "most": MOST_CASES})
        found.append(Voice(author, handles, list(cases.records())))
    return found
