"""Makes work of a post that triage has left alone, because a supervisor says so.

The post is read back from `posts.scored`, gets another triage, and goes to `posts.scored` and `posts.actionable`.
The router tells it from the post that it may have seen as context by `pull_id`, and ClickHouse keeps it because
its row version is the higher one.
"""

from typing import Any, NamedTuple
from uuid import UUID, uuid5

import orjson
from pydantic import TypeAdapter, ValidationError

from pipeline.adapters.kafka.policies.publication import published_policy
from pipeline.adapters.kafka.publisher import KafkaPublisher
from pipeline.adapters.kafka.reader import read_topic
from pipeline.clock import Clock
from pipeline.codec import decode, encode
from pipeline.enrich.triage.priority import (
    Factors,
    expected_value,
    influence_factor,
    priority_of,
    severity_factor,
    urgency_factor,
)
from pipeline.errors import Misconfigured, Permanent, ServiceMissing
from pipeline.input_mistakes import did_you_mean, plain
from pipeline.ports.records import Record
from pipeline.settings import KafkaSettings
from schemas.base import PostId
from schemas.posts.scored import NO_WORK, Reason, ScoredPost, Triage, TriageAction
from schemas.topics import ACTIONABLE, SCORED

NAMESPACE = UUID("9c0f4f6e-6f43-5a0d-8f0e-2f7f64b4c1d7")
"""Namespace of the ids of pulls. It was chosen once and must stay."""
DELIVERY_TIMEOUT_S = 30.0
PULLED = "pulled"
_OPTIONS = {"skills": "skill"}
"""Fields whose options have another name."""


class PullRequest(NamedTuple):
    """Who wants which post answered, and where."""

    workspace: str
    post_id: str
    by: str
    queue: str
    action: TriageAction = "respond"
    skills: tuple[str, ...] = ()


class NotPulled(NamedTuple):
    """Why there is nothing to pull."""

    why: str


def pull(kafka: KafkaSettings, request: PullRequest, clock: Clock) -> ScoredPost | NotPulled:
    """Publishes the newest revision of a post as work, and returns it as it was published.

    All of `posts.scored` is read for it, up to the end that it has when the reading begins.

    Args:
        kafka: resolved.
        request: who wants what.
        clock: two pulls of one post at different times are different ones.

    Raises:
        Misconfigured: an argument is wrong.
        ServiceMissing: Kafka does not answer, or did not confirm both records.
        Transient: nothing came in time.
    """
    _check_request(kafka, request)
    found = newest(kafka, request.workspace, request.post_id)
    if found is None:
        return NotPulled(f"{SCORED.name} holds no post {request.post_id} of workspace {request.workspace}")
    post, key = found
    if (why := refusal(post)) is not None and not _was_cut_off(kafka, post):
        return NotPulled(f"post {request.post_id} {why}")
    pulled = pulled_post(post, request, clock.now().isoformat())
    value = encode(pulled)
    publisher = KafkaPublisher(kafka, DELIVERY_TIMEOUT_S)
    # The store comes first: a case whose post is said to be no work would be a riddle.
    for record in (Record(SCORED.name, key, value), Record(ACTIONABLE.name, post.workspace.encode(), value)):
        publisher.send(record)
        for delivery in publisher.settle():
            if delivery.failure is not None:
                raise ServiceMissing(f"{record.topic} did not take the post: {delivery.failure}")
    return pulled


def refusal(post: ScoredPost) -> str | None:
    """Returns why a post can be no work, None when it can."""
    if post.deleted:
        return "is deleted"
    if post.own:
        return "is by the brand itself"
    if post.repost_of is not None:
        return f"is a repost: pull {post.repost_of}"
    # A second case would have the id of the first.
    return None if post.triage.action in NO_WORK else f"is work already, in queue {post.triage.queue}"


def pulled_post(post: ScoredPost, request: PullRequest, at: str) -> ScoredPost:
    """Returns the post with the triage that the supervisor asks for.

    Raises:
        Misconfigured: an argument is wrong.
    """
    name = f"{post.workspace}/{post.post_id}/{post.revision}/{request.by}/{at}"
    priority, reasons = priority_of(_factors(post))
    try:
        triage = Triage(
            action=request.action,
            queue=request.queue,
            skills=request.skills,
            tags=post.triage.tags,
            priority=priority,
            reasons=(Reason(code=PULLED, detail="by a supervisor"), *reasons),
            policy_version=post.triage.policy_version,
            by=request.by,
            pull_id=str(uuid5(NAMESPACE, name)),
        )
    except ValidationError as error:
        first = _first(error)
        field = str(first["loc"][0]) if first["loc"] else "action"
        raise Misconfigured(f"--{_OPTIONS.get(field, field)}: {plain(first)}") from None
    # Whoever pulls an old post wants it answered, however old it was when it came.
    return post.model_copy(update={"triage": triage, "backfill": False})


def newest(kafka: KafkaSettings, workspace: str, post_id: str) -> tuple[ScoredPost, bytes | None] | None:
    """Returns the newest version of a post and its key, by reading all that `posts.scored` holds.

    Raises:
        ServiceMissing: no broker answers, or the topic does not exist.
        Transient: nothing came in time.
    """
    found, key, quoted = None, None, as_written(post_id)
    for message in read_topic(kafka, SCORED.name):
        value = message.value()
        # Most posts are told apart by their bytes. Only those that name the id are decoded.
        if value is None or quoted not in value:
            continue
        try:
            post = decode(ScoredPost, value)
        except Permanent:
            continue
        if (post.workspace, post.post_id) == (workspace, post_id) and (found is None or post.ver >= found.ver):
            found, key = post, message.key()
    return None if found is None else (found, key)


def as_written(post_id: str) -> bytes:
    """Returns an id as it stands in a record. An id may hold quotes, which JSON writes otherwise."""
    return orjson.dumps(post_id)


def _check_request(kafka: KafkaSettings, request: PullRequest) -> None:
    # Before anything is read, because to read all posts takes long.
    try:
        TypeAdapter(PostId).validate_python(request.post_id)
    except ValidationError as error:
        raise Misconfigured(f"POST_ID: {plain(_first(error))}") from None
    policy = published_policy(kafka, request.workspace)
    if policy is not None and policy.queue(request.queue) is None:
        meant = did_you_mean(request.queue, [queue.name for queue in policy.queues])
        raise Misconfigured(f"--queue: the policy of {request.workspace} has no queue {request.queue}{meant}")


def _was_cut_off(kafka: KafkaSettings, post: ScoredPost) -> bool:
    """Returns whether an earlier pull stored the post as work and then failed, so that the router never saw it."""
    if post.triage.pull_id is None:
        return False
    sought = post.triage.pull_id.encode()
    return not any(sought in (message.value() or b"") for message in read_topic(kafka, ACTIONABLE.name))


def _first(error: ValidationError) -> Any:
    return error.errors(include_input=False, include_url=False)[0]


def _factors(post: ScoredPost) -> Factors:
    negative = 0.0 if post.sentiment is None else post.sentiment.probabilities.negative
    return Factors(
        severity=severity_factor(negative, post.complaint),
        urgency=urgency_factor(0.0, post.urgency, post.pressing),
        influence=influence_factor(post.influence.lower_bound),
        customer=expected_value(post.customer) or 0.0,
    )
