"""The configured engine as the enrich stage and the benches open it."""

from structlog.testing import capture_logs

from pipeline.adapters.models.cache import CachedModel
from pipeline.adapters.models.openvino.text_model import OpenVinoEngine
from pipeline.app.stages.enrich import load_model
from pipeline.settings import ModelSettings

PLAIN = ModelSettings(engine="openvino", streams=1)


def test_the_stages_engine_remembers_and_counts() -> None:
    lookups: list[tuple[int, int]] = []
    model = load_model(PLAIN, on_lookup=lambda hits, misses: lookups.append((hits, misses)))
    assert isinstance(model, CachedModel)
    first = model.score(["i love it", "i love it", "the shop is closed"])
    assert model.score(["the shop is closed"]) == first[2:]
    # Warming up went past the cache.
    assert lookups == [(1, 2), (1, 0)]


def test_without_entries_it_is_the_engine_alone() -> None:
    assert isinstance(load_model(PLAIN.model_copy(update={"cache_entries": 0})), OpenVinoEngine)


def test_it_says_which_engine_serves_which_model_and_why() -> None:
    with capture_logs() as logs:
        model = load_model(PLAIN)
    (said,) = [entry for entry in logs if entry["event"] == "engine chosen"]
    assert (said["engine"], said["why"], said["model"]) == ("openvino", "configured", model.name)
