"""Rules ask who the author is as a customer, and the value is a factor of the priority of its own."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.enrich.triage.priority import WEIGHTS, Factors, expected_value, priority_of
from pipeline.enrich.triage.triage import triage
from schemas.people.customer import Customer
from schemas.posts.scored import Triage
from tests.unit.enrich.posts import facts_of, policy, raw_post

UNIT = st.floats(min_value=0, max_value=1)
GOLD = Customer(customer_id="C-1", value=0.9, tier="Gold", segment="Private Banking", confidence=1)


def decide(customer: Customer | None, lower_bound: float = 0.0, **when: Any) -> Triage:
    asked = {"name": "asked", "when": when, "action": "escalate", "queue": "urgent"}
    other = {"name": "other", "action": "respond", "queue": "general"}
    facts = facts_of(raw_post(), lower_bound, customer=customer)
    return triage(facts, policy=policy(asked, other), backfill=False)


def changed(**fields: Any) -> Customer:
    return GOLD.model_copy(update=fields)


@pytest.mark.parametrize(
    ("customer", "when"),
    [
        (GOLD, {"min_customer_value": 0.9}),
        (changed(confidence=0.5), {"min_customer_value": 0.45}),
        (changed(value=0.0), {"min_customer_value": 0.0}),
        (GOLD, {"customer_kind": ["customer"]}),
        (changed(kind="lead"), {"customer_kind": ["prospect", "lead"]}),
        (GOLD, {"segment": ["private banking", "retail"]}),
        (changed(confidence=0.51), {"segment": ["PRIVATE BANKING"], "customer_kind": ["customer"]}),
    ],
)
def test_a_rule_holds_for_the_customers_that_it_asks_for(customer: Customer, when: dict[str, Any]) -> None:
    assert decide(customer, **when).action == "escalate"


@pytest.mark.parametrize(
    ("customer", "when"),
    [
        (None, {"min_customer_value": 0.0}),
        (changed(value=None), {"min_customer_value": 0.0}),
        (changed(confidence=0.5), {"min_customer_value": 0.9}),
        (None, {"customer_kind": ["customer"]}),
        (GOLD, {"customer_kind": ["lead"]}),
        (changed(confidence=0.5), {"customer_kind": ["customer"]}),
        (None, {"segment": ["retail"]}),
        (GOLD, {"segment": ["retail"]}),
        (changed(segment=None), {"segment": ["retail"]}),
        (changed(confidence=0.5), {"segment": ["private banking"]}),
        (GOLD, {"segment": ["private banking"], "customer_kind": ["lead"]}),
    ],
)
def test_a_rule_does_not_hold_where_the_customer_is_another_unknown_or_doubted(
    customer: Customer | None, when: dict[str, Any]
) -> None:
    assert decide(customer, **when).action == "respond"


def test_the_reason_says_what_the_customer_is_worth_and_how_sure_that_is() -> None:
    details = {one.code: one.detail for one in decide(GOLD).reasons}
    assert details["customer"] == "0.90 of 1, customer of tier Gold"
    doubted = changed(kind="prospect", tier=None, confidence=0.6, source="stated")
    details = {one.code: one.detail for one in decide(doubted).reasons}
    assert details["customer"] == "0.54 of 1, prospect, linked with 0.60 of 1 by stated"


def test_a_reason_has_room_for_the_longest_names() -> None:
    longest = changed(tier="t" * 100, source="s" * 100, confidence=0.9)
    assert "linked with" in {one.code: one.detail for one in decide(longest).reasons}["customer"]


def test_value_and_influence_are_two_reasons_and_neither_hides_the_other() -> None:
    weights = {one.code: one.weight for one in decide(GOLD, lower_bound=20).reasons}
    assert weights["customer"] > weights["influence"] > 0
    assert "customer" not in {one.code for one in decide(None, lower_bound=20).reasons}
    assert "influence" not in {one.code for one in decide(GOLD).reasons}


@given(UNIT, UNIT, UNIT)
def test_more_value_never_lowers_the_priority_and_gives_at_most_its_weight(
    urgency: float, first: float, second: float
) -> None:
    low, high = sorted((first, second))
    without, some, more = (
        priority_of(Factors(severity=0, urgency=urgency, influence=0, customer=value))[0]
        for value in (0, low, high)
    )
    assert without <= some <= more <= without + 100 * WEIGHTS["customer"] + 0.01


@given(UNIT, UNIT)
def test_the_expected_value_is_never_above_the_value(value: float, confidence: float) -> None:
    found = expected_value(changed(value=value, confidence=confidence))
    assert found is not None
    assert 0 <= found <= value
