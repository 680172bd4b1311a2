"""Judges the detector of surges by series whose true events are labelled, and by streams that are made.

An event counts as found by an alarm from 30 minutes before its label to 3 hours after. An alarm is false outside
of every labelled window, and one inside that is too far from the label counts for nothing. The first 15 percent of
a series, at most 750 bins, are for learning (the protocol of the Numenta Anomaly Benchmark, Lavin and Ahmad 2015,
but for the strict time of an event).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rich.table import Table

from pipeline.app.series import Series, read_series, seconds_of
from pipeline.errors import Misconfigured
from pipeline.evaluation.streams import Stream, streams
from pipeline.trends.detector import Bin, Detector

BEFORE_S, AFTER_S = 30 * 60, 3 * 3600
LEARNING_SHARE, LEARNING_BINS = 0.15, 750
DAY_S = 86_400
Z_95 = 1.96
SOON_S, LATER_S = 20 * 60, 60 * 60
BUSY, QUIET = 15.0, 3.0
"""Posts an hour from which an event of a made stream must be found within `SOON_S`, and within `LATER_S`."""


class Labels(NamedTuple):
    """The true events of a series, in seconds since 1970."""

    moments: tuple[float, ...]
    windows: tuple[tuple[float, float], ...]


class Found(NamedTuple):
    """How a detector did on labelled series."""

    hits: int
    events: int
    false_alarms: int
    key_days: float

    @property
    def recall(self) -> float:
        """Share of the events that were found."""
        return self.hits / self.events

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the recall (Wilson 1927)."""
        n, p, z2 = self.events, self.recall, Z_95**2
        middle, half = p + z2 / (2 * n), Z_95 * ((p * (1 - p) + z2 / (4 * n)) / n) ** 0.5
        return (middle - half) / (1 + z2 / n), (middle + half) / (1 + z2 / n)

    @property
    def false_a_day(self) -> float:
        """False alarms a key and day."""
        return self.false_alarms / self.key_days


class Made(NamedTuple):
    """How a detector did on made streams of one dispersion."""

    dispersion: float
    false_a_day: float
    busy: float
    """Share of the events at 15 posts an hour and more that were found within 20 minutes."""
    quiet: float
    """Share of the events at 3 to 15 posts an hour that were found within 60 minutes."""


def alarms_of(series: Series) -> list[float]:
    """Returns when the bins of the alarms of one series begin."""
    detector = Detector(series.bin_s)
    return [bin_.start_s for bin_ in series.bins if detector.see(bin_).alarm]


def judge_series(series: Mapping[str, Series], labels: Mapping[str, Labels]) -> Found:
    """Judges labelled series by the protocol."""
    hits = events = false_alarms = 0
    key_days = 0.0
    for key, one in series.items():
        begin = min(LEARNING_BINS, round(LEARNING_SHARE * len(one.bins)))
        alarms = [at for at in alarms_of(one) if at >= one.bins[begin].start_s]
        truth = labels[key]
        events += len(truth.moments)
        hits += sum(any(at - BEFORE_S <= alarm <= at + AFTER_S for alarm in alarms) for at in truth.moments)
        false_alarms += sum(not any(a <= alarm <= b for a, b in truth.windows) for alarm in alarms)
        key_days += (len(one.bins) - begin) * one.bin_s / DAY_S
    return Found(hits, events, false_alarms, key_days)


def read_labels(file: Path, keys: Iterable[str]) -> dict[str, Labels]:
    """Reads `{"key": {"labels": [time, ...], "windows": [[from, to], ...]}}`.

    Raises:
        Misconfigured: the file cannot be read, or has no labels of a key.
    """
    try:
        known: dict[str, Any] = json.loads(file.read_bytes())
        return {
            key: Labels(
                tuple(map(seconds_of, known[key]["labels"])),
                tuple((seconds_of(a), seconds_of(b)) for a, b in known[key]["windows"]),
            )
            for key in keys
        }
    except OSError as error:
        raise Misconfigured(f"{file}: cannot be read: {error.strerror}") from None
    except KeyError as error:
        raise Misconfigured(f"{file}: has no {error.args[0]}") from None
    except (ValueError, TypeError) as error:
        raise Misconfigured(f"{file}: is no file of labels: {error}") from None


def read_folder(folder: Path) -> tuple[dict[str, Series], dict[str, Labels]]:
    """Returns the series of a folder, each named by its file, and their labels from `labels.json` beside them.

    Raises:
        Misconfigured: the folder holds no series, or a file is bad.
    """
    files = sorted(folder.glob("*.csv*"))
    if not files:
        raise Misconfigured(f"{folder}: holds no series (*.csv, *.csv.gz)")
    series: dict[str, Series] = {}
    for file in files:
        read = read_series(str(file))
        series |= read if len(read) > 1 else {file.name.partition(".")[0]: next(iter(read.values()))}
    return series, read_labels(folder / "labels.json", series)


def judge_streams(seeds: int) -> list[Made]:
    """Judges made streams, those of each dispersion apart."""
    made = []
    for dispersion, group in streams(seeds).items():
        false, days, busy, quiet = 0, 0.0, [], []
        for stream in group:
            alarms = alarms_of(Series(stream.bin_s, _bins(stream)))
            if not stream.events:
                false += len(alarms)
                days += len(stream.posts) * stream.bin_s / DAY_S - 2
            for event in stream.events:
                delays = [at + stream.bin_s - event.start_s for at in alarms if event.start_s <= at < event.end_s]
                if event.usual_an_hour >= BUSY:
                    busy.append(bool(delays) and delays[0] <= SOON_S)
                elif event.usual_an_hour >= QUIET:
                    quiet.append(bool(delays) and delays[0] <= LATER_S)
        made.append(Made(dispersion, false / days, _share(busy), _share(quiet)))
    return made


def render(found: Found | None, made: Sequence[Made]) -> list[Table]:
    """Returns the tables for a person."""
    tables = []
    if found is not None:
        low, high = found.interval
        table = Table("events", "found", "recall", "95 %", "false alarms a key and day", title="labelled series")
        table.add_row(
            str(found.events),
            str(found.hits),
            f"{found.recall:.2f}",
            f"{low:.2f}-{high:.2f}",
            f"{found.false_a_day:.3f}",
        )
        tables.append(table)
    table = Table(
        "dispersion",
        "false alarms a key and day",
        "x5 at >= 15/h in 20 min",
        "x5 at 3-15/h in 60 min",
        title="made streams",
    )
    for one in made:
        table.add_row(*(f"{value:.2f}" for value in one))
    return [*tables, table]


def as_object(found: Found | None, made: Sequence[Made]) -> dict[str, Any]:
    """Returns the figures for a program."""
    series = (
        None
        if found is None
        else {
            **found._asdict(),
            "recall": found.recall,
            "interval": found.interval,
            "false_a_day": found.false_a_day,
        }
    )
    return {"series": series, "streams": [one._asdict() for one in made]}


def _bins(stream: Stream) -> list[Bin]:
    return [Bin(number * stream.bin_s, posts) for number, posts in enumerate(stream.posts)]


def _share(values: Sequence[bool]) -> float:
    return sum(values) / len(values) if values else float("nan")
