"""`earshot bench engine`: the engine beside the usual ways to run its model, in one run, on the same posts.

In: the settings, how many posts. Out: a row a candidate, with its rate and its ratios, round by round. Never here:
the torch lines.

Normalising counts for the engine alone, tokenising for all but one: "OpenVINO driven bare" gets the very batches
that the engine makes, tokenised beforehand, and is what the engine's own work is measured against.
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
from pipeline.bench.rounds import Candidate, Measured, Say, alternate
from pipeline.bench.sample import Lengths, distinct_posts, lengths
from pipeline.clock import SystemClock
from pipeline.enrich.reading.reading import read_posts, readable_text
from pipeline.settings import ModelSettings, Settings
from schemas.posts.raw import RawPost

BARE = "OpenVINO driven bare, the same batches tokenised beforehand"
ENGINE = "Earshot's engine: normalise, tokenise, infer"
ENGINE_ALONE = "Earshot's engine without normalising"
REQUESTS_A_STREAM = 2
"""As in the engine: a stream never waits for the one who feeds it."""


@dataclass(frozen=True)
class Row:
    """One candidate: posts a second, and how many times as fast as others (None: they did not run)."""

    name: str
    posts: int
    per_second: Spread
    x_one_at_a_time: Spread | None
    x_best_torch: Spread | None
    x_bare: Spread


@dataclass(frozen=True)
class EngineBench:
    """All rows, and the texts that they were measured on."""

    rows: list[Row]
    lengths: Lengths
    best_torch: str | None


def bench_engine(settings: Settings, posts: int, rounds: int, *, baseline: bool, say: Say) -> EngineBench:
    """Measures all candidates.

    Args:
        settings: its model and enrich sections count; the engine is OpenVINO, without its cache.
        posts: distinct posts of the sample.
        rounds: how often each is measured.
        baseline: whether the torch lines run.
        say: takes progress lines.

    Raises:
        ServiceMissing: a baseline is wanted but torch is not installed.
        Misconfigured: the model is not there, or has no float parent for the baselines.
    """
    folder = Path(settings.model.path or SHIPPED_MODEL)
    if baseline:
        require_torch(folder / "float")
    made = distinct_posts(posts, SystemClock().now())
    texts = [readable_text(post) for post in made]
    candidates = torch_candidates(texts, folder / "float") if baseline else []
    candidates += engine_candidates(settings, made, texts)
    measured = alternate(candidates, rounds, say=say)
    sample = lengths(texts, Tokenizer.from_file(str(folder / "tokenizer.json")))
    return EngineBench(rows_of(measured), sample, _best_torch(measured))


def open_engine(model: ModelSettings) -> OpenVinoEngine:
    """The configured model on OpenVINO, without the cache, warm.

    Raises:
        Misconfigured: the model is not there, or not one for OpenVINO.
    """
    engine = load_model(model.model_copy(update={"engine": "openvino", "cache_entries": 0}))
    assert isinstance(engine, OpenVinoEngine), "openvino without a cache is the engine itself"
    return engine


def engine_candidates(settings: Settings, posts: Sequence[RawPost], texts: Sequence[str]) -> list[Candidate]:
    """Bare OpenVINO, the engine, and the engine without normalising; each call as large as the stage's."""
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
    """The table: medians over the rounds, and ratios of the rates that belong to the same round."""
    rates = {each.name: each.rates for each in measured}
    best = _best_torch(measured)
    return [
        Row(
            each.name,
            each.posts,
            spread(each.rates),
            ratios(each.rates, rates[ONE_AT_A_TIME]) if ONE_AT_A_TIME in rates else None,
            ratios(each.rates, rates[best]) if best else None,
            ratios(each.rates, rates[BARE]),
        )
        for each in measured
    ]


def _best_torch(measured: Sequence[Measured]) -> str | None:
    batched = [each for each in measured if each.name.startswith("torch ")]
    return max(batched, key=lambda each: spread(each.rates).median).name if batched else None


def _bare(
    model: ModelSettings, chosen: Mapping[str, str], batches: Sequence[Any], posts: int
) -> Callable[[int], int]:
    """The same weights and options in a compiled model of its own; answers stay where OpenVINO leaves them."""
    import openvino

    options = {"NUM_STREAMS": str(model.streams), "INFERENCE_NUM_THREADS": str(model.streams), **chosen}
    compiled = openvino.Core().compile_model(str(Path(model.path or SHIPPED_MODEL) / "model.xml"), "CPU", options)
    queue = openvino.AsyncInferQueue(compiled, model.streams * REQUESTS_A_STREAM)

    def run(_: int) -> int:
        for inputs in batches:
            queue.start_async(inputs)
        queue.wait_all()
        return posts

    return run
