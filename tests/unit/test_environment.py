"""Every name with the prefix is a setting, or is refused with the nearest one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.environment import PARENT_FD, SettingVariables, mistakes
from pipeline.errors import Misconfigured
from pipeline.settings import Settings, load_settings

KNOWN = SettingVariables.of(Settings)
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ_"


def refused(**environment: str) -> dict[str, str]:
    return dict(mistakes(Settings, environment))


@settings(deadline=None)
@given(st.sampled_from(sorted(KNOWN.plain)), st.data())
def test_a_slip_of_one_letter_is_refused_and_the_right_name_is_suggested(name: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(len("EARSHOT_"), len(name) - 1))
    letter = data.draw(st.sampled_from(LETTERS))
    slip = data.draw(
        st.sampled_from(
            [name[:at] + name[at + 1 :], name[:at] + letter + name[at:], name[:at] + letter + name[at + 1 :]]
        )
    )
    if slip in KNOWN.all:
        return
    said = refused(**{slip: "1"})[slip]
    assert said.startswith("there is no such setting; did you mean EARSHOT_")
    # Short names have several neighbours one letter away, so the nearest may be another one.
    assert name in said or len(name) < 18


def test_every_setting_is_known_in_any_case_and_so_is_what_the_supervisor_sets() -> None:
    values = {name: KNOWN.json.get(name, "1") for name in KNOWN.all} | {PARENT_FD: "5"}
    assert refused(**values) == {}
    assert refused(**{name.lower(): value for name, value in values.items()}) == {}


def test_what_kubernetes_sets_for_a_service_of_that_name_is_no_setting() -> None:
    links = {
        "EARSHOT_SERVICE_HOST": "10.0.0.11",
        "EARSHOT_SERVICE_PORT": "8080",
        "EARSHOT_ROUTE_SERVICE_PORT_METRICS": "8080",
        "EARSHOT_PORT": "tcp://10.0.0.11:8080",
        "EARSHOT_PORT_8080_TCP": "tcp://10.0.0.11:8080",
        "EARSHOT_PORT_8080_TCP_ADDR": "10.0.0.11",
    }
    assert refused(**links) == {}
    assert list(refused(EARSHOT_OPERATE_HTTP_PORT="8080")) == ["EARSHOT_OPERATE_HTTP_PORT"]


def test_an_empty_password_is_one_and_any_other_empty_value_is_refused() -> None:
    assert refused(EARSHOT_CLICKHOUSE__PASSWORD="") == {}
    assert "is empty" in refused(EARSHOT_CLICKHOUSE__USER=" ")["EARSHOT_CLICKHOUSE__USER"]


@pytest.mark.parametrize(("names", "at_least"), [(KNOWN.plain, 20), (set(KNOWN.json), 8)])
def test_no_refusal_repeats_a_value(names: set[str], at_least: int, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "hunter-2"
    for name in names - {"EARSHOT_CLICKHOUSE__PASSWORD", "EARSHOT_CLICKHOUSE__USER"}:
        monkeypatch.setenv(name, secret)
    monkeypatch.setenv("EARSHOT_KAFKA__SASL_PASWORD", secret)
    with pytest.raises(Misconfigured) as error:
        load_settings()
    assert len(str(error.value).splitlines()) >= at_least
    assert secret not in str(error.value)
