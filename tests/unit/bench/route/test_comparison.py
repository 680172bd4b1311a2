"""What is compared must be there before a minute of measuring begins."""

from pathlib import Path

import pytest

from pipeline.bench.route.comparison import Plan, bench_route
from pipeline.errors import Misconfigured


def test_a_folder_without_a_checkout_is_refused_by_name(tmp_path: Path) -> None:
    plan = Plan([2000], [5], 1, tmp_path / "elsewhere", None)
    with pytest.raises(Misconfigured, match=r"--against .*elsewhere: no checkout of Earshot is there"):
        next(bench_route(plan, tmp_path, lambda _: None))
