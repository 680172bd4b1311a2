"""Measures for `earshot bench engine` the engine beside the usual ways to run its model, in one run on the same
posts.

The result has one row for each candidate, with its rate and its ratios round by round. The torch candidates are in
`torch_baselines`.

Normalising counts for the engine alone, and tokenising counts for all candidates but one. "OpenVINO driven bare"
gets the very batches that the engine makes, tokenised beforehand. It is what the engine's own work is measured
against.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from pipeline.adapters.models.openvino.text_model import SHIPPED_MODEL, OpenVinoEngine
from pipeline.app.stages.enrich import load_model
from pipeline.bench.figures import Spread, ratios, spread
from pipeline.bench.model.torch_baselines import ONE_AT_A_TIME, require_torch, torch_candidates
from pipeline.bench.rounds import Candidate, Measured, Report, alternate
from pipeline.bench.sample import Lengths, distinct_posts, lengths
from pipeline.clock import SystemClock
from pipeline.enrich.reading.reading import read_posts, readable_text
from pipeline.settings import ModelSettings, Settings
from schemas.posts.raw import RawPost

BARE = "OpenVINO driven bare, the same batches tokenised beforehand"
ENGINE = "Earshot's engine: normalise, tokenise, infer"
ENGINE_ALONE = "Earshot's engine without normalising"
REQUESTS_A_STREAM = 2
"""The engine uses as many, so that a stream never waits for whoever feeds it."""


@dataclass(frozen=True)
class Row:
    """Holds posts a second of one candidate, and how many times as fast as others it is. None means that they did
    not run.
    """

    name: str
    posts: int
    per_second: Spread
    x_one_at_a_time: Spread | None
    x_best_torch: Spread | None
    x_bare: Spread


@dataclass(frozen=True)
class EngineBench:
    """Holds all rows and describes the texts that they were measured on."""

    rows: list[Row]
    lengths: Lengths
    best_torch: str | None


def bench_engine(settings: Settings, posts: int, rounds: int, *, baseline: bool, report: Report) -> EngineBench:
    """Measures all candidates.

    Args:
        settings: the sections model and enrich count; the engine is OpenVINO without its cache.
        posts: the distinct posts of the sample.
        rounds: how often each candidate is measured.
        baseline: whether the torch candidates run.
        report: takes lines of progress.

    Raises:
        ServiceMissing: a baseline is wanted but torch is not installed.
        Misconfigured: the model is not there, or has no float parent for the baselines.
    """
    folder = Path(settings.model.path or SHIPPED_MODEL)
    if baseline:
        require_torch(folder / "float")
    sample = distinct_posts(posts, SystemClock().now())
    texts = [readable_text(post) for post in sample]
    candidates = torch_candidates(texts, folder / "float") if baseline else []
    candidates += engine_candidates(settings, sample, texts)
    measured = alternate(candidates, rounds, report=report)
    text_lengths = lengths(texts, Tokenizer.from_file(str(folder / "tokenizer.json")))
    return EngineBench(rows_of(measured), text_lengths, _best_torch(measured))


def open_engine(model: ModelSettings) -> OpenVinoEngine:
    """Opens the configured model on OpenVINO without the cache, and warms it up.

    Raises:
        Misconfigured: the model is not there, or is not one for OpenVINO.
    """
    engine = load_model(model.model_copy(update={"engine": "openvino", "cache_entries": 0}))
    assert isinstance(engine, OpenVinoEngine), "openvino without a cache is the engine itself"
    return engine


def engine_candidates(settings: Settings, posts: Sequence[RawPost], texts: Sequence[str]) -> list[Candidate]:
    """Returns bare OpenVINO, the engine, and the engine without normalising. Each call is as large as one of the
    stage.
    """
    engine, size = open_engine(settings.model), settings.enrich.batch_size
    calls = [list(texts[first : first + size]) for first in range(0, len(texts), size)]
    batches = [inputs for call in calls for _, inputs in engine.batches(call)]

    def whole(_: int) -> int:
        for first in range(0, len(posts), size):
            read_posts(posts[first : first + size], engine)
        return len(posts)

    def alone(_: int) -> int:
        for call in calls:
            engine.score(call)
        return len(texts)

    bare = _bare(settings.model, engine.opened.configuration.options, batches, len(texts))
    return [
        Candidate(BARE, len(texts), bare),
        Candidate(ENGINE, len(texts), whole),
        Candidate(ENGINE_ALONE, len(texts), alone),
    ]


def rows_of(measured: Sequence[Measured]) -> list[Row]:
    """Makes the table of medians over the rounds and of ratios between rates of the same round."""
    rates = {candidate.name: candidate.rates for candidate in measured}
    best = _best_torch(measured)
    return [
        Row(
            candidate.name,
            candidate.posts,
            spread(candidate.rates),
            ratios(candidate.rates, rates[ONE_AT_A_TIME]) if ONE_AT_A_TIME in rates else None,
            ratios(candidate.rates, rates[best]) if best else None,
            ratios(candidate.rates, rates[BARE]),
        )
        for candidate in measured
    ]


def _best_torch(measured: Sequence[Measured]) -> str | None:
    # The best torch line is chosen by its median, so a single lucky round does not make it.
    batched = [candidate for candidate in measured if candidate.name.startswith("torch ")]
    return max(batched, key=lambda candidate: spread(candidate.rates).median).name if batched else None


def _bare(
    model: ModelSettings, chosen: Mapping[str, str], batches: Sequence[Any], posts: int
) -> Callable[[int], int]:
    """Runs the same weights and options in a compiled model of its own. The answers stay where OpenVINO leaves
    them.
    """
    import openvino

    options = {"NUM_STREAMS": str(model.streams), "INFERENCE_NUM_THREADS": str(model.streams), **chosen}
    compiled = openvino.Core().compile_model(str(Path(model.path or SHIPPED_MODEL) / "model.xml"), "CPU", options)
    # An asynchronous queue keeps every stream busy, as the engine does.
    queue = openvino.AsyncInferQueue(compiled, model.streams * REQUESTS_A_STREAM)

    def run(_: int) -> int:
        for inputs in batches:
            queue.start_async(inputs)
        queue.wait_all()
        return posts

    return run
