"""`earshot pull`: make work of a post that triage has left alone."""

from typing import Annotated

import typer

from pipeline.cli.text.output import emit_json, say
from pipeline.errors import EXIT_NO

app = typer.Typer(add_completion=False)


@app.command()
def pull(
    post_id: Annotated[str, typer.Argument(metavar="POST_ID", help="platform:native id", show_default=False)],
    workspace: Annotated[str, typer.Option(help="whose post it is", show_default=False)],
    by: Annotated[str, typer.Option(metavar="NAME", help="who pulls it; recorded", show_default=False)],
    queue: Annotated[str, typer.Option(help="queue of the policy in which it shall wait", show_default=False)],
    action: Annotated[str, typer.Option(help="what should be done")] = "respond",
    skill: Annotated[list[str] | None, typer.Option(help="that a rep must have; may be repeated")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="the post as it was published, one JSON line")] = False,
) -> None:
    """Publish the newest revision of a post as work.

    Whoever the cluster's ACLs let write posts.scored and posts.actionable may do it. Earshot does not check that
    the caller is NAME, and records who was named in the triage of the post. The post is looked for in
    posts.scored, which keeps posts for 14 days and is read from its beginning to its end.

    Exit 1 says that there is no such post, or that it can be no work: it is deleted, a repost, the brand's own, or
    work already.
    """
    from typing import get_args

    from pipeline.app.endpoints import resolve
    from pipeline.app.offline.pull import NotPulled, PullRequest
    from pipeline.app.offline.pull import pull as publish
    from pipeline.clock import SystemClock
    from pipeline.errors import Misconfigured
    from pipeline.input_mistakes import did_you_mean
    from pipeline.settings import load_settings
    from schemas.posts.scored import NO_WORK, TriageAction

    actions = {name: name for name in get_args(TriageAction) if name not in NO_WORK}
    if action not in actions:
        meant = did_you_mean(action, actions)
        raise Misconfigured(f"--action: must be one of {', '.join(actions)}{meant}")
    request = PullRequest(workspace, post_id, by, queue, actions[action], tuple(skill or ()))
    result = publish(resolve(load_settings()).kafka, request, SystemClock())
    if isinstance(result, NotPulled):
        say(f"earshot pull: {result.why}")
        raise typer.Exit(EXIT_NO)
    if as_json:
        emit_json(result)
    say(f"{post_id} was sent to queue {queue}, priority {result.triage.priority:.0f}")
