"""Which engine serves which model on which machine, and what is said when none can."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.adapters.models import engines
from pipeline.adapters.models.engines import choose_engine, describe_model, for_language, languages_of
from pipeline.adapters.models.openvino.text_model import SHIPPED_MODEL
from pipeline.adapters.models.torch import text_model as torch_engine
from pipeline.adapters.models.torch.text_model import TorchEngine, find_gpu, labels_of
from pipeline.errors import Misconfigured, ServiceMissing
from pipeline.settings import ModelSettings


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, str]:
    """Kinds of models: only their descriptions, which is all that a choice looks at."""
    written = {"earshot": {"sha256": {}}, "with_float": {"sha256": {}}, "transformers": {"model_type": "bert"}}
    for name, config in written.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text(json.dumps(config))
    (tmp_path / "with_float" / "float").mkdir()
    return {name: str(tmp_path / name) for name in written} | {"hub": "someone/some-model_1.0"}


@pytest.mark.parametrize(
    ("wanted", "model", "gpu", "engine", "why"),
    [
        ("auto", "earshot", None, "openvino", "no GPU"),
        ("auto", "with_float", None, "openvino", "no GPU"),
        ("auto", "with_float", "H100", "torch", "H100 is there"),
        ("auto", "earshot", "H100", "openvino", "no float parent"),
        ("auto", "transformers", None, "torch", "a Hugging Face folder"),
        ("auto", "hub", None, "torch", "a hub id"),
        ("auto", "hub", "H100", "torch", "a hub id"),
        ("openvino", "with_float", "H100", "openvino", "configured"),
        ("torch", "earshot", None, "torch", "configured"),
        ("torch", "transformers", None, "torch", "configured"),
    ],
)
def test_the_engine_and_why(
    folders: dict[str, str], wanted: str, model: str, gpu: str | None, engine: str, why: str
) -> None:
    settings = ModelSettings.model_validate({"path": folders[model], "engine": wanted})
    choice = choose_engine(settings, gpu)
    assert (choice.engine, choice.model) == (engine, folders[model])
    assert why in choice.why


def test_without_a_path_it_is_the_shipped_model() -> None:
    assert choose_engine(ModelSettings(), None).model == str(SHIPPED_MODEL)


@pytest.mark.parametrize("model", ["transformers", "hub"])
def test_openvino_serves_only_model_folders(folders: dict[str, str], model: str) -> None:
    settings = ModelSettings(path=folders[model], engine="openvino")
    with pytest.raises(Misconfigured, match="openvino needs an Earshot model folder"):
        choose_engine(settings, None)


@pytest.mark.parametrize("engine", ["auto", "torch", "openvino"])
@pytest.mark.parametrize("path", ["/no/such/folder", "./models", "a/b/c", "empty"])
def test_a_model_that_is_nowhere_is_refused_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str, path: str
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Misconfigured, match=path):
        choose_engine(ModelSettings.model_validate({"path": path, "engine": engine}), None)


def test_without_torch_its_engine_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_engine, "find_spec", lambda _name: None)
    assert find_gpu() is None
    with pytest.raises(ServiceMissing, match="make setup-torch"):
        TorchEngine(SHIPPED_MODEL)


def test_importing_the_engines_imports_neither_torch_nor_transformers() -> None:
    code = (
        "import sys, pipeline.adapters.models.engines; print(sorted({'torch', 'transformers'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout == "[]\n"


def test_labels_are_lower_case_in_the_order_of_the_columns() -> None:
    assert labels_of({1: "Positive", 0: "NEGATIVE"}) == ["negative", "positive"]
    assert labels_of({0: "LABEL_0", 1: "LABEL_1", 2: "LABEL_2"}) == ["negative", "neutral", "positive"]
    assert labels_of({0: "LABEL_0", 1: "LABEL_1"}) == ["label_0", "label_1"]


def test_what_a_model_was_made_for_is_configured_or_said_by_its_folder_or_english(
    folders: dict[str, str], tmp_path: Path
) -> None:
    for name in ("earshot", "transformers"):
        assert languages_of(ModelSettings(path=folders[name])) == {"en"}
        config = {"sha256": {}, "languages": ["de", "arz"]} if name == "earshot" else {"languages": ["de", "arz"]}
        (tmp_path / name / "config.json").write_text(json.dumps(config))
        assert languages_of(ModelSettings(path=folders[name])) == {"de", "arz"}
        assert languages_of(ModelSettings(path=folders[name], languages=("fr",))) == {"fr"}
    assert languages_of(ModelSettings(path=folders["hub"])) == {"en"}
    assert languages_of(ModelSettings(path=folders["hub"], languages=("es", "pt"))) == {"es", "pt"}
    assert languages_of(ModelSettings()) == {"en"}


@pytest.mark.parametrize("languages", ["en", [], ["English"], {"en": 1}, [1]])
def test_a_folder_that_names_no_language_codes_is_refused(tmp_path: Path, languages: object) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"languages": languages}))
    with pytest.raises(Misconfigured, match="languages"):
        languages_of(ModelSettings(path=str(tmp_path)))


@pytest.mark.parametrize("engine", ["openvino", "torch"])
def test_the_engine_of_a_model_for_one_language_is_chosen_by_itself(folders: dict[str, str], engine: str) -> None:
    settings = ModelSettings.model_validate(
        {"engine": engine, "streams": 1, "by_language": {"de": folders["hub"], "es": folders["earshot"]}}
    )
    german, spanish = for_language(settings, "de"), for_language(settings, "es")
    assert choose_engine(german, None)[:2] == ("torch", folders["hub"])
    assert choose_engine(spanish, None)[:2] == ("openvino", folders["earshot"])
    assert (german.streams, german.languages, german.by_language) == (1, ("de",), {})


def test_a_model_is_described_by_what_serves_it_and_one_for_torch_is_not_loaded_for_it(
    folders: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch_engine, "find_spec", lambda _name: object())
    monkeypatch.setattr(engines, "find_gpu", lambda: None)
    assert re.match(r"earshot-.* on openvino in \w+, known answers within 0\.0", describe_model(ModelSettings()))
    hub = describe_model(ModelSettings(path=folders["hub"]))
    assert hub == "someone/some-model_1.0 (the first start downloads it from the hub) on torch"
    with pytest.raises(Misconfigured, match=r"none of model\.safetensors"):
        describe_model(ModelSettings(path=folders["transformers"]))
    (tmp_path / "transformers" / "model.safetensors").touch()
    found = describe_model(ModelSettings(path=folders["transformers"]))
    assert found == "transformers (Hugging Face folder) on torch"
    with pytest.raises(Misconfigured, match="earshot"):
        describe_model(ModelSettings(path=folders["earshot"]))


def test_a_model_for_torch_without_torch_is_a_missing_service(
    folders: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch_engine, "find_spec", lambda _name: None)
    monkeypatch.setattr(engines, "find_gpu", lambda: None)
    with pytest.raises(ServiceMissing, match="make setup-torch"):
        describe_model(ModelSettings(path=folders["hub"]))
