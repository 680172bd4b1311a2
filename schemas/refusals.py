"""Every code with which Earshot says no: what it means, and what the sender should do. One closed table.

In: nothing. Out: data, and the types of the codes that the router gives. Exported into `asyncapi.yaml`; the README
repeats what desktops meet. A code keeps its meaning within a major version; a newer release may add codes, so a
reader takes an unknown one as "refused".
"""

from collections.abc import Iterator
from typing import Literal, NamedTuple

RequestRefusal = Literal[
    "unknown_case", "wrong_rep", "not_offered", "not_assigned",
    "stale_accept", "stale_reject", "stale_reply", "stale_resolve", "too_old",
]  # fmt: skip
"""`reason` of a case event `request_refused`."""
PostRefusal = Literal["no_case", "own_post", "unrelated", "no_policy", "unknown_queue", "too_old"]
"""`reason` of a case event `refused`."""
Place = Literal["request", "post", "desktop", "stream", "line", "store"]
"""Where a code is met: `reason` of `request_refused` or of `refused` in `cases.events`, `earshot.code` of a dead
letter of `reps.events` or of any other topic, a line that `earshot ingest` rejects, the log of the sink."""


class Refusal(NamedTuple):
    """One code."""

    code: str
    places: tuple[Place, ...]
    meaning: str
    remedy: str


_READ: tuple[Place, ...] = ("desktop", "stream")
_ANY: tuple[Place, ...] = ("desktop", "stream", "line")

REFUSALS: tuple[Refusal, ...] = (
    Refusal("unknown_case", ("request",), "no open case has this id: it was closed, or never was", "drop it"),
    Refusal("wrong_rep", ("request",), "the case is offered or assigned to somebody else", "drop it"),
    Refusal("not_offered", ("request",), "an accept or reject of what is not offered (any more)",
            "wait for the next record of the case"),
    Refusal("not_assigned", ("request",), "a reply or resolve of a case that is not assigned",
            "accept first, and act only once the `assigned` record has come"),
    Refusal("stale_accept", ("request",), "the offer timed out or was taken back before the accept", "drop it"),
    Refusal("stale_reject", ("request",), "the offer was over before the reject", "drop it"),
    Refusal("stale_reply", ("request",), "the case went back before the reply was told",
            "tell the rep that somebody else may answer too"),
    Refusal("stale_resolve", ("request",), "the case went back before the resolve", "drop it"),
    Refusal("too_old", ("request", "post", "desktop"), "older than the router remembers input (15 days)",
            "send again, as something that happens now, if it is still true"),
    Refusal("no_case", ("post",), "the post asks for nothing and belongs to no open case", "nothing"),
    Refusal("own_post", ("post",), "the brand's own post, about no open case", "nothing"),
    Refusal("unrelated", ("post",), "a post that asks for nothing, beside the author's open case", "nothing"),
    Refusal("no_policy", ("post",), "the workspace has no policy", "`earshot policy apply`"),
    Refusal("unknown_queue", ("post",), "the policy in force has no such queue", "apply a policy that has it"),
    Refusal("stale_seq", ("desktop",), "a presence event older than one of the same rep and sender",
            "let `seq` grow; after a reset sign in again"),
    Refusal("not_signed_in", ("desktop",), "presence of a rep who is not signed in", "send `signed_in` first"),
    Refusal("router_failed", ("desktop", "stream"), "a fault of the router, met by this record alone",
            "report it with the record; replay after the mend"),
    Refusal("empty", _ANY, "the record has no value", "send the message as JSON"),
    Refusal("invalid_utf8", _ANY, "the value is not UTF-8", "encode as UTF-8"),
    Refusal("invalid_json", _ANY, "the value is not a JSON object", "check with the JSON Schema"),
    Refusal("unknown_schema_version", _READ, "a major version that this release does not read", "send version 1"),
    Refusal("invalid_field", _ANY, "a field breaks a rule: `field` and `detail` say which", "mend it"),
    Refusal("wrong_key", _READ, "the key does not fit the value", "use the key of the contract"),
    Refusal("wrong_partition", _READ, "the record lies where its key does not belong", "partition by murmur2"),
    Refusal("unknown_topic", ("stream",), "a record of a topic that the stage does not read", "report it"),
    Refusal("created_in_future", ("stream",), "written more than 24 h after it was received", "mend the clock"),
    Refusal("scoring_failed", ("stream",), "a fault of enrich, met by this post alone",
            "report it; replay after the mend"),
    Refusal("stops_worker", ("stream",), "three enrich workers ended while they scored this post alone",
            "report it with the trace of threads that they left; replay after the mend"),
    Refusal("out_of_range", ("stream",), "a number that does not fit into 64 bits", "mend it"),
    Refusal("too_large", ("line",), "larger than a record of `posts.raw` may be", "shorten it"),
    Refusal("too_many_cells", ("line",), "a row with more cells than the header", "quote the delimiter"),
    Refusal("invalid_csv", ("line",), "the row cannot be parsed", "check its quotes"),
    Refusal("id_lost_digits", ("line",), "an id like 1.2e+18: a spreadsheet has rounded it", "export ids as text"),
    Refusal("several_values", ("line",), "a cell with several ids where one is needed", "map another column"),
    Refusal("invalid_boolean", ("line",), "neither true nor false", "mend it"),
    Refusal("invalid_number", ("line",), "not a number", "mend it"),
    Refusal("invalid_time", ("line",), "a time in no known format", "name its format in the column map"),
    Refusal("store_refuses", ("store",), "ClickHouse will never take the batch; nothing is skipped",
            "mend the table, then restart the sink"),
)  # fmt: skip


def refusals_at(place: Place) -> Iterator[Refusal]:
    """The codes that may be met at a place, in the table's order."""
    return (refusal for refusal in REFUSALS if place in refusal.places)
