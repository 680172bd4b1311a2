"""`earshot who` runs on the real ClickHouse engine."""

import json
from collections.abc import Iterator

import pytest

from pipeline.adapters.clickhouse.writer import ClickHouseWriter
from pipeline.cli import main
from pipeline.clock import from_ms
from pipeline.local.endpoints import Endpoints
from pipeline.ports.records import InputRecord
from pipeline.sink.columns import Source
from pipeline.sink.tables.posts import POSTS
from schemas.people.customer import Customer
from tests.builders import START_MS, author, scored
from tests.integration.sink_lab import SinkLab, close_lab, open_lab

pytestmark = pytest.mark.integration

ANN = Customer(customer_id="C-1", value=0.95, tier="gold", source="login")


@pytest.fixture(scope="module")
def lab(stack: Endpoints) -> Iterator[SinkLab]:
    lab = open_lab(stack)
    posts = [
        scored("p1", author=author("ann", handle="Ann")),
        scored("p2", ms=1, author=author("ann", handle="Ann"), customer=ANN),
        scored("p3", ms=2, author=author("annie"), customer=ANN.model_copy(update={"confidence": 0.5})),
        scored("p4", ms=3, author=author("bo"), customer=ANN.model_copy(update={"customer_id": "C-2"})),
        scored("p5", ms=4, author=author("bo")),
    ]
    source = Source(InputRecord("posts.scored", 0, 0, None, b"", START_MS), from_ms(START_MS))
    rows = [POSTS.row(post, source) for post in posts]
    ClickHouseWriter(lab.store).insert("posts", POSTS.names, rows, token="who")
    yield lab
    close_lab(lab)


@pytest.fixture(autouse=True)
def environment(lab: SinkLab, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in lab.environment.items():
        monkeypatch.setenv(name, value)


def who(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[object, str]:
    with pytest.raises(SystemExit) as ended:
        main(["who", *argv])
    return ended.value.code, capsys.readouterr().out


@pytest.mark.parametrize("name", ["@ann", "x:Ann", "x:ann"])
def test_a_handle_is_found_with_the_customer_and_their_other_handles(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out = who(capsys, name)
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == "x:ann in acme (Ann)"
    assert "  customer C-1, value 0.95 of 1, gold" in lines
    assert lines[-2:] == ["    x:ann: 1.00 of 1 by login, 1 posts", "    x:annie: 0.50 of 1 by login, 1 posts"]


def test_whoever_is_linked_to_nobody_is_told_so(capsys: pytest.CaptureFixture[str]) -> None:
    code, out = who(capsys, "bo", "--json")
    found = json.loads(out)
    assert (code, found["author"]["customer"], found["handles"], found["cases"]) == (0, "", [], [])
    assert found["author"]["value"] is None, "the link was taken back"
    assert found["author"]["first_at"].endswith("Z")


def test_a_name_that_nobody_has_is_no(capsys: pytest.CaptureFixture[str]) -> None:
    assert who(capsys, "nobody")[0] == 1
    assert who(capsys, "ann", "--workspace", "other")[0] == 1
