"""The doctor: each finding in words, and no sick check ends the visit."""

from importlib import metadata
from pathlib import Path

import pytest

from pipeline.errors import Misconfigured, ServiceMissing
from pipeline.local import doctor
from pipeline.local.doctor import (
    Check,
    Finding,
    Note,
    examine,
    free_disk,
    locked_packages,
    machine_checks,
    writable,
)


def fail(error: Exception) -> str:
    raise error


def test_each_check_becomes_a_finding_with_its_remedy() -> None:
    checks = [
        Check("one", lambda: "here", "never shown"),
        Check("two", lambda: fail(ServiceMissing("not here")), "type this"),
        Check("three", lambda: fail(ZeroDivisionError("oops")), "type that"),
        Check("four", lambda: fail(Misconfigured("wrong", remedy="set it right")), "never shown"),
        Check("five", lambda: Note("odd", "look there"), "never shown"),
    ]
    assert list(examine(checks)) == [
        Finding("one", True, "here", ""),
        Finding("two", False, "not here", "type this"),
        Finding("three", False, "ZeroDivisionError: oops", "type that"),
        Finding("four", False, "wrong", "set it right"),
        Finding("five", True, "odd", "look there"),
    ]


def test_too_little_disk_is_said_with_both_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "GiB free" in free_disk(tmp_path / "not" / "yet" / "made")
    monkeypatch.setattr(doctor, "NEEDED_DISK_BYTES", 1 << 60)
    with pytest.raises(ServiceMissing, match=r"only .* GiB free .*1073741824 GiB are needed"):
        free_disk(tmp_path)


def test_packages_are_compared_with_the_lock(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    version = metadata.version("pytest")
    lock.write_text(
        f"# made by a tool\npytest=={version} \\\n    --hash=sha256:00\n"
        "no-such-package==1 ; sys_platform == 'nowhere' \\\n    --hash=sha256:00\n"
    )
    assert locked_packages(lock) == "1 as locked"
    lock.write_text("pytest==0.1 \\\nno-such-package==1\n")
    with pytest.raises(ServiceMissing, match=f"pytest is {version}, locked ==0.1; no-such-package misses"):
        locked_packages(lock)
    with pytest.raises(ServiceMissing, match="is not here"):
        locked_packages(tmp_path / "none")


def test_this_machine_passes_its_own_lock() -> None:
    assert "as locked" in locked_packages(doctor.lock_file())


def test_machine_checks_change_nothing(tmp_path: Path) -> None:
    before = sorted(tmp_path.iterdir())
    findings = list(examine(machine_checks(tmp_path / "state")))
    assert [finding.name for finding in findings] == ["Python", "packages", "disk", "state folder", "ports"]
    assert sorted(tmp_path.iterdir()) == before


def test_a_state_folder_that_cannot_be_written_is_told_with_the_folder_that_is_to_blame(tmp_path: Path) -> None:
    assert writable(tmp_path / "a" / "b").endswith("can be written")
    with pytest.raises(Misconfigured, match="/proc/earshot cannot be written: /proc: "):
        writable(Path("/proc/earshot"))
