from hypothesis import given
from hypothesis import strategies as st
from pytest import approx  # noqa: PT013 - one name is all that is needed

from pipeline.enrich.triage.priority import (
    URGENT_SHARE,
    WEIGHTS,
    Factors,
    influence_factor,
    priority_of,
    severity_factor,
    urgency_factor,
)

UNIT = st.floats(min_value=0, max_value=1)
FACTORS = st.builds(Factors, UNIT, UNIT, UNIT, UNIT, UNIT)
MAYBE = st.none() | UNIT


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


@given(FACTORS, UNIT)
def test_the_weights_of_the_reasons_are_points_and_sum_up_to_the_priority(
    factors: Factors, actionable: float
) -> None:
    priority, reasons = priority_of(factors, actionable)
    assert sum(reason.weight for reason in reasons) == approx(priority, abs=0.03)


def test_the_noisy_or_of_two_factors() -> None:
    priority, reasons = priority_of(Factors(0.5, 0, 1))
    assert priority == approx(100 * (1 - 0.85 * 0.65), abs=0.005)
    assert [reason.code for reason in reasons] == ["influence", "severity"]
    assert [reason.weight for reason in reasons] == approx([32.45, 12.3], abs=0.1)


@given(FACTORS, UNIT, UNIT)
def test_a_repost_or_copy_that_is_less_actionable_is_never_above_its_original(
    factors: Factors, first: float, second: float
) -> None:
    low, high = sorted((first, second))
    assert priority_of(factors, low)[0] <= priority_of(factors, high)[0]


@given(UNIT, UNIT, MAYBE, MAYBE)
def test_severity_grows_with_the_feeling_and_with_the_complaint(
    first: float, second: float, one: float | None, other: float | None
) -> None:
    low, high = sorted((first, second))
    less, more = sorted((1.0 if one is None else one, 1.0 if other is None else other))
    assert 0 <= severity_factor(low, less) <= severity_factor(high, more) <= 1


@given(st.tuples(UNIT, UNIT, UNIT), st.tuples(UNIT, UNIT, UNIT))
def test_urgency_grows_with_the_rule_the_words_and_the_text(
    first: tuple[float, float, float], second: tuple[float, float, float]
) -> None:
    low, high = ([pick(pair) for pair in zip(first, second, strict=True)] for pick in (min, max))
    assert 0 <= urgency_factor(*low) <= urgency_factor(*high) + 1e-12
    assert urgency_factor(*high) <= 1


def test_a_rule_multiplies_the_odds_of_the_text_and_the_text_parts_the_posts_of_a_rule() -> None:
    calm, pressing = urgency_factor(0.5, 0, 0.05), urgency_factor(0.5, 0, 0.6)
    assert calm == approx(0.26, abs=0.01)
    assert pressing == approx(0.91, abs=0.01)
    assert urgency_factor(URGENT_SHARE, 0, 0.05) == 0.05


def test_without_an_answer_of_the_text_the_urgency_of_the_rule_stands() -> None:
    assert urgency_factor(0.4, 0.2, None) == 0.4
    assert urgency_factor(0.4, 0.9, None) == 0.9


@given(st.floats(min_value=0, max_value=100), st.floats(min_value=0, max_value=100))
def test_the_influence_factor_grows_and_stays_within_1(first: float, second: float) -> None:
    low, high = sorted((first, second))
    assert 0 <= influence_factor(low) <= influence_factor(high) <= 1
