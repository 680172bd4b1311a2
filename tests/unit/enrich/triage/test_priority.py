from hypothesis import given
from hypothesis import strategies as st
from pytest import approx  # noqa: PT013 - one name is all that is needed

from pipeline.enrich.triage.priority import WEIGHTS, Factors, influence_factor, priority_of

UNIT = st.floats(min_value=0, max_value=1)
FACTORS = st.builds(Factors, UNIT, UNIT, UNIT)


@given(FACTORS, FACTORS)
def test_raising_any_factor_never_lowers_priority(first: Factors, second: Factors) -> None:
    low = Factors(*(min(pair) for pair in zip(first, second, strict=True)))
    high = Factors(*(max(pair) for pair in zip(first, second, strict=True)))
    assert priority_of(low)[0] <= priority_of(high)[0]


@given(FACTORS)
def test_priority_is_within_bounds_rounded_and_deterministic(factors: Factors) -> None:
    priority, reasons = priority_of(factors)
    assert 0 <= priority <= 100
    assert priority == round(priority, 2)
    assert priority_of(factors) == (priority, reasons)


@given(UNIT)
def test_influence_alone_never_exceeds_35(influence: float) -> None:
    assert priority_of(Factors(0, 0, influence))[0] <= 35


@given(UNIT, UNIT)
def test_full_urgency_alone_reaches_70(severity: float, influence: float) -> None:
    assert priority_of(Factors(severity, 1.0, influence))[0] >= 70


@given(FACTORS)
def test_reasons_are_the_shares_of_the_factors_strongest_first(factors: Factors) -> None:
    _, reasons = priority_of(factors)
    weights = [reason.weight for reason in reasons]
    assert weights == sorted(weights, reverse=True)
    assert {reason.code for reason in reasons} <= set(WEIGHTS)
    assert {reason.code for reason in reasons} == {
        name for name, value in factors._asdict().items() if WEIGHTS[name] * value > 0
    }


def test_the_noisy_or_of_two_factors() -> None:
    priority, reasons = priority_of(Factors(0.5, 0, 1))
    assert priority == approx(100 * (1 - 0.7 * 0.65), abs=0.005)
    assert [reason.code for reason in reasons] == ["influence", "severity"]


@given(st.floats(min_value=0, max_value=100), st.floats(min_value=0, max_value=100))
def test_the_influence_factor_grows_and_stays_within_1(first: float, second: float) -> None:
    low, high = sorted((first, second))
    assert 0 <= influence_factor(low) <= influence_factor(high) <= 1
