"""`earshot eval`: judge the model, or the priorities of triage, on labelled posts."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from pipeline.ports.models import TextModel

app = typer.Typer(add_completion=False)

Engine = Literal["auto", "openvino", "torch"]
NO_ANSWER = ("none", "context", "thank", "engage")
"""Posts with these actions wait for nobody's answer, so their priorities are not those of work."""

MADE_STREAMS = 4
"""Streams of each rate and dispersion that trends are judged by, with events and without."""


@app.command()
def evaluate(
    head: Annotated[
        Literal["sentiment", "offence", "complaint", "priority", "influence", "trends"],
        typer.Argument(
            metavar="HEAD", help="what is judged: sentiment, offence, complaint, priority, influence or trends"
        ),
    ],
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE|-",
            help="JSON lines with text and label, perhaps source; for influence a CSV panel; .gz or not",
        ),
    ],
    engine: Annotated[Engine | None, typer.Option(help="default: EARSHOT_MODEL__ENGINE")] = None,
    model: Annotated[
        str | None, typer.Option(help="folder or hub id; default: EARSHOT_MODEL__PATH, else the shipped one")
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option(help="YAML of the policy that triages, or has the constants; for priority and influence"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object to stdout")] = False,
) -> None:
    """Print macro recall, macro F1, AUC and calibration error, with intervals, confusion matrix and slices.

    The labels are negative, neutral and positive for sentiment, offensive and not_offensive for offence, and
    complaint and not_complaint for complaint, urgent and not_urgent for priority. All but the first also take 1
    and 0, or true and false. Every bad line is named as FILE:LINE: field, and makes the exit code 2. The texts
    go through the same normalising as in the service.

    Priority asks whether the priorities that triage gives by a policy put urgent posts first, and how far apart
    they lie. It prints the AUC with its interval and percentiles, of all posts, of those that somebody must
    answer, and by source.

    Influence asks whether the score before a post ranks what the post then got. The panel is a CSV file in time
    order with author_id, ts, followers, verified, likes, reposts and replies. Each post of the later half is
    predicted by all posts before it, and followers alone stand beside.

    Trends asks whether the detector of surges finds what it must and is silent else. FILE is a folder with series
    as `earshot detect` reads them and their true events in labels.json, {"key": {"labels": [time, ...],
    "windows": [[from, to], ...]}}, or - for the made streams alone, which are judged in any case.
    """
    if head == "trends":
        _judge_trends(file, as_json=as_json)
        return
    if head == "priority":
        _judge_priorities(file, policy, as_json=as_json)
        return
    if head == "influence":
        _judge_influence(Path(file), policy, as_json=as_json)
        return
    from pipeline.cli.text.output import emit_json, say, table_console
    from pipeline.evaluation.evaluate import evaluate as evaluate_model
    from pipeline.evaluation.heads import HEADS
    from pipeline.evaluation.labelled import read_labelled
    from pipeline.evaluation.report import as_object, render

    posts = read_labelled(file, HEADS[head])
    say(f"{file}: {len(posts):,} labelled posts")
    opened, engine_name = _open(engine, model)
    evaluation = evaluate_model(opened, HEADS[head], posts, say)
    if as_json:
        emit_json(as_object(evaluation, engine_name))
    else:
        table_console().print(*render(evaluation, engine_name), sep="\n")


def _judge_trends(folder: str, *, as_json: bool) -> None:
    from pipeline.cli.text.output import emit_json, say, table_console
    from pipeline.evaluation.alarms import as_object, judge_series, judge_streams, read_folder, render

    found = None if folder == "-" else judge_series(*read_folder(Path(folder)))
    say("made streams are judged, which takes about half a minute")
    made = judge_streams(MADE_STREAMS)
    if as_json:
        emit_json(as_object(found, made))
    else:
        table_console().print(*render(found, made), sep="\n")


def _judge_priorities(file: str, policy: Path | None, *, as_json: bool) -> None:
    import numpy as np

    from pipeline.app.offline.policy import read_policy
    from pipeline.app.offline.priorities import triage_labelled
    from pipeline.app.offline.score import open_scorer
    from pipeline.cli.text.output import emit_json, say, table_console
    from pipeline.errors import Misconfigured
    from pipeline.evaluation.heads import URGENT
    from pipeline.evaluation.labelled import read_labelled
    from pipeline.evaluation.priorities import as_object, judge, render
    from pipeline.settings import load_settings

    if policy is None:
        raise Misconfigured("priority: name the policy that triages with --policy")
    rules, posts = read_policy(policy), read_labelled(file, URGENT)
    say(f"{file}: {len(posts):,} labelled posts, triaged by version {rules.version} of {rules.workspace}")
    decided = triage_labelled(posts, open_scorer(load_settings()), rules)
    judged = judge(
        np.array([one.priority for one in decided]),
        np.array([post.label == 1 for post in posts]),
        np.array([one.action not in NO_ANSWER for one in decided]),
        [post.source for post in posts],
    )
    if as_json:
        emit_json(as_object(judged))
    else:
        table_console().print(*render(judged), sep="\n")


def _judge_influence(file: Path, policy: Path | None, *, as_json: bool) -> None:
    from pipeline.app.offline.policy import read_policy
    from pipeline.cli.text.output import emit_json, say, table_console
    from pipeline.evaluation.influence import as_object, judge, predict, render
    from pipeline.evaluation.panel import read_panel
    from pipeline.influence.estimate import DEFAULT

    model = DEFAULT if policy is None else read_policy(policy).influence
    panel = read_panel(file)
    constants = "the shipped constants" if policy is None else f"the constants of {policy}"
    say(f"{file}: {len(panel):,} posts, of which the later half is predicted by {constants}")
    predicted = predict(panel, model)
    judged = judge(predicted)
    if as_json:
        emit_json(as_object(judged, predicted))
    else:
        table_console().print(*render(judged, predicted), sep="\n")


def _open(engine: Engine | None, model: str | None) -> "tuple[TextModel, str]":
    """Returns the model that is asked for, and which engine serves it."""
    from pipeline.adapters.models.engines import choose_engine
    from pipeline.adapters.models.torch.text_model import find_gpu
    from pipeline.app.stages.enrich import load_model
    from pipeline.settings import load_settings

    options = {name: value for name, value in (("engine", engine), ("path", model)) if value is not None}
    # There is no cache here. Repeated texts would make the engine look faster than it is.
    settings = load_settings().model.model_copy(update={**options, "cache_entries": 0})
    choice = choose_engine(settings, find_gpu() if settings.engine == "auto" else None)
    return load_model(settings), choice.engine
