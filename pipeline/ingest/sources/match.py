"""Finds the map that fits an export by the names of its columns or paths, never by the order of maps."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from pipeline.ingest.sources.evidence import Question, decided
from pipeline.ingest.sources.guess import guessed
from pipeline.ingest.sources.header import alike
from pipeline.ingest.sources.paths import Entry, getter, unfolded
from pipeline.ingest.sources.source_map import REQUIRED, SourceMap

Record = Mapping[str, object]


class Proposal(NamedTuple):
    """A map for an export, and what only a person can say."""

    source_map: SourceMap | None
    """None if no map fits and none can be guessed. `with_defaults` completes it."""
    questions: tuple[Question, ...]


def propose(
    columns: Sequence[str] | None,
    samples: Sequence[Record],
    maps: Iterable[SourceMap],
    said: SourceMap | None = None,
) -> Proposal:
    """Returns the map of the source, or one that is guessed from the names, with what the samples decide.

    Args:
        columns: of a table, in any order; None for a JSON file.
        samples: first records of the file.
        maps: of all known sources.
        said: what a person says of some fields. It goes before the map that is found.
    """
    fitting = sorted((one for one in maps if fits(one, columns, samples)), key=lambda one: one.name)
    # A map that needs all that another needs, and more, is the more special one.
    best = [one for one in fitting if not any(_needs(one) < _needs(other) for other in fitting)]
    if len(best) > 1:
        names = " or ".join(one.name for one in best)
        return Proposal(None, (Question("source", f"this may be an export of {names}: say which with --map"),))
    source_map = best[0] if best else guessed(columns, samples)
    if said is not None:
        source_map = said if source_map is None else said.over(source_map)
    if source_map is None:
        what = "no known map fits, and no column looks like a time and a text: say --columns or --map"
        return Proposal(None, (Question("source", what),))
    source_map, questions = decided(source_map, columns, samples)
    missing = [name for name in REQUIRED if name not in source_map.columns and name not in source_map.constants]
    if "platform" in missing:
        questions.append(Question("platform", "on which network were the posts written? --platform NAME"))
    return Proposal(source_map, tuple(questions))


def fits(source_map: SourceMap, columns: Sequence[str] | None, samples: Sequence[Record]) -> bool:
    """Tells whether an export has all that the map's source has, and nothing that it lacks."""
    if not source_map.needs:
        return False
    if columns is not None:
        names = {alike(name) for name in columns}
        return _needs(source_map) <= names and not names & {alike(name) for name in source_map.lacks}
    entries = [entry for record in samples for entry in unfolded(record, source_map.entries)]
    return all(_has(entries, path) for path in source_map.needs) and not any(
        _has(entries, path) for path in source_map.lacks
    )


def _needs(source_map: SourceMap) -> set[str]:
    return {alike(name) for name in source_map.needs}


def _has(entries: Sequence[Entry], path: str) -> bool:
    get = getter(path)
    return any(get(entry) is not None for entry in entries)
