"""A second model reads one language, with real engines and the real detector, from the settings to the scored
post.
"""

import json
import shutil

import pytest

from pipeline.adapters.models.openvino.text_model import SHIPPED_MODEL
from pipeline.app.languages import load_languages
from pipeline.app.stages.enrich import load_model
from pipeline.settings import ModelSettings
from schemas.posts.scored import ScoredPost
from tests.unit.enrich.posts import policy, raw_post, received, score_all

TEXTS = {
    "en": "I love this shop, the staff is so kind",
    "de": "Der Zug ist schon wieder zu spät und niemand hilft uns",
    "es": "El tren llega tarde otra vez y nadie nos ayuda",
    "und": "12:30 :-)",
}


@pytest.fixture(scope="module")
def german(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Copies the shipped model under another name."""
    folder = tmp_path_factory.mktemp("models") / "german"
    shutil.copytree(SHIPPED_MODEL, folder, ignore=shutil.ignore_patterns("float"))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"name": "german"}))
    return str(folder)


def scored(settings: ModelSettings) -> dict[str, ScoredPost]:
    lookups: list[tuple[int, int]] = []
    found = score_all(
        [received(raw_post(text)) for text in TEXTS.values()],
        model=load_model(settings),
        policies={"acme": policy()},
        live_within_s=86_400,
        languages=load_languages(settings, on_lookup=lambda hits, misses: lookups.append((hits, misses))),
    )
    assert lookups == [(0, 1)] * len(settings.by_language), "each further model has a cache of its own"
    return dict(zip(TEXTS, found, strict=True))


def test_the_texts_of_its_language_are_read_by_it_and_are_not_weak(german: str) -> None:
    alone = scored(ModelSettings(streams=1))
    both = scored(ModelSettings(streams=1, by_language={"de": german}))
    for found in (alone, both):
        assert [post.language and post.language.code for post in found.values()] == list(TEXTS)
    models = {code: post.sentiment.model.partition("@")[0] for code, post in both.items() if post.sentiment}
    assert models["de"] == "german"
    assert len({models[code] for code in ("en", "es", "und")} - {"german"}) == 1
    weak = [[bool(post.sentiment and post.sentiment.weak) for post in found.values()] for found in (alone, both)]
    assert weak == [[False, True, True, False], [False, False, True, False]]
    assert [reason.code for reason in alone["de"].triage.reasons][-1] == "weak_sentiment"
    assert "weak_sentiment" not in {reason.code for reason in both["de"].triage.reasons}


def test_one_model_for_two_languages_is_loaded_once(german: str) -> None:
    languages = load_languages(ModelSettings(streams=1, by_language={"de": german, "es": german}))
    assert languages.models["de"] is languages.models["es"]
