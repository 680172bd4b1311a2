"""`earshot rep`: be a rep yourself: get offers, accept, reply, resolve."""

import sys
from typing import Annotated

import typer

from pipeline.cli.text.output import emit, say
from pipeline.errors import EXIT_NO, Misconfigured

app = typer.Typer(add_completion=False)


@app.command()
def rep(
    rep_id: Annotated[str, typer.Argument(metavar="REP_ID", help="who you are", show_default=False)],
    workspace: Annotated[str, typer.Option(help="whose cases you take", show_default=False)],
    team: Annotated[list[str], typer.Option(help="team of the policy; may be repeated", show_default=False)],
    skill: Annotated[
        list[str] | None, typer.Option(metavar="NAME[:LEVEL]", help="skill that you have; may be repeated")
    ] = None,
    capacity: Annotated[int, typer.Option(min=1, max=100, help="most cases at once, offers included")] = 3,
    patience: Annotated[
        float, typer.Option(min=0, help="seconds for which a command waits for a case that it fits")
    ] = 60.0,
) -> None:
    """Sign in on the real topics, show each offer with its reasons, and do what is typed or piped, line by line.

    Commands are accept, reject, reply, resolve, wrapped, hold, await, resume, transfer, list, away, back and quit.
    They are about the case that they fit and that was told of last, or about the one whose number follows
    (`accept 2`). Each waits until the one before is answered. A word after
    that is the channel of a reply, the outcome, the reason or the queue. Ctrl-D and Ctrl-C sign out too. Exit 1
    says that a command waited for a case and none came.
    """
    from pipeline.adapters.kafka.policies.publication import published_policy
    from pipeline.app.desk_by_hand import RunningDeskByHand
    from pipeline.app.endpoints import resolve
    from pipeline.clock import SystemClock
    from pipeline.input_mistakes import did_you_mean
    from pipeline.scenario.desk.by_hand import DeskByHand, Person
    from pipeline.settings import load_settings

    settings = load_settings()
    if settings.clock == "event":
        raise Misconfigured("a person acts in real time: with EARSHOT_CLOCK=event that is no time of the cases")
    person = Person(workspace, rep_id, tuple(team), dict(map(_skill, skill or ())), capacity)
    kafka = resolve(settings).kafka
    policy = published_policy(kafka, workspace)
    if policy is None:
        say(f"workspace {workspace} has no published policy yet, so it has no cases: `earshot policy apply FILE`")
    else:
        teams = {name: name for name in policy.teams}
        for name in team:
            if name not in teams:
                say(f"no queue of the policy has team {name}{did_you_mean(name, teams)}")
    desk = RunningDeskByHand(kafka, DeskByHand(person, "earshot-rep", SystemClock().now), emit)
    try:
        say(f"{rep_id} is signed in; type accept, reply, resolve, ... or quit")
        found = desk.play(sys.stdin, patience)
    except KeyboardInterrupt:
        found = True
    finally:
        desk.close()
    say(f"{rep_id} is signed out")
    if not found:
        raise typer.Exit(EXIT_NO)


def _skill(text: str) -> tuple[str, int]:
    name, _, level = text.partition(":")
    if level and level not in "12345":
        raise typer.BadParameter(f"--skill: {text}: a level is a number from 1 to 5")
    return name, int(level or 1)
