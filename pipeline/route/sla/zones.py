"""Time zones from the pinned `tzdata` package, never from the machine's files.

So a replay on another machine computes the same deadlines, and the version of the package is one of the things on
which decisions depend.
"""

from functools import cache
from importlib.metadata import version
from importlib.resources import files
from zoneinfo import ZoneInfo

_PACKAGE = "tzdata"


def tzdata_version() -> str:
    """Returns the version of the time zones, such as 2026.6."""
    return version(_PACKAGE)


@cache
def zone_names() -> frozenset[str]:
    """Returns the names of all time zones, also of those that are another name for one."""
    return frozenset(files(_PACKAGE).joinpath("zones").read_text(encoding="utf-8").split())


@cache
def zone(name: str) -> ZoneInfo:
    """Returns the time zone of that name.

    Raises:
        LookupError: there is none of that name.
    """
    if name not in zone_names():
        raise LookupError(f"there is no time zone {name}")
    with files(_PACKAGE).joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)
