"""The bench of ingest sends the same posts through each candidate."""

from pipeline.bench.ingest import BARE, bench_ingest


def test_every_candidate_reads_every_post_and_is_set_against_the_bare_loop() -> None:
    said: list[str] = []
    bare, table, lines = bench_ingest(500, 2, said.append)
    assert [cost.name for cost in (bare, table, lines)] == [BARE, "ingest csv", "ingest jsonl"]
    assert (bare.x_bare.low, bare.x_bare.high, bare.grown_mib) == (1, 1, None)
    for cost in (table, lines):
        assert cost.x_bare.low > 1
        assert cost.us.low > 0
        assert cost.grown_mib is not None
    assert "writing 500 posts as CSV and as JSON lines" in said
