"""`earshot query` and `earshot report` run on the real ClickHouse engine."""

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
from tests.builders import START_MS, scored, sentiment
from tests.integration.sink_lab import SinkLab, close_lab, open_lab

pytestmark = pytest.mark.integration

HOUR_MS = 3_600_000


@pytest.fixture(scope="module")
def lab(stack: Endpoints) -> Iterator[SinkLab]:
    """Stores five posts of two workspaces. One is edited and one deleted, and the older versions are there too."""
    lab = open_lab(stack)
    posts = [
        scored("p1", text="[red]not markup[/red]"),
        scored("p2", ms=1),
        scored("p2", ms=1, revision=1, sentiment=sentiment("positive")),
        scored("p3", ms=HOUR_MS, sentiment=sentiment("neutral")),
        scored("p4", ms=HOUR_MS),
        scored("p4", ms=HOUR_MS, deleted=True, appended_ms=START_MS + 2 * HOUR_MS),
        scored("p5", workspace="other", ms=HOUR_MS),
    ]
    source = Source(InputRecord("posts.scored", 0, 0, None, b"", START_MS), from_ms(START_MS))
    rows = [POSTS.row(post, source) for post in posts]
    writer = ClickHouseWriter(lab.store)
    for number, row in enumerate(rows):
        writer.insert("posts", POSTS.names, [row], token=f"analytics-{number}")
    yield lab
    close_lab(lab)


@pytest.fixture(autouse=True)
def environment(lab: SinkLab, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in lab.environment.items():
        monkeypatch.setenv(name, value)


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(list(argv))
    captured = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return ended.value.code, captured.out, captured.err


def test_query_counts_each_post_once(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(
        capsys, "query", "SELECT workspace, count() AS n FROM posts GROUP BY workspace ORDER BY n", "--json"
    )
    assert code == 0
    assert [json.loads(line) for line in out.splitlines()] == [
        {"workspace": "other", "n": 1},
        {"workspace": "acme", "n": 3},
    ]


def test_query_writes_times_in_utc_and_absent_numbers_as_null(capsys: pytest.CaptureFixture[str]) -> None:
    sql = "SELECT created_at, likes, reason_codes FROM posts WHERE post_id = 'x:p2'"
    _, out, _ = run(capsys, "query", sql, "--json")
    assert json.loads(out) == {
        "created_at": "2026-01-01T00:00:00.001Z",
        "likes": None,
        "reason_codes": ["rule.complaint"],
    }


def test_query_draws_a_typed_table_and_takes_no_markup_from_a_post(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "query", "SELECT text, revision FROM posts WHERE post_id = 'x:p1'")
    assert code == 0
    assert "[red]not markup[/red]" in out
    assert "UInt32" in out
    assert "1 rows" in err


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE posts",
        "INSERT INTO posts (post_id) VALUES ('x')",
        "ALTER TABLE posts DELETE WHERE 1",
        "TRUNCATE posts",
    ],
)
def test_query_cannot_change_anything(capsys: pytest.CaptureFixture[str], lab: SinkLab, sql: str) -> None:
    code, _, err = run(capsys, "query", sql)
    assert code == 2
    assert "ClickHouse refuses" in err
    assert lab.number("SELECT count() FROM posts") == 4


def test_query_with_a_typing_mistake_shows_the_servers_words(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "query", "SELECT no_such_column FROM posts")
    assert code == 2
    assert "no_such_column" in err


def test_report_sentiment_gives_one_line_an_hour(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "report", "sentiment", "--workspace", "acme", "--json")
    assert code == 0
    first, second = (json.loads(line) for line in out.splitlines())
    assert (first["hour"], first["n"], first["negative"], first["positive"]) == ("2026-01-01T00:00:00Z", 2, 1, 1)
    assert (second["hour"], second["n"], second["neutral"]) == ("2026-01-01T01:00:00Z", 1, 1)


def test_report_sentiment_draws_every_workspace(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "report", "sentiment")
    assert code == 0
    assert "acme" in out
    assert "other" in out
    assert "▓" in out


def test_report_of_an_unknown_workspace_says_that_nothing_is_stored(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "report", "sentiment", "--workspace", "nobody")
    assert code == 0
    assert "no posts are stored for nobody" in err
