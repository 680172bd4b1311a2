"""Loads a list of customers into the topic `customers`: all of it in one transaction, or nothing.

Open cases hear of it on `route.signals` in the same transaction, where the value of their author has changed by a
doubling at least.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from tempfile import TemporaryFile

import orjson

from pipeline.adapters.kafka.links.at_once import publish_at_once
from pipeline.adapters.kafka.policies.in_force import PoliciesInForce
from pipeline.adapters.kafka.reader import read_topic
from pipeline.app.customers.asked import LoadRequest, LoadSummary
from pipeline.app.customers.checking import Checked, Spool, check_list
from pipeline.app.importing.place import open_place
from pipeline.clock import Clock
from pipeline.codec import decode, encode
from pipeline.enrich.triage.priority import expected_value
from pipeline.errors import Misconfigured, Permanent
from pipeline.ingest.customers.linking import MayLink
from pipeline.ingest.customers.whole_list import author_hash
from pipeline.ports.records import Record
from pipeline.settings import KafkaSettings
from schemas.cases.steps import RouteSignal
from schemas.people.customer import CustomerLink, may_link
from schemas.policy.policy import Policy
from schemas.topics import CASES, CUSTOMERS, SIGNALS, post_key

TRANSACTION = "earshot-customers"
LEAST_VALUE = 1 / 32
"""Whoever is not known to be worth anything counts as worth this much, so that five doublings reach the most."""


def load_customers(
    kafka: Callable[[], KafkaSettings], request: LoadRequest, clock: Clock, say: Callable[[str], None]
) -> LoadSummary:
    """Checks a list whole and publishes it.

    Args:
        kafka: returns resolved settings. It is not called for a dry run with policies.
        request: what the operator wants.
        clock: the time of signals.
        say: takes what was decided, and what is wrong with the list.

    Raises:
        Misconfigured: it cannot be told what the file is, or it lacks a column.
        ServiceMissing: Kafka does not answer, or a topic does not exist.
        Transient: the list was not committed.
    """
    if request.replace and request.workspace is None:
        raise Misconfigured("--replace needs --workspace, whose links the list replaces")
    policies = request.policies
    if policies is None:
        policies = {} if request.dry_run else _in_force(kafka())
    with ExitStack() as stack:
        place = open_place(request.file, stack)
        spool = Spool(stack.enter_context(TemporaryFile()))
        checked = check_list(place, request, _allowed(policies), spool, say)
        summary = LoadSummary(
            place.name, checked.rows, checked.links, checked.taken_back, checked.without_handle, checked.refused
        )
        if checked.refused or request.dry_run:
            return summary
        return _published(kafka(), request, checked, clock, summary)


def _in_force(kafka: KafkaSettings) -> Mapping[str, Policy]:
    reader = PoliciesInForce.start(kafka)
    try:
        return reader.policies()
    finally:
        reader.close()


def _allowed(policies: Mapping[str, Policy]) -> MayLink:
    def allowed(workspace: str, platform: str) -> bool:
        policy = policies.get(workspace)
        return may_link(platform) if policy is None else policy.may_link(platform)

    return allowed


def _published(
    kafka: KafkaSettings, request: LoadRequest, checked: Checked, clock: Clock, summary: LoadSummary
) -> LoadSummary:
    with_cases = _authors_with_cases(kafka)
    gone, before = _standing(kafka, request, checked, with_cases)
    at = clock.now()
    counts = {CUSTOMERS.name: 0, SIGNALS.name: 0}

    def records() -> Iterator[Record]:
        for record in checked.spool.records():
            yield record
            yield from _signals(record, before, with_cases, at)
        for key in gone:
            tombstone = Record(CUSTOMERS.name, key, None)
            yield tombstone
            yield from _signals(tombstone, before, with_cases, at)

    def counted() -> Iterator[Record]:
        for record in records():
            counts[record.topic] += 1
            yield record

    publish_at_once(kafka, TRANSACTION, counted())
    return replace(summary, taken_back=summary.taken_back + len(gone), signals=counts[SIGNALS.name], sent=True)


def _authors_with_cases(kafka: KafkaSettings) -> frozenset[bytes]:
    """Returns the keys of the authors of all open cases."""
    open_cases: dict[bytes | None, bytes] = {}
    for message in read_topic(kafka, CASES.name):
        if message.value() is None:
            open_cases.pop(message.key(), None)
            continue
        case = orjson.loads(message.value())
        open_cases[message.key()] = post_key(case["workspace"], case["author"]["author_id"])
    return frozenset(open_cases.values())


def _standing(
    kafka: KafkaSettings, request: LoadRequest, checked: Checked, with_cases: frozenset[bytes]
) -> tuple[list[bytes], Mapping[bytes, bytes]]:
    """Returns the keys of links that the list no longer has, and the links of authors with open cases."""
    if not request.replace and not with_cases:
        return [], {}
    listed = checked.whole.authors() if request.replace else frozenset()
    gone: dict[bytes, None] = {}
    before: dict[bytes, bytes] = {}
    for message in read_topic(kafka, CUSTOMERS.name):
        key, value = message.key() or b"", message.value()
        workspace, _, author_id = key.decode(errors="replace").partition("/")
        if value is None:
            gone.pop(key, None)
            before.pop(key, None)
            continue
        if key in with_cases:
            before[key] = value
        if request.replace and workspace == request.workspace and author_hash(workspace, author_id) not in listed:
            gone[key] = None
    return sorted(gone), before


def _signals(
    record: Record, before: Mapping[bytes, bytes], with_cases: frozenset[bytes], at: datetime
) -> Iterator[Record]:
    key = record.key or b""
    if key not in with_cases:
        return
    step = doublings(_value(before.get(key)), _value(record.value))
    if step:
        workspace, _, author_id = key.decode().partition("/")
        signal = RouteSignal(workspace=workspace, author_id=author_id, kind="value", step=step, at=at)
        yield Record(SIGNALS.name, workspace.encode(), encode(signal))


def _value(link: bytes | None) -> float:
    if link is None:
        return 0.0
    try:
        return expected_value(decode(CustomerLink, link).customer) or 0.0
    except Permanent:
        return 0.0


def doublings(before: float, now: float) -> int:
    """Returns how many whole doublings lie between two values, below 0 when the value has fallen."""
    return int(math.log2(max(now, LEAST_VALUE) / max(before, LEAST_VALUE)))
