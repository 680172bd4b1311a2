"""The manifest survives a crash at any byte, and two processes cannot write one run."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.clock import ManualClock
from pipeline.errors import Misconfigured
from pipeline.ingest.manifest.format import (
    Cursor,
    Delivered,
    Header,
    Source,
    list_manifests,
    read_manifest,
    rejects_path,
)
from pipeline.ingest.manifest.runs import newest_run, read_run
from pipeline.ingest.manifest.writer import ManifestWriter, run_id

CLOCK = ManualClock(datetime(2026, 11, 1, 12, tzinfo=UTC))
SOURCE = Source("/data/posts.jsonl", 100, 7)
OPTIONS = {"format": "jsonl", "workspace": None}


def header(name: str = "posts.jsonl") -> Header:
    return Header(run_id(name, CLOCK), "posts.raw", SOURCE, OPTIONS, "2026-11-01T12:00:00+00:00")


def delivered(line: int) -> Delivered:
    return Delivered(line, f"chirp:{line}", 0, "acme", 1, line + 40)


def written(state_dir: Path) -> Path:
    with ManifestWriter.create(state_dir, header(), CLOCK) as writer:
        writer.reject(b"bad line\n")
        writer.confirm([delivered(1), delivered(2)], 3, 1)
        writer.confirm([delivered(4)], 4, 0)
        return writer.path


def test_a_manifest_reads_back_as_it_was_written(tmp_path: Path) -> None:
    path = written(tmp_path)
    manifest = read_manifest(path)
    assert manifest.header == header()
    assert manifest.deliveries == [delivered(1), delivered(2), delivered(4)]
    assert manifest.cursor == Cursor(4, 3, 1, 9)
    assert next(iter(manifest.ids)) == ("acme", "chirp:1", 0)
    assert not manifest.ended
    assert rejects_path(path).read_bytes() == b"bad line\n"
    assert rejects_path(path).stat().st_mode & 0o077 == 0
    assert list_manifests(tmp_path) == [path]


@pytest.mark.parametrize("block_bytes", [1, 7, 64, 300, 2**18])
def test_a_manifest_cut_at_any_byte_is_read_up_to_its_last_whole_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block_bytes: int
) -> None:
    monkeypatch.setattr("pipeline.ingest.manifest.runs.BLOCK_BYTES", block_bytes)
    path = written(tmp_path)
    with ManifestWriter(path, CLOCK) as writer:
        writer.break_off("damaged")
        writer.resume()
        writer.confirm([delivered(5)], 5, 0)
        writer.end(whole=True)
    data = path.read_bytes()
    first = data.index(b"\n") + 1
    for size in range(first, len(data)):
        path.write_bytes(data[:size])
        manifest = read_manifest(path)
        assert manifest.good_bytes == data.rfind(b"\n", 0, size) + 1
        assert manifest.cursor.line in (0, 3, 4, 5)
        run = read_run(path)
        assert (run.cursor, run.good_bytes) == (manifest.cursor, manifest.good_bytes)
        assert (run.ended, run.whole, run.broke_off) == (manifest.ended, manifest.whole, manifest.broke_off)


def test_a_resumed_run_drops_the_torn_line_and_the_rejects_after_its_cursor(tmp_path: Path) -> None:
    path = written(tmp_path)
    with path.open("ab") as file:
        file.write(b'{"line": 5, "post_')
    rejects_path(path).write_bytes(b"bad line\nnot yet confirmed\n")
    with ManifestWriter(path, CLOCK) as writer:
        assert writer.resume().line == 4
        writer.confirm([delivered(5)], 6, 0)
        writer.end(whole=True)
    manifest = read_manifest(path)
    assert [sent.line for sent in manifest.deliveries] == [1, 2, 4, 5]
    assert (manifest.ended, manifest.whole, manifest.resumed_after) == (True, True, [4])
    assert rejects_path(path).read_bytes() == b"bad line\n"


def test_a_second_process_cannot_write_the_same_run(tmp_path: Path) -> None:
    with (
        ManifestWriter.create(tmp_path, header(), CLOCK) as writer,
        pytest.raises(Misconfigured, match="another ingest"),
    ):
        ManifestWriter(writer.path, CLOCK)


def test_the_newest_run_of_this_very_file_with_these_options_is_found(tmp_path: Path) -> None:
    path = written(tmp_path)
    found = newest_run(tmp_path, SOURCE, OPTIONS)
    assert found is not None
    assert found.path == path
    assert newest_run(tmp_path, SOURCE._replace(mtime_ns=8), OPTIONS) is None
    assert newest_run(tmp_path, SOURCE, {**OPTIONS, "workspace": "other"}) is None


def test_a_manifest_torn_in_its_header_is_passed_over(tmp_path: Path) -> None:
    path = written(tmp_path)
    path.write_bytes(path.read_bytes()[:30])
    assert newest_run(tmp_path, SOURCE, OPTIONS) is None
    with pytest.raises(Misconfigured, match="no header"):
        read_manifest(path)


def test_damage_before_the_last_line_is_an_error_with_its_place(tmp_path: Path) -> None:
    path = written(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], b"garbage\n", *lines[1:]]))
    with pytest.raises(Misconfigured, match=r"\.jsonl:2: not a line of a manifest"):
        read_manifest(path)


def test_a_run_that_another_process_took_further_is_taken_up_behind_it(tmp_path: Path) -> None:
    path = written(tmp_path)
    with ManifestWriter(path, CLOCK) as other:
        other.confirm([delivered(5)], 5, 0)
        other.end(whole=True)
    with ManifestWriter(path, CLOCK) as late:
        assert late.cursor.line == 5
    manifest = read_manifest(path)
    assert (manifest.deliveries[-1], manifest.whole) == (delivered(5), True)
