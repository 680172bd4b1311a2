"""`earshot score`: score posts offline: every signal and the triage, no services."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.text.output import emit_json, say
from pipeline.errors import EXIT_USAGE, Misconfigured

if TYPE_CHECKING:
    from io import BufferedReader

    from schemas.policy.policy import Policy

app = typer.Typer(add_completion=False)
# The file's name stands as the source topic, whose length Kafka limits.
MAX_TOPIC_CHARS = 249


@app.command()
def score(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="JSON lines in time order; gzip or not")] = "-",
    policy: Annotated[
        list[Path] | None, typer.Option(help="YAML of a workspace's policy; may be repeated")
    ] = None,
    workspace: Annotated[str | None, typer.Option(help="for posts and customers that state none")] = None,
) -> None:
    """Print one ScoredPost, a JSON object on a line, for each post of FILE, in order.

    A line is {"type": "post", ...} with the fields of RawPost, or {"type": "customer", ...} with those of a
    CustomerLink, which says who is behind a handle in the posts that follow, or {"type": "engagement", ...} with
    those of Engagement, which changes the influence of the author whom it names. The metrics of a post do so too,
    for the posts that follow it. Copies, spam and everything else that depends on earlier posts goes by the order
    of the lines. Without a policy of its workspace a post has no topics and its triage says no_policy. Bad lines
    are named as FILE:LINE: code: field: detail and make the exit code 2, while the others are scored.
    """
    from pipeline.app.offline.score import Counts, Known, open_scorer, score_lines
    from pipeline.ingest.lines import numbered, shown
    from pipeline.ingest.look.container import contents
    from pipeline.ingest.rejections import Rejections
    from pipeline.settings import load_settings

    policies = _policies(policy or [])
    settings = load_settings()
    name = "standard input" if file == "-" else shown(file)
    known, counts, rejections = Known(), Counts(), Rejections(name, say)
    with _open(file) as stream:
        # The file is open by now. A wrong name should not cost the seconds in which a model loads.
        scorer = open_scorer(settings, known)
        scored_posts = score_lines(
            numbered(contents(stream, name), name),
            name=name[-MAX_TOPIC_CHARS:],
            scorer=scorer,
            known=known,
            policies=policies,
            batch_size=settings.enrich.batch_size,
            workspace=workspace,
            counts=counts,
            refuse=rejections,
        )
        for post in scored_posts:
            # Every field is there, with absent ones as null.
            emit_json(post.model_dump(mode="json"))
    rejections.end()
    engagements = f", {counts.engagements} engagements" if counts.engagements else ""
    customers = f", {counts.customers} customers" if counts.customers else ""
    say(f"{name}: {counts.posts} posts scored{engagements}{customers}, {counts.refused} lines refused")
    if counts.refused:
        raise typer.Exit(EXIT_USAGE)


def _policies(files: list[Path]) -> "dict[str, Policy]":
    from pipeline.app.offline.policy import read_policy

    policies: dict[str, Policy] = {}
    for file in files:
        policy = read_policy(file)
        if policy.workspace in policies:
            raise Misconfigured(f"{file}: workspace {policy.workspace} has a policy already")
        policies[policy.workspace] = policy
    return policies


def _open(file: str) -> "BufferedReader":
    if file == "-":
        # This opens a reader of our own on the same descriptor, because `sys.stdin.buffer` is not always one that
        # can peek.
        return open(sys.stdin.fileno(), "rb", closefd=False)
    try:
        return Path(file).open("rb")
    except OSError as error:
        raise Misconfigured(f"{file}: cannot be read: {error.strerror}") from None
