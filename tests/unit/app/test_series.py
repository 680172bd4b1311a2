"""Counts by time come in exactly, or the place of what is wrong is named."""

import gzip
from pathlib import Path

import pytest

from pipeline.app.series import read_series
from pipeline.errors import Misconfigured
from pipeline.trends.detector import Bin


def written(folder: Path, text: str) -> str:
    file = folder / "counts.csv"
    file.write_text(text, encoding="utf-8")
    return str(file)


def test_each_key_has_its_series_and_absent_cells_are_unknown(tmp_path: Path) -> None:
    text = (
        "key,ts,posts,negative,authors\n"
        "acme,2026-11-30T12:00:00Z,5,2,\nbeta,1764504000,1,,1\nacme,2026-11-30T12:10:00,6,,\nbeta,1764507600,2,,2\n"
    )
    found = read_series(written(tmp_path, text))
    assert list(found) == ["acme", "beta"]
    assert found["acme"].bin_s == 600
    assert found["acme"].bins == [Bin(1796040000, 5, 2), Bin(1796040600, 6)]
    assert found["beta"].bins == [Bin(1764504000, 1, None, 1), Bin(1764507600, 2, None, 2)]


def test_a_packed_file_without_keys_is_one_series(tmp_path: Path) -> None:
    file = tmp_path / "counts.csv.gz"
    file.write_bytes(gzip.compress(b"\xef\xbb\xbfts,posts\n0,1\n300,2\n900,3\n1200,4\n"))
    (series,) = read_series(str(file)).values()
    assert series.bin_s == 300
    assert [bin_.posts for bin_ in series.bins] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", ":1: ts: is missing"),
        ("ts,count\n0,1\n", ":1: posts: is missing"),
        ("ts,posts\n", "holds no bin"),
        ("ts,posts\n0,1\n", "has one bin only"),
        ("ts,posts\n0,1\n300\n", ":3: has 1 cells, where the header has 2"),
        ("ts,posts\n0,1\nnoon,2\n", ":3: ts: must be a time"),
        ("ts,posts\n0,1\nnan,2\n300,3\n", ":3: ts: must be a time from 1970 to 2100"),
        ("ts,posts\n0,1\n1e300,2\n", ":3: ts: must be a time from 1970 to 2100"),
        ("ts,posts\n1764504000000,1\n1764504300000,2\n", ":2: ts: must be a time from 1970 to 2100"),
        ("ts,posts,posts\n0,1,4\n300,2,5\n", ":1: posts: stands twice"),
        ('ts,posts,note\n0,1,"two\nlines"\n300,x,\n', ":4: posts: must be a number"),
        ("ts,posts\n0,1\n300,\n", ":3: posts: is empty"),
        ("ts,posts\n0,1\n300,-4\n", ":3: posts: must be a number"),
        ("ts,posts\n0,1\n300,nan\n", ":3: posts: must be a number"),
        ("ts,posts\n300,1\n300,1\n", ":3: ts: must be later"),
        ("ts,posts,negative\n0,1,0\n300,2,3\n", ":3: negative: is more than posts"),
        ("ts,posts\n0,1\n10,2\n", "10 seconds apart"),
        ("ts,posts\n0,1\n86400,2\n", "86400 seconds apart"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        read_series(written(tmp_path, text))
    assert complaint in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="cannot be read"):
        read_series(str(tmp_path / "none.csv"))
