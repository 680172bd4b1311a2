"""`earshot policy`: check and publish a workspace's policy.

How a policy is read and published is decided in `app` and `adapters`.
"""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.text.output import emit, emit_json, say
from pipeline.errors import EXIT_NO

if TYPE_CHECKING:
    from pipeline.app.offline.policy import Tried
    from schemas.policy.policy import ListeningTopic

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Check a workspace's policy, try its topics on posts, and publish it to the cluster.",
)
File = Annotated[Path, typer.Argument(help="the policy, YAML")]
MOST_YEARS = 20
"""Most years of holidays at once. Those of one calendar and more years would not fit into a policy."""


@app.command()
def check(
    file: File,
    as_json: Annotated[bool, typer.Option("--json", help="the checked policy as one JSON line")] = False,
) -> None:
    """Say what is wrong in FILE, each mistake with its line and field, and warn of what is hardly meant."""
    from pipeline.app.offline.policy import check_policy

    policy, warnings = check_policy(file)
    for warning in warnings:
        say(f"warning: {warning}")
    if as_json:
        emit_json(policy)
    say(
        f"{file}: workspace {policy.workspace}, version {policy.version}: {len(policy.rules)} rules, "
        f"{len(policy.queues)} queues, teams {', '.join(policy.teams)}, {len(policy.topics)} topics"
    )


@app.command("test")
def try_topics(
    file: File,
    posts: Annotated[
        str, typer.Option(metavar="POSTS|-", help="JSON lines: posts, or objects with text and title")
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="one JSON line a post, then one with the counts")
    ] = False,
) -> None:
    """Show which of some posts concern which topics of FILE, and by which words.

    Counts for each topic follow, also for those that matched nothing. Every bad line is named as FILE:LINE: code:
    field, and makes the exit code 2. Nothing is sent anywhere.
    """
    from pipeline.app.offline.policy import read_policy, try_posts

    policy = read_policy(file)
    topics, tried = policy.topics, try_posts(policy, posts)
    counts = Counter(hit.topic for post in tried for hit in post.hits)
    if as_json:
        _emit_tried(tried, {topic.name: counts[topic.name] for topic in topics})
    else:
        _draw_tried(tried, topics, counts)
    silent = [topic.name for topic in topics if not counts[topic.name]]
    say(f"{len(tried):,} posts, {sum(bool(post.hits) for post in tried):,} concern a topic of {file}")
    if silent:
        say(f"found nothing: {', '.join(silent)}")


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


def _emit_tried(tried: "list[Tried]", counts: dict[str, int]) -> None:
    for post in tried:
        hits = [hit.model_dump() | {"words": [post.words_at(span) for span in hit.at]} for hit in post.hits]
        emit_json({"line": post.line, "post_id": post.post_id, "topics": hits})
    emit_json({"posts": len(tried), "counts": counts})


def _draw_tried(tried: "list[Tried]", topics: "tuple[ListeningTopic, ...]", counts: Counter[str]) -> None:
    from rich.table import Table
    from rich.text import Text

    from pipeline.cli.text.output import table_console

    table = Table("line", "topic", "by", "post", box=None, pad_edge=False)
    for post in tried:
        # A post of several lines would break the table.
        whole = " ".join(" ".join(part for part in (post.title, post.text) if part).split())
        for hit in post.hits:
            words = ", ".join(dict.fromkeys(" ".join(post.words_at(span).split()) for span in hit.at))
            table.add_row(str(post.line), hit.topic, Text(words), Text(whole, overflow="ellipsis", no_wrap=True))
    summary = Table("topic", "kind", "posts", box=None, pad_edge=False)
    for topic in topics:
        summary.add_row(topic.name, topic.kind, f"{counts[topic.name]:,}")
    table_console().print(table, "", summary, sep="\n")
