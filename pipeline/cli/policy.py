"""`earshot policy`: check, try and publish a workspace's policy.

How a policy is read and published is decided in `app` and `adapters`.
"""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.text.output import emit, emit_json, say
from pipeline.errors import EXIT_NO

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Check a workspace's policy, try it on posts, and publish it to the cluster.",
)
File = Annotated[Path, typer.Argument(help="the policy, YAML")]
MOST_YEARS = 20
"""Most years of holidays at once. Those of one calendar and more years would not fit into a policy."""


@app.command()
def check(
    file: File,
    roster: Annotated[
        Path | None,
        typer.Option(metavar="ROSTER.yaml", help="who works: also warn of what none of them could take"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="the checked policy as one JSON line")] = False,
) -> None:
    """Say what is wrong in FILE, each mistake with its line and field, and warn of what is hardly meant."""
    from pipeline.app.offline.policy import check_policy

    policy, warnings = check_policy(file, roster)
    for warning in warnings:
        say(f"warning: {warning}")
    if as_json:
        emit_json(policy)
    say(
        f"{file}: workspace {policy.workspace}, version {policy.version}: {len(policy.rules)} rules, "
        f"{len(policy.queues)} queues, teams {', '.join(policy.teams)}, {len(policy.topics)} topics"
    )


@app.command("test")
def try_on_posts(
    file: File,
    posts: Annotated[
        str,
        typer.Option(
            metavar="POSTS|-", help="JSON lines: posts, or objects with text, title and any other field of a post"
        ),
    ],
    why_not: Annotated[
        list[str] | None,
        typer.Option(metavar="RULE", help="say of each post what speaks against this rule; may be repeated"),
    ] = None,
    topics: Annotated[bool, typer.Option("--topics", help="only the topics, without the models")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="one JSON line a post, then one with the counts")
    ] = False,
) -> None:
    """Show what FILE would do with posts: action, queue, the rules that held, priority with its parts, topics.

    Each post counts as one of the policy's workspace that has just come, and copies are recognised by the order of
    the lines. How often each topic was found and each rule held follows, also for those that never were. Every bad
    line is named as FILE:LINE: code: field, and makes the exit code 2. Nothing is sent anywhere.
    """
    from pipeline.app.offline.policy import read_policy
    from pipeline.app.offline.score import open_scorer
    from pipeline.app.offline.trial import try_posts
    from pipeline.cli.text.trial import draw_trial, emit_trial, silent
    from pipeline.logs import setup_logs
    from pipeline.settings import load_settings

    # Which engine reads the posts is no news to somebody who writes rules.
    setup_logs("warning", "auto")
    if topics and why_not:
        raise typer.BadParameter("--why-not asks about rules, and --topics leaves them out")
    policy = read_policy(file)
    scorer = None if topics else lambda: open_scorer(load_settings())
    tried = try_posts(policy, posts, scorer, why_not or ())
    if as_json:
        emit_trial(policy, tried)
    else:
        draw_trial(policy, tried)
    concerned = sum(bool(post.facts.words.topics) for post in tried)
    work = sum(post.verdict is not None and post.verdict.triage.queue is not None for post in tried)
    said = "" if topics else f", {work:,} are work"
    say(f"{len(tried):,} posts, {concerned:,} concern a topic of {file}{said}")
    for sentence in silent(policy, tried):
        say(sentence)


@app.command()
def holidays(
    file: File,
    country: Annotated[str, typer.Option(metavar="CODE", help="country, ISO 3166, such as GB")],
    years: Annotated[str, typer.Option(metavar="YEAR[-YEAR]", help="first and last year, such as 2026-2028")],
    calendar: Annotated[str, typer.Option(metavar="NAME", help="calendar of FILE that is closed on them")],
    subdivision: Annotated[
        str | None, typer.Option(metavar="CODE", help="part of the country with holidays of its own, such as ENG")
    ] = None,
) -> None:
    """Write the public holidays of a country into FILE, as dates on which a calendar is closed, and show the diff.

    Every other line of FILE stays as it is. Dates that are there already stay too, and so do special days.
    """
    from pipeline.app.offline.holidays import fill_holidays

    filled = fill_holidays(file, calendar, country, subdivision, _years(years))
    if filled.diff:
        emit(filled.diff)
    if subdivision is None and filled.parts:
        say(f"{country} has parts with holidays of their own: --subdivision takes {', '.join(filled.parts)}")
    for day in filled.special:
        say(f"{day} is a special day of {calendar} and stays one")
    say(f"{file}: {filled.added} dates added to calendar {calendar}")


@app.command()
def diff(
    file: File,
    against: Annotated[
        Path | None, typer.Option(metavar="FILE", help="compare with this policy, and not with the published one")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON line a change, then the counts")] = False,
) -> None:
    """Say in words what `apply` of FILE would change, and how many waiting cases would move. Exit 1 if anything.

    Rules that can never hold are warned of. Nothing is sent anywhere.
    """
    from pipeline.app.endpoints import resolve
    from pipeline.app.offline.policy import check_policy, read_policy
    from pipeline.app.offline.standing import compare_files, compare_published
    from pipeline.settings import load_settings

    new, warnings = check_policy(file)
    for warning in warnings:
        say(f"warning: {warning}")
    if against is None:
        compared = compare_published(resolve(load_settings()).kafka, new)
    else:
        compared = compare_files(read_policy(against), new)
    for change in compared.changes:
        if as_json:
            emit_json({"change": change})
        else:
            emit(change)
    if as_json:
        emit_json({"changes": len(compared.changes), "waiting": compared.waiting, "moved": compared.moved})
    say(f"{new.workspace}: {compared.summary(new)}")
    if compared.changes:
        raise typer.Exit(EXIT_NO)


@app.command()
def apply(file: File) -> None:
    """Create the team topics of FILE, then publish it. The version must be newer than the published one."""
    from pipeline.adapters.kafka.policies.publication import publish_policy
    from pipeline.app.endpoints import resolve
    from pipeline.app.offline.policy import read_policy
    from pipeline.logs import setup_logs
    from pipeline.settings import load_settings

    # The progress of topics is no news to somebody who publishes a policy.
    setup_logs("warning", "auto")
    policy = read_policy(file)
    news = publish_policy(resolve(load_settings()).kafka, policy)
    verb = "published" if news else "already in force"
    say(f"version {policy.version} of the policy of {policy.workspace} is {verb}")


def _years(text: str) -> range:
    first, _, last = text.partition("-")
    try:
        years = range(int(first), int(last or first) + 1)
    except ValueError:
        years = range(0)
    if not 0 < years.stop - years.start <= MOST_YEARS or first[:2] not in ("19", "20"):
        raise typer.BadParameter(f"--years takes a year, or the first and the last of at most {MOST_YEARS}")
    return years
