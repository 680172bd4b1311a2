"""A worker ends when its supervisor's end of the pipe is closed."""

import os
import threading
from pathlib import Path

import pytest

from pipeline.app.supervise.parent import follow_parent
from pipeline.errors import EXIT_RESTART, Misconfigured


def test_the_end_of_the_pipe_asks_first_and_leaves_after_the_grace() -> None:
    said: list[object] = []
    read_end, write_end = os.pipe()
    thread = follow_parent(read_end, grace_s=0, terminate=lambda: said.append("terminate"), leave=said.append)
    assert thread.daemon
    os.close(write_end)
    thread.join(timeout=10)
    os.close(read_end)
    assert said == ["terminate", EXIT_RESTART]


def test_nothing_happens_while_the_parent_lives() -> None:
    ended = threading.Event()
    read_end, write_end = os.pipe()
    thread = follow_parent(read_end, grace_s=0, terminate=ended.set, leave=lambda _: None)
    assert not ended.wait(0.05)
    os.close(write_end)
    thread.join(timeout=10)
    os.close(read_end)
    assert ended.is_set()


def test_children_of_a_worker_do_not_inherit_the_pipe() -> None:
    read_end, write_end = os.pipe()
    os.set_inheritable(read_end, True)
    thread = follow_parent(read_end, grace_s=0, terminate=lambda: None, leave=lambda _: None)
    assert not os.get_inheritable(read_end)
    os.close(write_end)
    thread.join(timeout=10)
    os.close(read_end)


def test_a_closed_descriptor_is_wrong_use() -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    os.close(write_end)
    with pytest.raises(Misconfigured, match="EARSHOT_PARENT_FD"):
        follow_parent(read_end)


def test_a_file_is_no_pipe(tmp_path: Path) -> None:
    with (tmp_path / "file").open("w") as file, pytest.raises(Misconfigured, match="no open pipe"):
        follow_parent(file.fileno())
