"""`earshot bench engine` makes its rows, and its lines without torch run end to end."""

import sys
from dataclasses import astuple
from pathlib import Path

import orjson
import pytest

from pipeline.adapters.models.processor import Processor, read_processor
from pipeline.bench.figures import Spread
from pipeline.bench.model.engine import BARE, ENGINE, ENGINE_ALONE, engine_candidates, rows_of
from pipeline.bench.model.torch_baselines import ONE_AT_A_TIME, require_torch
from pipeline.bench.rounds import Measured
from pipeline.bench.sample import distinct_posts
from pipeline.cli import main
from pipeline.enrich.reading.reading import readable_text
from pipeline.errors import Misconfigured, ServiceMissing
from pipeline.settings import Settings
from tests.builders import at

FP32, BF16 = "torch fp32, batches of 64, sorted", "torch bf16 weights, batches of 64, sorted"


def test_rows_hold_the_ratios_to_one_at_a_time_to_the_best_torch_line_and_to_bare_openvino() -> None:
    rows = rows_of(
        [
            Measured(ONE_AT_A_TIME, 64, [10, 20]),
            Measured(FP32, 64, [30, 30]),
            Measured(BF16, 64, [50, 100]),
            Measured(BARE, 64, [100, 200]),
            Measured(ENGINE, 64, [80, 180]),
        ]
    )
    engine = rows[-1]
    assert engine.per_second == Spread(130, 80, 180)
    assert engine.x_one_at_a_time == Spread(8.5, 8, 9)
    assert engine.x_best_torch is not None
    assert astuple(engine.x_best_torch) == pytest.approx((1.7, 1.6, 1.8))
    assert astuple(engine.x_bare) == pytest.approx((0.85, 0.8, 0.9))


def test_without_the_baselines_their_ratios_are_absent() -> None:
    (row, _) = rows_of([Measured(BARE, 64, [100.0]), Measured(ENGINE, 64, [90.0])])
    assert (row.x_one_at_a_time, row.x_best_torch, row.x_bare) == (None, None, Spread(1, 1, 1))


def test_every_line_without_torch_works_on_all_posts() -> None:
    posts = distinct_posts(70, at())
    settings = Settings()
    candidates = engine_candidates(settings, posts, [readable_text(post) for post in posts])
    assert [each.name for each in candidates] == [BARE, ENGINE, ENGINE_ALONE]
    assert [each.run(0) for each in candidates] == [70, 70, 70]


def test_the_command_prints_a_json_row_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["bench", "engine", "--posts", "64", "--rounds", "1", "--no-baseline", "--json"])
    assert ended.value.code == 0
    rows = [orjson.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["name"] for row in rows] == [BARE, ENGINE, ENGINE_ALONE]
    assert all(row["posts_per_s"]["median"] > 0 and row["tokens"]["mean"] > 10 for row in rows)
    assert rows[0]["x_bare"]["median"] == 1


def test_baselines_without_torch_or_without_a_float_parent_are_refused_in_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ServiceMissing, match="make setup-torch"):
        require_torch(tmp_path)
    monkeypatch.setattr("pipeline.bench.model.torch_baselines.find_spec", lambda _: object())
    with pytest.raises(Misconfigured, match="float parent"):
        require_torch(tmp_path)


def test_the_processor_is_named_with_the_flags_that_matter(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("processor\t: 0\nmodel name\t: AMD EPYC 9\nflags\t\t: fpu avx2 avx512_vnni sse\n")
    found = read_processor(cpuinfo)
    assert (found.name, found.flags) == ("AMD EPYC 9", ("avx2", "avx512_vnni"))
    assert found.cores >= 1
    assert read_processor(tmp_path / "none").flags == ()
    assert str(Processor("X", 2, ())) == "X, 2 cores, no vector flags known"
