"""The metrics of one process: what is known beforehand exists at 0."""

from pipeline.metrics import DEAD_LETTER_CODES, METRICS, Metrics
from pipeline.sink.tables.posts import REFUSED_TTL
from pipeline.stages import STAGES, running_stages


def begun(stage: str) -> Metrics:
    metrics = Metrics()
    metrics.begin(stage, reads=("a.read",), writes=("a.written",))
    return metrics


def test_every_counter_of_a_stage_whose_labels_are_known_exists_at_zero() -> None:
    for stage in running_stages():
        registry = begun(stage).registry
        for metric in METRICS:
            if metric.kind != "counter" or stage not in metric.stages or metric.name == "errors_total":
                continue
            found = [
                sample for family in registry.collect() for sample in family.samples
                if sample.name == f"earshot_{metric.name}"
            ]  # fmt: skip
            assert found, f"{metric.name} of {stage} would be born at its first event"
            assert {sample.value for sample in found} == {0.0}


def test_a_dead_letter_of_any_code_is_an_increase() -> None:
    registry = begun("enrich").registry
    for code in DEAD_LETTER_CODES:
        labels = {"stage": "enrich", "code": code}
        assert registry.get_sample_value("earshot_dead_letters_total", labels) == 0.0


def test_topics_are_counted_where_they_are_read_and_where_they_are_written() -> None:
    registry = begun("enrich").registry
    for metric, topic, other in (
        ("records_consumed_total", "a.read", "a.written"),
        ("records_produced_total", "a.written", "a.read"),
    ):
        assert registry.get_sample_value(f"earshot_{metric}", {"stage": "enrich", "topic": topic}) == 0.0
        assert registry.get_sample_value(f"earshot_{metric}", {"stage": "enrich", "topic": other}) is None


def test_a_stage_has_no_series_of_another_one_s_metrics() -> None:
    registry = begun("enrich").registry
    labels = {"stage": "enrich", "outcome": "aborted"}
    assert registry.get_sample_value("earshot_transactions_total", labels) is None
    assert registry.get_sample_value("earshot_rows_inserted_total", {"table": "posts"}) is None


def test_declared_stages_and_refusals_are_real() -> None:
    known = {stage.name for stage in STAGES}
    assert all(set(metric.stages) <= known for metric in METRICS)
    refused = next(metric for metric in METRICS if metric.name == "posts_refused_total")
    assert refused.values["reason"] == (REFUSED_TTL,)


def test_process_and_build_are_told() -> None:
    names = {family.name for family in Metrics().registry.collect()}
    assert {"process_cpu_seconds", "process_resident_memory_bytes", "python_info", "earshot_build_info"} <= names
