"""`earshot policy`: check a workspace's policy, and publish it.

In: a YAML file. Out: a verdict, or a published policy. Never here: how it is read and published (`adapters`).
"""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.output import emit_json, say

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Check a workspace's policy, and publish it to the cluster."
)
File = Annotated[Path, typer.Argument(help="the policy, YAML")]


@app.command()
def check(
    file: File,
    as_json: Annotated[bool, typer.Option("--json", help="the checked policy as one JSON line")] = False,
) -> None:
    """Say what is wrong in FILE, each mistake with its line and field."""
    from pipeline.adapters.policy_file import load_policy

    policy = load_policy(file)
    if as_json:
        emit_json(policy)
    say(
        f"{file}: workspace {policy.workspace}, version {policy.version}: {len(policy.rules)} rules, "
        f"{len(policy.queues)} queues, teams {', '.join(policy.teams)}"
    )


@app.command()
def apply(file: File) -> None:
    """Create the team topics of FILE, then publish it. The version must be newer than the published one."""
    from pipeline.adapters.policy_file import load_policy
    from pipeline.adapters.policy_writer import publish_policy
    from pipeline.app.endpoints import resolve
    from pipeline.logs import setup_logs
    from pipeline.settings import load_settings

    setup_logs("warning", "auto")
    policy = load_policy(file)
    news = publish_policy(resolve(load_settings()).kafka, policy)
    verb = "published" if news else "already in force"
    say(f"version {policy.version} of the policy of {policy.workspace} is {verb}")
