"""A list that is right is kept whole before it is sent, as the links that it says."""

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.app.customers.asked import LoadRequest
from pipeline.app.customers.checking import Checked, Spool, check_list
from pipeline.app.customers.loading import doublings, load_customers
from pipeline.app.importing.place import open_place
from pipeline.app.importing.request import FileOptions
from pipeline.clock import SystemClock
from pipeline.codec import decode, encode
from pipeline.errors import Misconfigured, Permanent
from pipeline.ingest.customers.customer_map import CustomerMap
from pipeline.ingest.customers.linking import Linker
from pipeline.ingest.customers.whole_list import WholeList
from pipeline.ingest.sources.source_map import Feed
from schemas.people.customer import Customer, CustomerLink


def check(tmp_path: Path, text: str, name: str = "crm.csv", **request: Any) -> tuple[Checked, dict[str, Any]]:
    """Checks a list, and returns the links in it by key; None for one that is taken back."""
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with ExitStack() as stack:
        place = open_place(str(path), stack)
        spool = Spool(stack.enter_context(TemporaryFile()))
        wanted = LoadRequest(str(path), "acme", **request)
        checked = check_list(place, wanted, lambda _, network: network != "reddit", spool, lambda _: None)
        links = {
            (one.key or b"").decode(): None if one.value is None else decode(CustomerLink, one.value)
            for one in spool.records()
        }
    return checked, links


def test_a_row_with_several_handles_is_as_many_links(tmp_path: Path) -> None:
    text = (
        "Customer ID;Twitter;Instagram;Reddit;Tier;Value;Segment;Language;Last Modified\n"
        "C-1;@ann;ann.b;;gold;0,95;Private Banking;de, en;03.11.2026\n"
        "C-2;;;;silver;0,5;Retail;;\n"
    )
    checked, links = check(tmp_path, text)
    ann = Customer(customer_id="C-1", value=0.95, tier="gold", segment="Private Banking", languages=("de", "en"))
    assert {key: link.customer for key, link in links.items()} == {"acme/x:ann": ann, "acme/instagram:ann.b": ann}
    assert (checked.rows, checked.links, checked.without_handle, checked.refused) == (2, 2, 1, 0)


def test_a_map_says_what_words_are_worth(tmp_path: Path) -> None:
    text = "Nr,Netz,Wer,Stufe,Art\n7,Twitter,ann,Gold,Kunde\n8,Twitter,bo,Blech,Interessent\n"
    customer_map = CustomerMap.model_validate(
        {
            "columns": {"customer_id": "Nr", "platform": "Netz", "author_id": "Wer", "tier": "Stufe",
                        "value": "Stufe", "kind": "Art"},
            "values": {"value": {"gold": 1, "blech": 0.1}, "platform": {"twitter": "x"},
                       "kind": {"Kunde": "customer", "Interessent": "prospect"}},
        }
    )  # fmt: skip
    links = check(tmp_path, text, customer_map=customer_map)[1]
    assert [(key, link.kind, link.value, link.tier) for key, link in links.items()] == [
        ("acme/x:ann", "customer", 1.0, "Gold"),
        ("acme/x:bo", "prospect", 0.1, "Blech"),
    ]


def test_links_as_the_contract_has_them_need_no_map(tmp_path: Path) -> None:
    text = '{"workspace": "other", "author_id": "x:1", "customer_id": "7", "languages": ["de"], "value": 0.5}\n'
    link = check(tmp_path, text, "links.jsonl")[1]["other/x:1"]
    assert (link.customer_id, link.languages, link.value, link.source) == ("7", ("de",), 0.5, "crm")


def test_a_row_may_take_its_link_back(tmp_path: Path) -> None:
    text = "customer id,handle,deleted\n7,ann,true\n8,bo,\n"
    checked, links = check(tmp_path, text, options=FileOptions(platform="x"))
    assert links["acme/x:ann"] is None
    assert links["acme/x:bo"].customer_id == "8"
    assert (checked.links, checked.taken_back) == (1, 1)


def test_a_list_replaces_only_the_links_of_a_workspace_that_is_named() -> None:
    with pytest.raises(Misconfigured, match="--replace needs --workspace"):
        load_customers(
            lambda: pytest.fail("nothing is read"), LoadRequest("x", replace=True), SystemClock(), print
        )


LINKS = st.lists(
    st.builds(
        lambda author, customer, value: CustomerLink(
            workspace="acme", author_id=f"x:{author}", customer_id=f"C-{customer}", value=value / 2
        ),
        st.integers(0, 6), st.integers(0, 4), st.integers(0, 1),
    ),
    max_size=12,
)  # fmt: skip


def expected(links: list[CustomerLink]) -> list[tuple[int, str]]:
    """The mistakes as one reads them off the list with a dictionary."""
    found: list[tuple[int, str]] = []
    authors: dict[str, CustomerLink] = {}
    said: dict[str, CustomerLink] = {}
    for line, link in enumerate(links):
        first = authors.setdefault(link.author_id, link)
        if first is not link:
            same = first.customer_id == link.customer_id
            found.append((line, "duplicate_handle" if same else "two_customers"))
        if said.setdefault(link.customer_id, link).value != link.value:
            found.append((line, "customer_differs"))
    return sorted(found)


@given(LINKS)
def test_the_hashes_of_a_list_find_what_a_dictionary_finds(links: list[CustomerLink]) -> None:
    whole = WholeList()
    for line, link in enumerate(links):
        whole.add(line, link)
    assert sorted((line, reason.code) for line, reason in whole.mistakes()) == expected(links)


@pytest.mark.parametrize(
    ("before", "now", "steps"),
    [(0, 0, 0), (0, 1, 5), (1, 0, -5), (0.5, 1, 1), (0.5, 0.9, 0), (0.1, 0.95, 3), (0, 0.01, 0), (0.9, 0.2, -2)],
)
def test_the_value_steps_by_doublings(before: float, now: float, steps: int) -> None:
    assert doublings(before, now) == steps


CELLS = st.text(max_size=12) | st.sampled_from(("ann", "x:ann", "0,5", "1.5", "de", "customer", "2026-11-03"))
COLUMNS = ("customer_id", "author_id", "platform", "value", "languages", "kind", "updated_at", "deleted")
LINKER = Linker(
    CustomerMap(columns={name: Feed(of=(name,)) for name in COLUMNS}, constants={"workspace": "acme"}),
    COLUMNS,
    lambda _, network: network != "reddit",
)


@given(st.fixed_dictionaries(dict.fromkeys(COLUMNS, CELLS)))
def test_any_cells_give_links_that_the_contract_takes_or_a_reason_with_the_field(cells: dict[str, str]) -> None:
    found, fields = [], set()
    try:
        found = LINKER.links(cells)
    except Permanent as reason:
        fields.add(reason.field)
    assert fields <= set(COLUMNS)
    assert all(decode(CustomerLink, encode(one.link)) == one.link for one in found)
