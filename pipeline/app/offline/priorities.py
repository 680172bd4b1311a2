"""Scores labelled texts as the stream would, and says which priority triage gives each of them."""

from collections.abc import Sequence
from datetime import UTC, datetime

from pipeline.clock import to_ms
from pipeline.enrich.received import ReceivedPost
from pipeline.enrich.score import Scorer
from pipeline.errors import Permanent
from pipeline.evaluation.labelled import LabelledPost
from schemas.base import SourcePosition
from schemas.policy.policy import Policy
from schemas.posts.raw import Author, RawPost
from schemas.posts.scored import Triage

BATCH = 64
PLATFORM = "labelled"
"""No network is called so. Each text comes as the public post of an author of whom nothing is known."""


def triage_labelled(posts: Sequence[LabelledPost], scorer: Scorer, policy: Policy) -> list[Triage]:
    """Returns what triage says of each text, in order.

    Raises:
        Transient: the engine failed.
        Permanent: a text cannot be scored.
    """
    written = datetime.now(UTC)
    received = [_received(number, post.text, policy.workspace, written) for number, post in enumerate(posts)]
    decided: list[Triage] = []
    for first in range(0, len(received), BATCH):
        for scored in scorer.score(received[first : first + BATCH], {policy.workspace: policy}):
            if isinstance(scored, Permanent):
                raise scored
            decided.append(scored.triage)
    return decided


def _received(number: int, text: str, workspace: str, written: datetime) -> ReceivedPost:
    name = f"{PLATFORM}:{number}"
    post = RawPost(
        workspace=workspace,
        post_id=name,
        platform=PLATFORM,
        author=Author(author_id=name),
        text=text,
        created_at=written,
    )
    return ReceivedPost(post, SourcePosition(topic=PLATFORM, partition=0, offset=number), to_ms(post.created_at))
