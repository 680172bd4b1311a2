"""A post is joined with the customer behind its author where that is known and allowed."""

import pytest

from pipeline.enrich.facts import Facts
from pipeline.enrich.preparation import Preparation
from schemas.people.customer import Customer, CustomerLink
from schemas.policy.policy import Policy
from schemas.posts.raw import RawPost
from tests.unit.enrich.posts import policy, raw_post, received

ANN = Customer(customer_id="C-1", value=0.9, tier="gold")


def customer_of(post: RawPost, known: dict[tuple[str, str], Customer], using: Policy | None) -> Customer | None:
    preparation = Preparation(customer_of=lambda workspace, author: known.get((workspace, author)))
    policies = {} if using is None else {"acme": using}
    [facts] = preparation.prepare([received(post)], policies, "processing")
    assert isinstance(facts, Facts)
    return facts.customer


@pytest.mark.parametrize("using", [None, policy(), policy(link_identity=["x"])])
def test_the_customer_behind_an_author_is_a_fact_of_the_post(using: Policy | None) -> None:
    assert customer_of(raw_post(), {("acme", "x:42"): ANN}, using) == ANN
    assert customer_of(raw_post(), {("acme", "x:43"): ANN}, using) is None


def test_nothing_crosses_the_border_of_a_workspace() -> None:
    assert customer_of(raw_post(), {("other", "x:42"): ANN}, policy()) is None


@pytest.mark.parametrize("using", [None, policy(), policy(link_identity=["reddit"])])
def test_a_network_that_forbids_it_is_linked_only_where_a_policy_names_it(using: Policy | None) -> None:
    post = raw_post(post_id="reddit:1", platform="reddit", author={"author_id": "reddit:42"})
    found = customer_of(post, {("acme", "reddit:42"): ANN}, using)
    assert found == (ANN if using is not None and using.link_identity else None)


def test_a_policy_that_names_networks_allows_no_other() -> None:
    assert customer_of(raw_post(), {("acme", "x:42"): ANN}, policy(link_identity=["bluesky"])) is None


def test_an_id_that_may_be_several_people_is_never_linked() -> None:
    post = raw_post(author={"author_id": "x:42", "anonymous": True})
    assert customer_of(post, {("acme", "x:42"): ANN}, policy()) is None


def test_the_brand_is_no_customer_of_its_own() -> None:
    assert customer_of(raw_post(author={"author_id": "x:7"}), {("acme", "x:7"): ANN}, policy()) is None


def test_a_post_tells_all_of_its_link_but_whose_it_is_and_when_it_changed() -> None:
    link = CustomerLink(workspace="acme", author_id="x:42", **ANN.model_dump())
    assert link.customer == ANN
