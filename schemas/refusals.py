"""Every code with which Earshot says no, with its meaning and with what the sender should do. The table is closed.

It is exported into `asyncapi.yaml`, and the README repeats the codes that desktops meet. A code keeps its meaning
within a major version. A newer release may add codes, so a reader takes an unknown one as "refused". The codes
that the router gives in its events are types besides, so that no other code can be published.
"""

from collections.abc import Iterator
from typing import Literal, NamedTuple

RequestRefusal = Literal[
    "unknown_case", "wrong_rep", "not_offered", "not_assigned",
    "stale_accept", "stale_reject", "stale_reply", "stale_resolve", "stale_request", "too_old",
    "not_waiting", "unknown_rep", "rep_not_free", "unskilled", "unknown_queue", "unknown_post", "merged",
]  # fmt: skip
"""A case event `request_refused` has one of these as its `reason`."""
PostRefusal = Literal["no_case", "own_post", "unrelated", "no_policy", "too_old", "repost", "thanks"]
"""A case event `refused` has one of these as its `reason`."""
Place = Literal["request", "post", "desktop", "stream", "line", "store"]
"""Where a code is met. Requests and posts have it as `reason` of `request_refused` and `refused` in
`cases.events`. Desktops meet it as `earshot.code` of a dead letter of `reps.events`, and a stream as that of any
other topic. A line is one that `earshot ingest` or `earshot customers load` rejects. The store's code stands in
the log of the sink."""


class Refusal(NamedTuple):
    """One code, where it is met, what it means and what the sender should do."""

    code: str
    places: tuple[Place, ...]
    meaning: str
    remedy: str


_READ: tuple[Place, ...] = ("desktop", "stream")
_ANY: tuple[Place, ...] = ("desktop", "stream", "line")

REFUSALS: tuple[Refusal, ...] = (
    Refusal("unknown_case", ("request",), "no open case has this id, because it was closed or never existed",
            "drop the request"),
    Refusal("wrong_rep", ("request",), "the case is offered or assigned to another rep", "drop the request"),
    Refusal("not_offered", ("request",), "an accept or reject came for a case that is not offered now",
            "wait for the next record of the case"),
    Refusal("not_assigned", ("request",), "a reply or resolve came for a case that is not assigned",
            "accept first, and act only after the `assigned` record has come"),
    Refusal("stale_accept", ("request",), "the offer timed out or was taken back before the accept came",
            "drop the request"),
    Refusal("stale_reject", ("request",), "the offer was over before the reject came", "drop the request"),
    Refusal("stale_reply", ("request",), "the case went back to its queue before the reply was reported",
            "tell the rep that another rep may answer too"),
    Refusal("stale_resolve", ("request",), "the case went back to its queue before the resolve came",
            "drop the request"),
    Refusal("stale_request", ("request",), "the case went back to its queue before the request came",
            "drop the request"),
    Refusal("rep_not_free", ("request",), "that rep has no capacity left, or the router lags and offers nothing",
            "choose another rep, or a queue"),
    Refusal("unskilled", ("request",), "the rep is of no team that may take it, or lacks a skill that it needs",
            "leave the case to others"),
    Refusal("unknown_post", ("request",), "the case lacks one of the posts, or would keep none of its customer",
            "name posts of the case, and leave one of them"),
    Refusal("too_old", ("request", "post", "desktop"),
            "the record is older than the router remembers its input (15 days)",
            "if it is still true, send it again as something that happens now"),
    Refusal("not_waiting", ("request",), "the case is no longer waiting, or its queue is shut or not picked from",
            "drop the request"),
    Refusal("unknown_rep", ("request",), "the rep whom the request names is not signed in, or takes no offers now",
            "name another rep, a queue or a team"),
    Refusal("unknown_queue", ("request",), "the policy has no such queue or team", "name one of the policy"),
    Refusal("merged", ("request",), "the case was merged into the one that `related_case` names",
            "ask for that one"),
    Refusal("no_case", ("post",), "the post asks for nothing and belongs to no open case", "nothing"),
    Refusal("own_post", ("post",), "the brand's own post answers no open case", "nothing"),
    Refusal("unrelated", ("post",), "the post asks for nothing and does not belong to the author's open case",
            "nothing"),
    Refusal("repost", ("post",), "it passes on a post of no open case or of the brand, or was counted before",
            "nothing"),
    Refusal("thanks", ("post",), "the customer is pleased with a case that is closed", "nothing"),
    Refusal("no_policy", ("post",), "the workspace has no policy", "publish one with `earshot policy apply`"),
    Refusal("stale_seq", ("desktop",), "the rep and sender have sent a presence event with a higher `seq`",
            "let `seq` grow; after a reset sign in again"),
    Refusal("not_signed_in", ("desktop",), "a presence event came for a rep who is not signed in",
            "send `signed_in` first"),
    Refusal("router_failed", ("desktop", "stream"), "the router has a fault that this record brought out",
            "report it with the record, and replay the letter after the fix"),
    Refusal("empty", _ANY, "the record has no value", "send the message as JSON"),
    Refusal("invalid_utf8", _ANY, "the value is not UTF-8", "encode the value as UTF-8"),
    Refusal("invalid_json", _ANY, "the value is not a JSON object", "check the value with the JSON Schema"),
    Refusal("unknown_schema_version", _READ, "this release does not read that major version", "send version 1"),
    Refusal("invalid_field", _ANY, "a field breaks a rule, which `field` and `detail` name", "correct the field"),
    Refusal("wrong_key", _READ, "the key does not fit the value", "use the key that the contract states"),
    Refusal("wrong_partition", _READ, "the record lies in another partition than its key belongs to",
            "partition by murmur2"),
    Refusal("undeliverable", ("stream",), "a topic never takes what the record leads to, as `detail` says",
            "mend the topic, its permission or its size limit, and replay the letter"),
    Refusal("unknown_topic", ("stream",), "the stage does not read the topic of the record", "report it"),
    Refusal("created_in_future", ("stream",), "the post was written more than 24 h after it was received",
            "correct the clock or time zone of the source"),
    Refusal("scoring_failed", ("stream",), "enrich has a fault that this post brought out",
            "report it, and replay the letter after the fix"),
    Refusal("stops_worker", ("stream",), "three enrich workers ended while they scored this post alone",
            "report it with the trace of threads that they left, and replay the letter after the fix"),
    Refusal("out_of_range", ("stream",), "a number does not fit into 64 bits", "correct the number"),
    Refusal("too_large", ("line",), "the line is larger than a record of `posts.raw` may be", "shorten it"),
    Refusal("too_many_cells", ("line",), "the row has more cells than the header",
            "quote cells that hold the delimiter"),
    Refusal("too_few_cells", ("line",), "the row has fewer cells than the table", "complete the row"),
    Refusal("swallowed_rows", ("line",), "a quote that is never closed has taken the rows after it",
            "close or remove the quote; the rows after it came in"),
    Refusal("duplicate_key", ("line",), "a key stands twice in one object of JSON",
            "take the wrong one out"),
    Refusal("mixed_encodings", ("line",), "the row is in UTF-8, and the file in another encoding",
            "write the whole file in one encoding, such as UTF-8"),
    Refusal("nul", ("line",), "the row has a NUL character", "remove it"),
    Refusal("invalid_csv", ("line",), "the row cannot be parsed", "check its quotes"),
    Refusal("id_lost_digits", ("line",), "an id such as 1.2e+18 was rounded by a spreadsheet",
            "export ids as text"),
    Refusal("invalid_id", ("line",), "the cell has no id, or one that nobody can read", "map another column"),
    Refusal("several_values", ("line",), "a cell has several ids where one is needed", "map another column"),
    Refusal("invalid_boolean", ("line",), "the cell is neither true nor false", "correct the cell"),
    Refusal("invalid_number", ("line",), "the cell is not a number", "correct the cell"),
    Refusal("ambiguous_number", ("line",), "two locales read the number differently",
            "say which sign its decimals have"),
    Refusal("invalid_language", ("line",), "the cell is no language tag", "map another column, or none"),
    Refusal("invalid_time", ("line",), "the time is in no known format", "name its format in the column map"),
    Refusal("ambiguous_date", ("line",), "day and month could be either", "say the order of day and month"),
    Refusal("impossible_time", ("line",), "no calendar or clock has the time", "correct the cell"),
    Refusal("unknown_zone", ("line",), "the zone's short name has several meanings or none",
            "name the zone in the map"),
    Refusal("nested_value", ("line",), "several values stand where one is needed", "map a path inside of it"),
    Refusal("no_post", ("line",), "the record holds no post, or several, by the map", "map another part of it"),
    Refusal("store_refuses", ("store",), "ClickHouse will never take the batch, and nothing is skipped",
            "correct the table, then restart the sink"),
    # Only `earshot customers load` gives these.
    Refusal("duplicate_handle", ("line",), "an earlier line of the list has this handle", "leave one of them out"),
    Refusal("two_customers", ("line",), "an earlier line links this handle to another customer",
            "find out whose it is"),
    Refusal("customer_differs", ("line",), "an earlier line says something else of this customer",
            "say the same in both"),
    Refusal("forbidden_platform", ("line",), "handles of this network may not be linked",
            "leave them out, or name the network in `link_identity` of the policy"),
    Refusal("no_platform", ("line",), "nothing says on which network the handle is",
            "map a column to platform, or say `--platform`"),
    Refusal("name_as_handle", ("line",), "a name of a person stands where a handle should", "write the handle"),
    Refusal("address_as_handle", ("line",), "an address stands where a handle should",
            "take the handle out of it with `part` in the map"),
    Refusal("date_as_id", ("line",), "a spreadsheet has made a date of an id", "write the column as text"),
    Refusal("spreadsheet_error", ("line",), "an error of a spreadsheet stands in place of an id", "mend the cell"),
    Refusal("unknown_kind", ("line",), "the word is none of customer, prospect and lead",
            "say what your words mean with `values` in the map"),
    Refusal("odd_characters", ("line",), "the cell holds half of a character", "write the cell anew"),
)  # fmt: skip


def refusals_at(place: Place) -> Iterator[Refusal]:
    """Yields the codes that may be met at a place, in the table's order."""
    return (refusal for refusal in REFUSALS if place in refusal.places)
