"""`earshot detect`: find the surges in counts by time, offline, as the trends stage would."""

from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


@app.command()
def detect(
    file: Annotated[
        str,
        typer.Argument(metavar="FILE", help="CSV with ts,posts and perhaps key,negative,authors; packed or not"),
    ],
) -> None:
    """Print one JSON object on a line for each alarm, in order of time within each key.

    A line of FILE is a bin of any width from a minute to an hour, with the time at which it begins. A bin that is
    missing is unknown, and not zero. Times without a zone are UTC. A key is silent for its first two days, and for
    three hours after an alarm; a surge that still lasts then alarms anew.

    An alarm tells its key, when its bin starts, what kind it is (surge, crisis where the share of negative posts
    is high, praise where it is low, coordinated where few authors wrote it), the surprise z in standard
    deviations with the threshold of the key, and the posts of the window with what was expected.
    """
    from datetime import UTC, datetime

    from pipeline.app.series import read_series
    from pipeline.cli.text.output import emit_json, say
    from pipeline.trends.detector import Detector

    alarms, keys = 0, read_series(file)
    for key, series in keys.items():
        detector = Detector(series.bin_s)
        for bin_ in series.bins:
            reading = detector.see(bin_)
            if reading.alarm:
                alarms += 1
                start = datetime.fromtimestamp(bin_.start_s, UTC).isoformat().replace("+00:00", "Z")
                emit_json(
                    {
                        "key": key,
                        "start": start,
                        "kind": reading.kind,
                        "level": "alarm",
                        "z": round(reading.surprise, 2),
                        "threshold": round(reading.threshold, 2),
                        "posts": reading.posts,
                        "expected": round(reading.expected, 1),
                    }
                )
    bins = sum(len(series.bins) for series in keys.values())
    say(f"{file}: {alarms} alarms in {bins:,} bins of {len(keys)} keys")
