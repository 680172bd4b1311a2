"""Reads the maps of sources from their YAML files: one that somebody wrote, and all that Earshot ships."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TypeVar

from pipeline.adapters.yaml.policy_file import load_yaml
from pipeline.ingest.sources.source_map import SourceMap

M = TypeVar("M", bound=SourceMap)
SHIPPED = Path(__file__).resolve().parents[2] / "deploy" / "maps"


def load_map(path: Path) -> SourceMap:
    """Returns the map of posts in a YAML file; see `load_map_of`."""
    return load_map_of(path, SourceMap)


def load_map_of(path: Path, kind: type[M]) -> M:
    """Returns the map in a YAML file.

    Raises:
        Misconfigured: the file is missing, is no YAML, or holds no map. Each mistake stands on a line of its own
            as `file:line: field: what is wrong`.
    """
    shape = "a map is a mapping with columns (field: column), and optionally constants, times, zone, decimal"
    return load_yaml(path, kind, shape).value


@cache
def known_networks() -> frozenset[str]:
    """Returns the networks that the shipped maps name."""
    return frozenset(
        name
        for one in shipped_maps()
        for name in (one.constants.get("platform"), *one.values.get("platform", {}).values())
        if name is not None
    )


@cache
def shipped_maps(folder: Path = SHIPPED) -> Sequence[SourceMap]:
    """Returns the maps that come with Earshot, by name."""
    return tuple(sorted((load_map(path) for path in folder.glob("*.yaml")), key=lambda one: one.name))
