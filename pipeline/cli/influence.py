"""`earshot influence`: find the constants of influence that fit a panel of posts."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Find the constants of influence that fit a panel of posts."
)


@app.callback()
def _verbs() -> None:
    """Keeps `fit` a word of its own, so that more may stand beside it."""


@app.command()
def fit(
    file: Annotated[
        Path, typer.Argument(help="CSV: author_id, ts, followers, verified, likes, reposts, replies; .gz or not")
    ],
    policy: Annotated[
        Path | None, typer.Option(help="YAML of the policy whose weights of likes, reposts and replies hold")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object to stdout")] = False,
) -> None:
    """Print the section `influence` of a policy, in YAML, that fits the posts of FILE.

    The prior by followers and verification is a least-squares fit. Half-life and prior_posts are those that
    predicted the later half of the posts best, each before it was seen. They stay as they are where others are
    hardly better. What a like, a repost and a reply weigh defines what is predicted, and is not fitted.
    """
    from pipeline.adapters.yaml.documents import dump_document
    from pipeline.app.offline.policy import read_policy
    from pipeline.cli.text.output import emit, emit_json, say
    from pipeline.evaluation.panel import outcomes, read_panel
    from pipeline.influence.estimate import DEFAULT
    from pipeline.influence.fit import fit as fit_model

    start = DEFAULT if policy is None else read_policy(policy).influence
    panel = read_panel(file)
    found = fit_model(outcomes(panel, start), start)
    days, known = found.model.half_life_days, found.model.prior_posts
    before, after = found.errors[start.half_life_days, start.prior_posts], found.errors[days, known]
    say(
        f"{file}: {len(panel):,} posts; mean squared error {after:.4f}, and {before:.4f} with the half-life before"
    )
    section = {"influence": found.model.model_dump()}
    if as_json:
        errors = [
            {"half_life_days": days, "prior_posts": known, "error": round(error, 4)}
            for (days, known), error in sorted(found.errors.items())
        ]
        emit_json({**section, "errors": errors})
    else:
        emit(dump_document(section))
