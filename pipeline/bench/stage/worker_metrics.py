"""Reads the totals that the running enrich stage shows on /metrics, and what was added between two readings.

It takes the health port and returns sums and counts.
"""

from dataclasses import dataclass
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

STEPS = ("decode", "score", "deliver", "commit")
"""These are the steps of a batch that the stage times."""
TIMEOUT_S = 10.0


@dataclass(frozen=True)
class BatchTotals:
    """Holds totals since the worker's start."""

    batches: float
    records: float
    step_s: dict[str, float]
    """Maps each step of a batch to wall-clock seconds. The steps overlap, so they do not add up to the time that
    passed.
    """

    def __add__(self, other: "BatchTotals") -> "BatchTotals":
        steps = {step: self.step_s.get(step, 0.0) + other.step_s.get(step, 0.0) for step in STEPS}
        return BatchTotals(self.batches + other.batches, self.records + other.records, steps)

    def __sub__(self, before: "BatchTotals") -> "BatchTotals":
        steps = {step: seconds - before.step_s.get(step, 0.0) for step, seconds in self.step_s.items()}
        return BatchTotals(self.batches - before.batches, self.records - before.records, steps)

    @property
    def batch_records(self) -> float:
        """Returns the number of records in a mean batch, or 0 without any."""
        return self.records / self.batches if self.batches else 0.0

    def wall_ms(self) -> dict[str, float]:
        """Maps each step to wall-clock milliseconds a record, or 0 without any."""
        return {
            step: 1000 * seconds / self.records if self.records else 0.0 for step, seconds in self.step_s.items()
        }


def read_totals(port: int) -> BatchTotals:
    """Returns what the worker at this health port shows now."""
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=TIMEOUT_S) as answer:
        return parse_totals(answer.read().decode())


def parse_totals(text: str) -> BatchTotals:
    """Reads the totals from the text of the exposition."""
    totals: dict[str, float] = {}
    steps: dict[str, float] = dict.fromkeys(STEPS, 0.0)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == "earshot_batch_seconds_sum" and sample.labels["step"] in steps:
                steps[sample.labels["step"]] += sample.value
            totals[sample.name] = sample.value
    return BatchTotals(
        totals.get("earshot_batch_records_count", 0.0), totals.get("earshot_batch_records_sum", 0.0), steps
    )
