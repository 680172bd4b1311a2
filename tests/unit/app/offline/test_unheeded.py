"""A policy says which of its fields this release does not act on."""

import pytest

from pipeline.app.offline.unheeded import UNHEEDED, unheeded
from schemas.policy.policy import Policy
from tests.builders import policy

SAID = {
    "borrows": [{"team": "care", "waiting_over": 3}],
    "skills": ["spanish"],
    "rings": [{"after_s": 60, "raise_priority": 5}],
    "sticky": {"scope": "any"},
    "limits": {"max_waiting": 5, "overflow_queue": "care"},
}


def test_a_policy_of_today_has_no_such_field() -> None:
    assert list(unheeded(policy())) == []


@pytest.mark.parametrize("way", UNHEEDED, ids=".".join)
def test_each_field_is_one_of_policies(way: tuple[str, ...]) -> None:
    model: object = Policy
    for name in way:
        assert isinstance(model, type)
        assert name in model.model_fields  # type: ignore[attr-defined]
        annotation = model.model_fields[name].annotation  # type: ignore[attr-defined]
        model = next((part for part in getattr(annotation, "__args__", ()) if hasattr(part, "model_fields")), None)
        model = model or annotation


def test_what_is_said_otherwise_than_usual_is_named_at_its_place() -> None:
    data = policy().model_dump(mode="json")
    data["queues"] = [*data["queues"], {"name": "quick", "team": "fast", "fairness": "load"} | SAID]
    data |= {"missed_offers": 3, "lease": {"seconds": 180}}
    places = {place for place, _ in unheeded(Policy.model_validate(data))}
    last = len(data["queues"]) - 1
    said = {("missed_offers",), *(("queues", last, name) for name in SAID)}
    waited = {(*way[:1], last, *way[1:]) if way[0] == "queues" else way for way in UNHEEDED}
    assert places == said & waited
