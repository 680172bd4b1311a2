"""Makes work of a post that triage has left alone, because a supervisor says so.

The post is read back from `posts.scored`, gets another triage, and goes to `posts.scored` and `posts.actionable`.
The router tells it from the post that it may have seen as context by `pull_id`, and ClickHouse keeps it because
its row version is the higher one.
"""

from typing import NamedTuple
from uuid import UUID, uuid5

from pydantic import ValidationError

from pipeline.adapters.kafka.publisher import KafkaPublisher
from pipeline.adapters.kafka.reader import TopicReader
from pipeline.clock import Clock
from pipeline.codec import decode, encode
from pipeline.enrich.triage.priority import Factors, influence_factor, priority_of, severity_factor, urgency_factor
from pipeline.errors import Misconfigured, Permanent, ServiceMissing
from pipeline.ports.records import Record
from pipeline.settings import KafkaSettings
from schemas.posts.scored import NO_WORK, Reason, ScoredPost, Triage, TriageAction
from schemas.topics import ACTIONABLE, SCORED

NAMESPACE = UUID("9c0f4f6e-6f43-5a0d-8f0e-2f7f64b4c1d7")
"""Namespace of the ids of pulls. It was chosen once and must stay."""
DELIVERY_TIMEOUT_S = 30.0
PULLED = "pulled"


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

    Args:
        kafka: resolved.
        request: who wants what.
        clock: two pulls of one post at different times are different ones.

    Raises:
        Misconfigured: an argument is wrong.
        ServiceMissing: Kafka does not answer, or did not confirm both records.
        Transient: nothing came in time.
    """
    found = newest(kafka, request.workspace, request.post_id)
    if found is None:
        return NotPulled(f"{SCORED.name} holds no post {request.post_id} of workspace {request.workspace}")
    post, key = found
    if (why := refusal(post)) is not None:
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
        first = error.errors(include_input=False, include_url=False)[0]
        raise Misconfigured(f"--{first['loc'][0] if first['loc'] else 'action'}: {first['msg']}") from None
    # Whoever pulls an old post wants it answered, however old it was when it came.
    return post.model_copy(update={"triage": triage, "backfill": False})


def newest(kafka: KafkaSettings, workspace: str, post_id: str) -> tuple[ScoredPost, bytes | None] | None:
    """Returns the newest version of a post and its key, by reading all that `posts.scored` holds.

    Raises:
        ServiceMissing: no broker answers.
        Transient: nothing came in time.
    """
    reader, found, key = TopicReader(kafka), None, None
    quoted = f'"{post_id}"'.encode()
    try:
        for message in reader.read(SCORED.name, reader.window(SCORED.name)):
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
    finally:
        reader.close()
    return None if found is None else (found, key)


def _factors(post: ScoredPost) -> Factors:
    negative = 0.0 if post.sentiment is None else post.sentiment.probabilities.negative
    return Factors(
        severity=severity_factor(negative, post.complaint),
        urgency=urgency_factor(0.0, post.urgency, post.pressing),
        influence=influence_factor(post.influence.lower_bound),
    )
