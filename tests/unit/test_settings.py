"""Settings that are more than one word."""

import pytest

from pipeline.errors import Misconfigured
from pipeline.settings import load_settings


def test_models_by_language_are_a_json_object_or_a_variable_each(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().model.by_language == {}
    monkeypatch.setenv("EARSHOT_MODEL__BY_LANGUAGE", '{"de": "/models/de", "und": "someone/many"}')
    assert load_settings().model.by_language == {"de": "/models/de", "und": "someone/many"}
    monkeypatch.setenv("EARSHOT_MODEL__BY_LANGUAGE__ES", "/models/es")
    assert load_settings().model.by_language["es"] == "/models/es"


def test_languages_are_a_json_list(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().model.languages is None
    monkeypatch.setenv("EARSHOT_MODEL__LANGUAGES", '["en", "es"]')
    assert load_settings().model.languages == ("en", "es")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("EARSHOT_MODEL__BY_LANGUAGE", '{"German": "/models/de"}'),
        ("EARSHOT_MODEL__BY_LANGUAGE", '{"de": ""}'),
        ("EARSHOT_MODEL__LANGUAGES", '["en-GB"]'),
        ("EARSHOT_MODEL__LANGUAGES", "[]"),
    ],
)
def test_what_is_no_language_code_or_no_model_is_refused_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(Misconfigured, match=variable):
        load_settings()


@pytest.mark.parametrize("value", ["inf", "-inf", "nan", "1e300", "0", "-1"])
@pytest.mark.parametrize(
    "variable", ["ENRICH__INFERENCE_TIMEOUT_S", "ENRICH__LIVE_WITHIN_H", "ROUTE__REMEMBER_DAYS"]
)
def test_a_duration_that_is_none_is_refused_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(f"EARSHOT_{variable}", value)
    with pytest.raises(Misconfigured, match=variable):
        load_settings()


@pytest.mark.parametrize(("value", "fits"), [("0.05", False), ("4.9", False), ("5", True), ("3600", True)])
def test_a_time_out_in_which_no_batch_can_be_scored_is_refused(
    monkeypatch: pytest.MonkeyPatch, value: str, fits: bool
) -> None:
    monkeypatch.setenv("EARSHOT_ENRICH__INFERENCE_TIMEOUT_S", value)
    if fits:
        assert load_settings().enrich.inference_timeout_s == float(value)
    else:
        with pytest.raises(Misconfigured, match="INFERENCE_TIMEOUT_S: must be at least 5"):
            load_settings()
