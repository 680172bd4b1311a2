"""Manifests become deliveries with their run and line; runs are united, unfinished ones are said."""

from pathlib import Path

import pytest

from pipeline.audit.collect.manifests import collect_manifests
from pipeline.audit.interned_ids import Names
from pipeline.audit.logs import position
from pipeline.clock import ManualClock
from pipeline.errors import Misconfigured
from pipeline.ingest.manifest.format import Delivered, Header, list_manifests
from pipeline.ingest.manifest.writer import ManifestWriter
from tests.builders import at


def write(state_dir: Path, run: str, *sent: Delivered, topic: str = "posts.raw", ended: bool = True) -> None:
    header = Header(run, topic, None, {}, at().isoformat())
    with ManifestWriter.create(state_dir, header, ManualClock(at())) as manifest:
        manifest.confirm(sent, line=9, rejected=2)
        if ended:
            manifest.end(whole=True)


def delivered(line: int, post_id: str, workspace: str = "acme") -> Delivered:
    return Delivered(line, post_id, 0, workspace, 1, line)


def test_runs_are_united_and_each_delivery_keeps_its_place(tmp_path: Path) -> None:
    write(tmp_path, "first", delivered(1, "x:a"), delivered(2, "x:b"))
    write(tmp_path, "second", delivered(1, "x:a"), delivered(7, "x:c", "other"))
    names = Names()
    log, warnings = collect_manifests(list_manifests(tmp_path), names)
    assert [names.post_name(number) for number in log.ids] == ["acme/x:a", "acme/x:b", "acme/x:a", "other/x:c"]
    assert [log.place(index) for index in (0, 1, 3)] == ["first line 1", "first line 2", "second line 7"]
    assert (log.positions[3], log.rejected, warnings) == (position(1, 7), 4, [])


def test_only_chosen_workspaces_count(tmp_path: Path) -> None:
    write(tmp_path, "run", delivered(1, "x:a"), delivered(2, "x:b", "other"))
    log, _ = collect_manifests(list_manifests(tmp_path), Names(), frozenset({"other"}))
    assert list(log.lines) == [2]


def test_an_unfinished_run_and_one_to_another_topic_are_said(tmp_path: Path) -> None:
    write(tmp_path, "crashed", delivered(1, "x:a"), ended=False)
    write(tmp_path, "elsewhere", delivered(1, "x:b"), topic="posts.test")
    log, warnings = collect_manifests(list_manifests(tmp_path), Names())
    assert len(log.ids) == 1
    assert warnings == [
        "run crashed has not ended: it may have sent more than its manifest says",
        "run elsewhere sent to posts.test: not followed",
    ]


def test_a_damaged_manifest_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_bytes(b"nonsense\n")
    with pytest.raises(Misconfigured, match=r"bad\.jsonl:1"):
        collect_manifests([path], Names())
