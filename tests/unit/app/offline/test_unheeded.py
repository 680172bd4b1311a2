"""A policy says which of its fields this release does not act on."""

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel

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


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models of which a field is made, however deep within tuples and annotations."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from models_in(part)


@pytest.mark.parametrize("way", UNHEEDED, ids=".".join)
def test_each_field_is_one_of_policies(way: tuple[str, ...]) -> None:
    found: list[type[BaseModel]] = [Policy]
    for name in way:
        [field] = [model.model_fields[name] for model in found if name in model.model_fields]
        found = list(models_in(field.annotation))


def test_what_is_said_otherwise_than_usual_is_named_at_its_place() -> None:
    data = policy().model_dump(mode="json")
    data["queues"] = [*data["queues"], {"name": "quick", "team": "fast", "fairness": "load"} | SAID]
    data |= {"offers_per_hour": 3, "link_identity": ["x"]}
    places = {place for place, _ in unheeded(Policy.model_validate(data))}
    last = len(data["queues"]) - 1
    said = {("link_identity",), ("offers_per_hour",), *(("queues", last, name) for name in SAID)}
    waited = {(*way[:1], last, *way[1:]) if way[0] == "queues" else way for way in UNHEEDED}
    assert places == said & waited
    assert places, "nothing is left that has no effect"
